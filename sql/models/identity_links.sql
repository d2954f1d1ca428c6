-- Which account an identity belongs to, as a step function of time: at each moment the surest
-- tier with a candidate decides, and two accounts at that tier make it ambiguous. Before there is
-- a candidate, the first customer made later decides, known from that day on; a customer that
-- appears later never changes an earlier link.
-- @keep result
with moments as (
    select identity_key, from_at as at from models.identity_candidates
    union
    select identity_key, to_at from models.identity_candidates where to_at is not null
),

tiers as (
    select
        moments.identity_key,
        moments.at,
        candidates.tier,
        count(distinct candidates.account_id) as accounts,
        min(candidates.account_id) as account_id
    from moments
    inner join models.identity_candidates as candidates
        on candidates.identity_key = moments.identity_key
        and candidates.from_at <= moments.at
        and (candidates.to_at is null or candidates.to_at > moments.at)
    group by moments.identity_key, moments.at, candidates.tier
),

decided as (
    select identity_key, at, tier, accounts, account_id
    from (
        select *, row_number() over (partition by identity_key, at order by tier desc) as choice
        from tiers
    ) as ranked
    where choice = 1
),

-- From each moment to the next, and the time before the first; NULL is open.
steps as (
    select
        identity_key,
        at as from_at,
        lead(at) over (partition by identity_key order by at) as to_at
    from moments
    union all
    select identity_key, null, min(at) from moments group by identity_key
),

creations as (
    select distinct identity_key, from_at as at from models.identity_candidates where is_creation
),

waits as (
    select steps.identity_key, steps.to_at, min(creations.at) as at
    from steps
    inner join creations
        on creations.identity_key = steps.identity_key
        and creations.at >= steps.to_at
    group by steps.identity_key, steps.to_at
)

select
    steps.identity_key,
    steps.from_at,
    steps.to_at,
    links.at as linked_at,
    case when links.accounts = 1 then links.account_id end as account_id,
    links.tier,
    links.accounts > 1 as is_ambiguous
from steps
left join decided as present
    on present.identity_key = steps.identity_key and present.at = steps.from_at
left join waits on waits.identity_key = steps.identity_key and waits.to_at = steps.to_at
inner join decided as links
    on links.identity_key = steps.identity_key
    and links.at = coalesce(present.at, waits.at)
