-- Every product event with what is known of its account: linked, ambiguous or unlinked.
select
    * exclude (linked_at, is_ambiguous),
    -- An event of someone who was no customer yet is known from the day that customer appeared.
    greatest(occurred_at, linked_at) as known_at,
    case
        when is_ambiguous then 'ambiguous'
        when tier >= min_confidence() then 'linked'
        else 'unlinked'
    end as status
from product.linked_events
