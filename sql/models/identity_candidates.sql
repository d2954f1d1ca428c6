-- Which accounts an identity of product events could belong to, how surely, and from when to when.
-- @keep result
with wanted as (
    select identity_key, 'account' as kind, account_ref as key from product.identities
    union all
    select identity_key, 'customer', stripe_customer_id from product.identities
    union all
    select identity_key, 'email', email_normalized(email) from product.identities
    union all
    select identity_key, 'canonical', email_canonical(email) from product.identities
    union all
    select identity_key, 'domain', account_domain(email) from product.identities
)

select
    wanted.identity_key,
    keys.tier,
    keys.account_id,
    keys.from_at,
    keys.to_at,
    keys.is_creation
from wanted
inner join models.identity_keys as keys
    on keys.kind = wanted.kind and keys.key = wanted.key
