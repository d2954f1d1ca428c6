-- Customers as their subscriptions and invoices tell of them: a deleted one still stands on those.
select
    customer_id,
    min(created_at) as created_at,
    bool_or(coalesce(livemode, is_live())) as livemode
from (
    select customer_id, created_at, livemode from stripe_log.subscriptions
    union all
    select customer_id, created_at, livemode from stripe_log.invoices
) as seen
where customer_id is not null
group by customer_id
