-- Which account an identity belongs to, as a step function of all time: what was decided at the
-- latest moment counts. Before there is a candidate, the first customer made later decides, known from
-- that day on; a customer that appears later never changes an earlier link.
-- @keep groups of index.identity_candidates by identity_key
with
-- From each moment to the next; NULL is open. If the first is that of a customer, that customer decides
-- about the time before, too.
steps as (
    select
        moments.identity_key,
        case
            when moments.is_creation
                and lag(moments.at) over (partition by moments.identity_key order by moments.at) is null
                then null
            else moments.at
        end as from_at,
        lead(moments.at) over (partition by moments.identity_key order by moments.at) as to_at,
        decisions.at as decided_at
    from index.identity_moments as moments
    left join index.identity_decisions as decisions
        on decisions.identity_key = moments.identity_key and decisions.at = moments.at
),

linked as (
    select identity_key, from_at, to_at, decided_at as linked_at
    from steps
    where decided_at is not null
    union all
    -- Nobody is there for a while.
    select steps.identity_key, steps.from_at, steps.to_at, min(candidates.from_at)
    from steps
    inner join index.identity_candidates as candidates
        on candidates.identity_key = steps.identity_key
        and candidates.is_creation
        and candidates.from_at >= steps.to_at
    where steps.decided_at is null
    group by steps.identity_key, steps.from_at, steps.to_at
    union all
    -- The time before the first moment, if no customer was made then.
    select identity_key, null, min(from_at), min(from_at) filter (where is_creation)
    from index.identity_candidates
    group by identity_key
    having min(from_at) < min(from_at) filter (where is_creation)
)

select
    linked.identity_key,
    decisions.first_at,
    linked.from_at,
    linked.to_at,
    linked.linked_at,
    decisions.account_id,
    decisions.tier,
    decisions.is_ambiguous,
    decisions.is_override
from linked
inner join index.identity_decisions as decisions
    on decisions.identity_key = linked.identity_key and decisions.at = linked.linked_at
