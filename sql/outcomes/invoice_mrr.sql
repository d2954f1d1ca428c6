-- Monthly recurring revenue that an invoice stands for: price times quantity of its recurring
-- lines outside the trial. A cycle's lines are the full state, a later proration sets its item, a
-- credit without a charge removes it. List is before discounts, net is after those that last.
-- @keep result
with lines as (
    select *, coalesce(subscription_item_id, price_id) as item_key
    from outcomes.recurring_lines
    where not is_inside_trial
),

cycles as (
    select invoice_id, subscription_id, max(period_start_at) as full_from_at
    from lines
    where not is_proration
    group by invoice_id, subscription_id
),

changes as (
    select *
    from (
        select
            lines.*,
            row_number() over (
                partition by lines.invoice_id, lines.subscription_id, lines.item_key
                order by lines.period_start_at desc, lines.amount_minor >= 0 desc, lines.line_no desc
            ) as latest
        from cycles
        right join lines
            on lines.invoice_id = cycles.invoice_id
            and (lines.subscription_id is not distinct from cycles.subscription_id)
        where lines.is_proration
            and (cycles.full_from_at is null or lines.period_start_at > cycles.full_from_at)
    ) as ordered
    where latest = 1
),

-- In all joins the lines pass by what is few or narrow: otherwise they carry all their text along.
state as (
    select lines.*
    from changes
    right anti join (
        select lines.*
        from cycles
        inner join lines
            on lines.invoice_id = cycles.invoice_id
            and (lines.subscription_id is not distinct from cycles.subscription_id)
            and lines.period_start_at = cycles.full_from_at
        where not lines.is_proration
    ) as lines
        on changes.invoice_id = lines.invoice_id
        and changes.subscription_id = lines.subscription_id
        and changes.item_key = lines.item_key
    union all
    select * exclude (latest) from changes where amount_minor >= 0
),

counted as (
    select
        lines.*,
        prices.billing_interval,
        prices.billing_interval_count,
        prices.usage_type,
        prices.billing_scheme,
        prices.tiers_mode,
        prices.tiers,
        prices.transform_quantity,
        coalesce(prices.unit_amount_decimal, lines.unit_amount_decimal) as price_decimal,
        -- Of a price with tax inside, the tax is not revenue.
        case
            when lines.inclusive_tax_minor > 0 and lines.amount_minor > lines.discount_minor
                then 1.0 - cast(lines.inclusive_tax_minor as double)
                    / (lines.amount_minor - lines.discount_minor)
            else 1.0
        end as untaxed_share
    from stripe.prices as prices
    right join state as lines on lines.price_id = prices.price_id
),

line_coupons as (
    select
        invoice_id,
        line_no,
        '[' || string_agg(coupon, ',' order by is_of_item desc, coupon) || ']' as coupons
    from outcomes.line_coupons
    group by invoice_id, line_no
),

monthly as (
    select
        counted.*,
        untaxed_share * monthly_minor(
            price_decimal, billing_interval, billing_interval_count, quantity, usage_type,
            billing_scheme, tiers_mode, tiers, transform_quantity
        ) as list_minor
    from counted
)

select
    monthly.invoice_id,
    sum(list_minor) as mrr_list_minor,
    sum(discounted_minor(
        list_minor, line_coupons.coupons, 'forever', billing_interval, billing_interval_count
    )) as mrr_net_minor
from line_coupons
right join monthly
    on line_coupons.invoice_id = monthly.invoice_id and line_coupons.line_no = monthly.line_no
group by monthly.invoice_id
