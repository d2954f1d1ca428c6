-- What each identity did under each link that it had, however sure. A link is told by the moment
-- at which it was decided.
-- @keep result
with activity as (
    select identity_key, linked_at, count(*) as events, min(occurred_at) as first_at
    from product.linked_events
    group by identity_key, linked_at
),

links as (
    select distinct identity_key, linked_at, account_id, tier, is_ambiguous, is_override
    from models.identity_links
)

select
    activity.identity_key,
    activity.events,
    activity.first_at,
    activity.linked_at,
    links.account_id,
    links.tier,
    links.is_ambiguous,
    links.is_override
from activity
left join links
    on links.identity_key = activity.identity_key and links.linked_at = activity.linked_at
