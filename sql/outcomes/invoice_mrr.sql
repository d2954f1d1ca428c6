-- Monthly recurring revenue that an invoice stands for: price times quantity of its recurring
-- lines outside the trial, prorations only where there is no full line. List is before discounts,
-- net is after those that last forever.
with lines as (
    select *
    from outcomes.recurring_lines
    where not is_inside_trial and (not is_proration or amount_minor >= 0)
),

full_lines as (
    select distinct invoice_id from lines where not is_proration
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
    from lines
    left join full_lines on full_lines.invoice_id = lines.invoice_id
    left join stripe.prices as prices on prices.price_id = lines.price_id
    where not lines.is_proration or full_lines.invoice_id is null
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
