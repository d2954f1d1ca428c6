-- Which account an identity belongs to, as a step function of time: at each moment the surest
-- tier with a candidate decides, and two accounts at that tier make it ambiguous. Before there is
-- a candidate, the first customer made later decides, known from that day on; a customer that
-- appears later never changes an earlier link. What is decided later is not known yet, and so cut
-- off: no earlier step depends on it.
select
    identity_key,
    from_at,
    case when to_at <= as_of() then to_at end as to_at,
    linked_at,
    account_id,
    tier,
    is_ambiguous,
    is_override
from index.identity_links
where linked_at <= as_of() and first_at <= as_of()
