-- The distinct identities that product events carry, over all time: account id, groups, Stripe
-- customer, e-mail. Nothing here follows the as-of time, so it is computed once for all of them.
-- @keep result
select
    identity_key,
    min(account_ref) as account_ref,
    min(groups) as groups,
    min(stripe_customer_id) as stripe_customer_id,
    min(email) as email,
    min(first_at) as first_at
from index.file_identities
group by identity_key
