-- Every product event, and the account that its identity belonged to at the time.
select
    -- Promoted properties come along, whatever they are called.
    events.* exclude (ingested_at, person_id, account_ref, groups, stripe_customer_id),
    links.account_id,
    links.tier,
    links.linked_at,
    links.is_ambiguous,
    links.is_override
-- Links are few, events are many: these pass by those.
from models.identity_links as links
right join product.events as events
    on links.identity_key = events.identity_key
    and (links.from_at is null or events.occurred_at >= links.from_at)
    and (links.to_at is null or events.occurred_at < links.to_at)
