-- What was landed of one Stripe resource.
select
    count(distinct id) as rows,
    count(*) as versions,
    min(observed_at) as first_at,
    max(observed_at) as last_at,
    count(distinct case when livemode <> is_live() then id end) as other_mode
from stripe_log.{resource}
