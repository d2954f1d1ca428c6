-- Prices that existed by then; what a price costs never changes.
select
    prices.id as price_id,
    prices.product_id,
    prices.is_active,
    prices.currency,
    prices.type,
    prices.billing_scheme,
    prices.unit_amount_minor,
    prices.unit_amount_decimal,
    prices."interval" as billing_interval,
    prices.interval_count as billing_interval_count,
    prices.usage_type,
    prices.tiers_mode,
    -- These come only when they were asked for: any version that has them will do.
    coalesce(prices.tiers, terms.tiers) as tiers,
    coalesce(prices.currency_options, terms.currency_options) as currency_options,
    prices.transform_quantity,
    prices.nickname,
    prices.lookup_key,
    prices.created_at,
    prices.livemode
from stripe_version.prices as prices
left join stripe.price_terms as terms
    on terms.price_id = prices.id and terms.replaced_at is null
where (prices.created_at is null or prices.created_at <= as_of()) and prices.is_in_mode
