-- Monthly recurring revenue that an invoice stands for: price times quantity of its recurring
-- lines outside the trial. A cycle's lines are the full state, a later proration sets its item, a
-- credit without a charge removes it. List is before discounts, net is after those that last.
-- @keep result
with lines as (
    select
        *,
        coalesce(subscription_item_id, price_id) as item_key,
        max(case when not is_proration then period_start_at end)
            over (partition by invoice_id, subscription_id) as full_from_at
    from outcomes.recurring_lines
    where not is_inside_trial
),

changes as (
    select *
    from (
        select
            *,
            row_number() over (
                partition by invoice_id, subscription_id, item_key
                order by period_start_at desc, amount_minor >= 0 desc, line_no desc
            ) as latest
        from lines
        where is_proration and (full_from_at is null or period_start_at > full_from_at)
    ) as ordered
    where latest = 1
),

state as (
    select lines.*
    from lines
    left join changes
        on changes.invoice_id = lines.invoice_id
        and changes.subscription_id = lines.subscription_id
        and changes.item_key = lines.item_key
    where not lines.is_proration
        and lines.period_start_at = lines.full_from_at
        and changes.invoice_id is null
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
    from state as lines
    left join stripe.prices as prices on prices.price_id = lines.price_id
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
from monthly
left join line_coupons
    on line_coupons.invoice_id = monthly.invoice_id and line_coupons.line_no = monthly.line_no
group by monthly.invoice_id
