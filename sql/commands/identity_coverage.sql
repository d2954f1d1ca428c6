-- How product events were linked: by tier, ambiguous, unlinked.
select status, tier, is_override, sum(events) as events
from models.identity_activity
group by status, tier, is_override
order by status, tier desc, is_override desc
