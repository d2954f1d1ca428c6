-- Coupons that existed by then.
select
    id as coupon_id,
    name,
    duration,
    duration_in_months,
    percent_off,
    amount_off_minor,
    currency,
    created_at,
    livemode
from stripe_version.coupons
where (created_at is null or created_at <= as_of()) and is_in_mode
