-- Which accounts an identity of product events could belong to, how surely, and from when to when.
-- @keep result
with wanted as (
    select identity_key, 'account' as kind, account_ref as key from product.identities
    union all
    -- Of the declared group types the first that the event has; with none declared, any group may
    -- be the account, and two that are two accounts make it ambiguous.
    select identity_key, 'account', group_key(groups, setting('group_types'))
    from product.identities
    where setting('group_types') <> ''
    union all
    select identity_key, 'account', group_key(groups, group_type)
    from (
        select identity_key, groups, unnest(json_object_keys(groups)) as group_type
        from product.identities
        where groups is not null and setting('group_types') = ''
    ) as types
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
