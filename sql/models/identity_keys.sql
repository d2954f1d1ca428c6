-- What customers can be recognised by, how surely, and from when to when. Of accounts that share one
-- for good, the first two.
select
    kind,
    key,
    tier,
    account_id,
    from_at,
    case when to_at <= as_of() then to_at end as to_at
from index.identity_keys
where from_at <= as_of()
