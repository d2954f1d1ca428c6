-- What coupons take off, one row each time that an id was given to a coupon: one may be deleted and
-- made again under its id, with other terms. The terms of one never change.
with made as (
    select
        id as coupon_id,
        created_at as made_at,
        min(duration) as duration,
        min(percent_off) as percent_off
    from stripe_log.coupons
    where coalesce(livemode, is_live()) = is_live()
        and not deleted
        and (created_at is null or created_at <= as_of())
    group by id, created_at
)

select
    *,
    lead(made_at) over (partition by coupon_id order by made_at nulls first) as replaced_at,
    row_number() over (partition by coupon_id order by made_at nulls first) = 1 as is_first
from made
