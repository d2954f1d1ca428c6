-- How product events were linked: by tier, ambiguous, unlinked.
select status, tier, sum(events) as events
from models.identity_activity
group by status, tier
order by status, tier desc
