-- Coupons on an invoice line as JSON. A coupon's id may be given again, with other terms: those count
-- that it had when the discount began. Where they are not known, and for amounts off, the invoice tells
-- what the line itself was lowered by.
select
    lines.invoice_id,
    lines.line_no,
    discounts.subscription_item_id is not null as is_of_item,
    case
        -- Nobody knows how long it lasts, so neither what it leaves.
        when terms.coupon_id is null then '{}'
        when terms.percent_off is not null and coalesce(terms.made_at <= discounts.start_at, true)
            then concat('{"duration":"', terms.duration, '","percent_off":', terms.percent_off, '}')
        when lines.is_proration
            then concat(
                '{"duration":"', duration,
                '","percent_off":', 100.0 * lines.discount_minor / lines.amount_minor, '}'
            )
        else concat('{"duration":"', terms.duration, '","amount_off":', lines.discount_minor, '}')
    end as coupon
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
