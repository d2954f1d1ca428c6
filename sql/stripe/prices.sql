-- Prices that existed by then; what a price costs never changes.
select
    id as price_id,
    product_id,
    is_active,
    currency,
    type,
    billing_scheme,
    unit_amount_minor,
    unit_amount_decimal,
    "interval" as billing_interval,
    interval_count as billing_interval_count,
    usage_type,
    tiers_mode,
    -- Tiers come only when they were asked for: any version that has them will do.
    coalesce(prices.tiers, tiered.tiers) as tiers,
    transform_quantity,
    nickname,
    lookup_key,
    created_at,
    livemode
from stripe_version.prices as prices
left join (
    select id as tiered_id, min(tiers) as tiers
    from stripe_log.prices
    where tiers is not null
    group by id
) as tiered on tiered.tiered_id = prices.id
where (created_at is null or created_at <= as_of()) and is_in_mode
