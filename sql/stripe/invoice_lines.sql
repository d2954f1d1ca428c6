-- Lines of invoices, one row each, in both API generations' one form.
select
    invoice_id,
    line['id'] as line_id,
    line['line_no'] as line_no,
    invoice_status,
    invoice_created_at,
    invoice_total_minor,
    customer_id,
    coalesce(line['subscription_id'], case when line['is_recurring'] then subscription_id end)
        as subscription_id,
    line['subscription_item_id'] as subscription_item_id,
    line['price_id'] as price_id,
    line['product_id'] as product_id,
    line['unit_amount_decimal'] as unit_amount_decimal,
    line['quantity'] as quantity,
    line['amount_minor'] as amount_minor,
    line['discount_minor'] as discount_minor,
    line['inclusive_tax_minor'] as inclusive_tax_minor,
    coalesce(line['currency'], currency) as currency,
    line['description'] as description,
    coalesce(line['is_proration'], false) as is_proration,
    coalesce(line['is_recurring'], false) as is_recurring,
    line['period_start_at'] as period_start_at,
    line['period_end_at'] as period_end_at,
    line['discounts'] as discounts
from (
    select
        invoice_id,
        customer_id,
        subscription_id,
        currency,
        status as invoice_status,
        created_at as invoice_created_at,
        total_minor as invoice_total_minor,
        unnest(lines) as line
    from stripe.invoices
) as unnested
