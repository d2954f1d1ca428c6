-- Which account an identity belongs to, as a step function of time: at each moment the surest
-- tier with a candidate decides, and two accounts at that tier make it ambiguous. A customer that
-- appears later never changes an earlier link.
with wanted as (
    select identity_key, 'account' as kind, account_ref as key from product.identities
    union all
    select identity_key, 'customer', stripe_customer_id from product.identities
    union all
    select identity_key, 'email', email_normalized(email) from product.identities
    union all
    select identity_key, 'canonical', email_canonical(email) from product.identities
    union all
    select identity_key, 'domain', account_domain(email) from product.identities
),

candidates as (
    select wanted.identity_key, keys.tier, keys.account_id, min(keys.from_at) as from_at
    from wanted
    inner join models.identity_keys as keys
        on keys.kind = wanted.kind and keys.key = wanted.key
    group by wanted.identity_key, keys.tier, keys.account_id
),

moments as (
    select distinct identity_key, from_at as at from candidates
),

tiers as (
    select
        moments.identity_key,
        moments.at,
        candidates.tier,
        count(*) as accounts,
        min(candidates.account_id) as account_id
    from moments
    inner join candidates
        on candidates.identity_key = moments.identity_key
        and candidates.from_at <= moments.at
    group by moments.identity_key, moments.at, candidates.tier
),

decided as (
    select
        *,
        row_number() over (partition by identity_key, at order by tier desc) as choice
    from tiers
)

select
    identity_key,
    -- NULL is open: earlier events wait for the first candidate.
    case when lag(at) over (partition by identity_key order by at) is not null then at end
        as from_at,
    lead(at) over (partition by identity_key order by at) as to_at,
    at as linked_at,
    case when accounts = 1 then account_id end as account_id,
    tier,
    accounts > 1 as is_ambiguous
from decided
where choice = 1
