-- How product events were linked: by tier, ambiguous, unlinked.
select
    status,
    case when status = 'linked' then tier end as tier,
    count(*) as events
from product.event_links
group by status, case when status = 'linked' then tier end
order by status, tier desc
