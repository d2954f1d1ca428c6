-- Spans in which an account had no live subscription; the last one is open at as_of().
-- @keep result
with ends as (
    select
        account_id,
        from_at,
        max(coalesce(to_at, as_of() + interval '1 second')) over (
            partition by account_id order by from_at, to_at
            rows between unbounded preceding and current row
        ) as lived_to_at,
        lead(from_at) over (partition by account_id order by from_at, to_at) as next_from_at
    from models.subscription_lives
)

select account_id, lived_to_at as from_at, next_from_at as to_at
from ends
where lived_to_at <= as_of() and (next_from_at is null or next_from_at > lived_to_at)
