-- How surely every product event is linked.
select status, tier, sum(events) as events, count(*) as identities
from models.identity_activity
group by status, tier
order by status, tier
