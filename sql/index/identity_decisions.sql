-- At each moment at which its candidates change: the surest tier at which an identity has one, and
-- its account. Two accounts at that tier make it ambiguous.
-- @keep result
with tiers as (
    select
        moments.identity_key,
        moments.at,
        candidates.tier,
        min(candidates.first_at) as first_at,
        min(candidates.account_id) as first_account_id,
        max(candidates.account_id) as last_account_id,
        bool_or(candidates.is_override) as is_override
    from index.identity_moments as moments
    inner join index.identity_candidates as candidates
        on candidates.identity_key = moments.identity_key
        and candidates.from_at <= moments.at
        and (candidates.to_at is null or candidates.to_at > moments.at)
    group by moments.identity_key, moments.at, candidates.tier
),

ranked as (
    select *, row_number() over (partition by identity_key, at order by tier desc) as choice
    from tiers
)

select
    identity_key,
    first_at,
    at,
    tier,
    case when first_account_id = last_account_id then first_account_id end as account_id,
    first_account_id <> last_account_id as is_ambiguous,
    is_override
from ranked
where choice = 1
