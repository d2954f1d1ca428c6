-- Coupons on an invoice line as JSON. A coupon's id may be given again, with other terms: those count
-- that it had when the discount began. Where they are not known, and for amounts off, the invoice tells
-- what the line itself was lowered by.
select
    invoice_id,
    line_no,
    subscription_item_id is not null as is_of_item,
    case
        when is_of_day and percent_off is not null
            then concat('{"duration":"', duration, '","percent_off":', percent_off, '}')
        when is_of_day
            then concat('{"duration":"', duration, '","amount_off":', discount_minor, '}')
        -- It ends, so it does not last forever, whatever it takes off.
        when end_at is not null then '{"duration":"repeating","amount_off":0}'
        -- Nobody knows how long it lasts, so neither what it leaves.
        when coupon_id is null then '{}'
        when is_proration
            then concat(
                '{"duration":"', duration,
                '","percent_off":', 100.0 * discount_minor / amount_minor, '}'
            )
        else concat('{"duration":"', duration, '","amount_off":', discount_minor, '}')
    end as coupon
from (
    select
        lines.*,
        discounts.subscription_item_id,
        discounts.end_at,
        terms.coupon_id,
        terms.duration,
        terms.percent_off,
        coalesce(terms.made_at <= discounts.start_at, terms.coupon_id is not null) as is_of_day
    from (
        select
            invoice_id,
            line_no,
            amount_minor,
            is_proration,
            discount['discount_id'] as discount_id,
            discount['amount_minor'] as discount_minor
        from (
            select invoice_id, line_no, amount_minor, is_proration, unnest(discounts) as discount
            from outcomes.recurring_lines
        ) as unnested
    ) as lines
    left join stripe.discounts as discounts on discounts.discount_id = lines.discount_id
    left join stripe.coupon_terms as terms
        on terms.coupon_id = discounts.coupon_id
        and (terms.is_first or terms.made_at <= discounts.start_at)
        and (terms.replaced_at is null or terms.replaced_at > discounts.start_at)
    where terms.coupon_id is not null or lines.discount_minor <> 0
) as told
