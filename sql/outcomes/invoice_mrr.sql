-- Monthly recurring revenue that an invoice stands for: price times quantity of its recurring
-- lines outside the trial. A cycle's lines are the full state, a later proration sets its item, a
-- credit without a charge removes it. List is before discounts, net is after those that last. What
-- was billed comes before what the price is listed at: it may be of another currency, or of a price
-- that had the id later. Unknown if one of the lines is.
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

-- The unit amount of a proration may be the prorated one, which makes up the line's whole amount: then
-- it does not tell what a unit costs in a period.
billed as (
    select
        * exclude (unit_amount_decimal),
        case
            when is_proration
                and abs(cast(unit_amount_decimal as double) * coalesce(quantity, 1) - amount_minor) < 1
                then null
            else unit_amount_decimal
        end as unit_amount_decimal
    from state
),

-- Of the prices that had the id by the day of the invoice the last one that cost what was billed.
priced as (
    select
        lines.*,
        terms.billing_interval,
        terms.billing_interval_count,
        terms.usage_type,
        terms.billing_scheme,
        terms.tiers_mode,
        terms.transform_quantity,
        terms.currency = lines.currency as is_same_currency,
        terms.unit_amount_decimal as listed_decimal,
        terms.tiers,
        json_get_json(terms.currency_options, lines.currency) as currency_option,
        row_number() over (
            partition by lines.invoice_id, lines.line_no
            order by
                coalesce(
                    terms.currency = lines.currency
                    and cast(terms.unit_amount_decimal as double)
                    = cast(lines.unit_amount_decimal as double),
                    false
                ) desc,
                terms.made_at desc nulls last
        ) as choice
    from stripe.price_terms as terms
    right join billed as lines
        on lines.price_id = terms.price_id
        and (
            terms.made_at is null
            or terms.made_at <= coalesce(lines.invoice_finalized_at, lines.invoice_created_at)
        )
),

counted as (
    select
        * exclude (tiers, choice),
        coalesce(
            unit_amount_decimal,
            case when is_same_currency then listed_decimal end,
            json_as_text(currency_option, 'unit_amount_decimal'),
            json_as_text(currency_option, 'unit_amount')
        ) as price_decimal,
        case
            when is_same_currency then tiers
            else json_get_json(currency_option, 'tiers')
        end as tiers,
        -- Of a price with tax inside, the tax is not revenue.
        case
            when inclusive_tax_minor > 0 and amount_minor > discount_minor
                then 1.0 - cast(inclusive_tax_minor as double) / (amount_minor - discount_minor)
            else 1.0
        end as untaxed_share
    from priced
    where choice = 1
),

line_coupons as (
    select
        invoice_id,
        line_no,
        '[' || string_agg(coupon, ',' order by is_of_item desc, coupon) || ']' as coupons
    from outcomes.line_coupons
    group by invoice_id, line_no
),

-- The amount of a whole period is what was billed for it, a line for each tier or one for all; a
-- proration's is not. Tiers in a currency that the price does not show are not known.
monthly as (
    select
        counted.*,
        untaxed_share * case
            when is_proration then unit_minor
            when billing_scheme = 'tiered'
                then case when is_same_currency or currency_option is not null then whole_minor end
            when unit_amount_decimal is null then whole_minor
            else coalesce(unit_minor, whole_minor)
        end as list_minor
    from (
        select
            *,
            monthly_minor(
                price_decimal, billing_interval, billing_interval_count, quantity, usage_type,
                billing_scheme, tiers_mode, tiers, transform_quantity
            ) as unit_minor,
            monthly_minor(
                amount_minor, billing_interval, billing_interval_count, 1, usage_type
            ) as whole_minor
        from counted
    ) as counted
),

discounted as (
    select
        monthly.invoice_id,
        list_minor,
        discounted_minor(
            list_minor, line_coupons.coupons, 'forever', billing_interval, billing_interval_count
        ) as net_minor
    from line_coupons
    right join monthly
        on line_coupons.invoice_id = monthly.invoice_id and line_coupons.line_no = monthly.line_no
),

-- A sum would pass over what is not known.
sums as (
    select
        invoice_id,
        case when count(*) = count(list_minor) then sum(list_minor) end as list_minor,
        case when count(*) = count(net_minor) then sum(net_minor) end as net_minor
    from discounted
    group by invoice_id
)

select
    sums.invoice_id,
    case when partial.invoice_id is null then list_minor end as mrr_list_minor,
    case when partial.invoice_id is null then net_minor end as mrr_net_minor
from stripe.partial_invoices as partial
right join sums on sums.invoice_id = partial.invoice_id
