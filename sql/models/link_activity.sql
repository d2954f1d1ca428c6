-- What each identity did under each link that it had, however sure, and what it did under none.
select identity_key, events, first_at, linked_at, account_id, tier, is_ambiguous, is_override
from models.linked_activity
union all
select of_all.identity_key, of_all.events - coalesce(linked.events, 0), null, null, null, null, null, null
from models.identity_events as of_all
left join (
    select identity_key, sum(events) as events from models.linked_activity group by identity_key
) as linked on linked.identity_key = of_all.identity_key
where of_all.events > coalesce(linked.events, 0)
