-- Every product event with what is known of its account: linked, ambiguous or unlinked.
select
    events.event,
    events.identity_key,
    events.occurred_at,
    events.distinct_id,
    events.email,
    events.properties,
    events.person_properties,
    events.source,
    events.uuid,
    links.account_id,
    links.tier,
    -- An event of someone who was no customer yet is known from the day that customer appeared.
    greatest(events.occurred_at, links.linked_at) as known_at,
    case
        when links.is_ambiguous then 'ambiguous'
        when links.tier >= min_confidence() then 'linked'
        else 'unlinked'
    end as status
from product.events as events
left join models.identity_links as links
    on links.identity_key = events.identity_key
    and (links.from_at is null or events.occurred_at >= links.from_at)
    and (links.to_at is null or events.occurred_at < links.to_at)
