-- The identities of product events in each landed file, and when each of them did something. What
-- lands later costs what it brings: the other files are not read again. Number, first and last stand
-- beside the times, which are many: most questions need no more.
-- @keep files
select
    identity_key,
    min(account_ref) as account_ref,
    min(groups) as groups,
    min(stripe_customer_id) as stripe_customer_id,
    min(email) as email,
    count(*) as events,
    min(occurred_at) as first_at,
    max(occurred_at) as last_at,
    array_agg(occurred_at) as times
from index.events
group by identity_key
