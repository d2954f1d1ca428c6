-- What each identity did and to whom it counts: events by link, and from when the first of them
-- was known.
select
    activity.identity_key,
    activity.account_id,
    activity.status,
    case when activity.status = 'linked' then activity.tier end as tier,
    activity.is_override,
    activity.events,
    case when activity.linked_at <= as_of() then activity.events else 0 end as known_events,
    case when activity.linked_at <= as_of() then greatest(activity.first_at, activity.linked_at) end
        as first_known_at,
    identities.email
from (
    select
        *,
        case
            when is_ambiguous then 'ambiguous'
            when tier >= min_confidence() then 'linked'
            else 'unlinked'
        end as status
    from models.link_activity
) as activity
left join product.identities as identities on identities.identity_key = activity.identity_key
