-- The events of the last days once more, an hour earlier: some hundredth of all.
select
    event,
    occurred_at - interval '1 hour' as time,
    distinct_id as user_id,
    email,
    account_ref as account_id,
    stripe_customer_id,
    properties
from index.events
where occurred_at > (select max(occurred_at) - interval '6 days' from index.events)
