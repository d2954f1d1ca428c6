-- Lines of invoices, one row each, in both API generations' one form, those that landed apart from
-- their invoice among them.
select
    invoice_id,
    line['id'] as line_id,
    coalesce(further_no, line['line_no']) as line_no,
    invoice_status,
    invoice_created_at,
    invoice_finalized_at,
    invoice_total_minor,
    customer_id,
    coalesce(line['subscription_id'], case when line['is_recurring'] then of_subscription end)
        as subscription_id,
    line['subscription_item_id'] as subscription_item_id,
    line['price_id'] as price_id,
    line['product_id'] as product_id,
    line['unit_amount_decimal'] as unit_amount_decimal,
    line['quantity'] as quantity,
    line['amount_minor'] as amount_minor,
    line['discount_minor'] as discount_minor,
    line['inclusive_tax_minor'] as inclusive_tax_minor,
    coalesce(line['currency'], of_currency) as currency,
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
        subscription_id as of_subscription,
        currency as of_currency,
        status as invoice_status,
        created_at as invoice_created_at,
        finalized_at as invoice_finalized_at,
        total_minor as invoice_total_minor,
        unnest(lines) as line,
        cast(null as bigint) as further_no
    from stripe.invoices
    union all
    select
        invoices.invoice_id,
        invoices.customer_id,
        invoices.subscription_id,
        invoices.currency,
        invoices.status,
        invoices.created_at,
        invoices.finalized_at,
        invoices.total_minor,
        further.line,
        further.line_no
    from stripe.further_lines as further
    inner join stripe.invoices as invoices on invoices.invoice_id = further.invoice_id
) as unnested
