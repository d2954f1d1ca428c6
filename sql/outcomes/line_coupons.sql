-- Coupons on an invoice line as JSON, with the share of a fixed amount that the line bears.
select
    lines.invoice_id,
    lines.line_no,
    discounts.subscription_item_id is not null as is_of_item,
    case
        when coupons.percent_off is not null
            then concat('{"duration":"', coupons.duration, '","percent_off":', coupons.percent_off, '}')
        else concat('{"duration":"', coupons.duration, '","amount_off":', lines.amount_minor, '}')
    end as coupon
from (
    select
        invoice_id,
        line_no,
        discount['discount_id'] as discount_id,
        discount['amount_minor'] as amount_minor
    from (
        select invoice_id, line_no, unnest(discounts) as discount
        from outcomes.recurring_lines
    ) as unnested
) as lines
inner join stripe.discounts as discounts on discounts.discount_id = lines.discount_id
inner join stripe.coupons as coupons on coupons.coupon_id = discounts.coupon_id
