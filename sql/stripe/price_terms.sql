-- What prices cost, one row each time that an id was given to a price: a plan may be deleted and made
-- again under its id, with other terms. The terms of one never change, so any version that has them
-- will do; tiers and currency options come only when they were asked for.
-- @keep result
with made as (
    select
        id as price_id,
        created_at as made_at,
        min(currency) as currency,
        min(unit_amount_decimal) as unit_amount_decimal,
        min("interval") as billing_interval,
        min(interval_count) as billing_interval_count,
        min(usage_type) as usage_type,
        min(billing_scheme) as billing_scheme,
        min(tiers_mode) as tiers_mode,
        min(tiers) as tiers,
        min(transform_quantity) as transform_quantity,
        min(currency_options) as currency_options
    from stripe_log.prices
    where coalesce(livemode, is_live()) = is_live()
        and not deleted
        and (created_at is null or created_at <= as_of())
    group by id, created_at
)

select
    *,
    lead(made_at) over (partition by price_id order by made_at nulls first) as replaced_at
from made
