-- The distinct identities that product events carry: account id, groups, Stripe customer, e-mail.
-- @keep result
select
    identity_key,
    min(account_ref) as account_ref,
    min(groups) as groups,
    min(stripe_customer_id) as stripe_customer_id,
    min(email) as email,
    min(occurred_at) as first_at,
    max(occurred_at) as last_at,
    count(*) as events
from product.events
group by identity_key
