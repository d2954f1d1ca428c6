-- What each identity did and to whom it counts: events by link, and from when the first of them
-- was known.
-- @keep result
select
    identity_key,
    account_id,
    status,
    case when status = 'linked' then tier end as tier,
    count(*) as events,
    count(*) filter (where known_at <= as_of()) as known_events,
    min(known_at) filter (where known_at <= as_of()) as first_known_at,
    min(email) as email
from product.event_links
group by identity_key, account_id, status, case when status = 'linked' then tier end
