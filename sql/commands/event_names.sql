-- What can be asked about: every product event by name, and how much of it is linked.
select
    event,
    count(*) as events,
    count(distinct case when status = 'linked' then account_id end) as accounts,
    min(occurred_at) as first_seen,
    max(occurred_at) as last_seen,
    round(100.0 * count(*) filter (where status = 'linked') / count(*), 1) as linked_pct
from product.event_links
group by event
order by events desc, event
