-- The product a subscription was started on: of the first recurring line of its earliest invoice
-- that has one, else of its first item. It is unknown if only a part of that invoice is known.
with lines as (
    select subscription_id, product_id
    from (
        select
            subscription_id,
            product_id,
            row_number() over (
                partition by subscription_id
                order by invoice_created_at, invoice_id, line_no
            ) as nth
        from (
            select subscription_id, invoice_created_at, invoice_id, line_no, product_id
            from stripe.invoice_lines
            where is_recurring
            union all
            select subscription_id, created_at, invoice_id, -1, 'unknown'
            from stripe.partial_invoices
        ) as recurring
    ) as ordered
    where nth = 1
)

select
    subscriptions.subscription_id,
    coalesce(lines.product_id, subscriptions.items[1]['product_id'], 'unknown') as product_id
from stripe.subscriptions_all_modes as subscriptions
left join lines on lines.subscription_id = subscriptions.subscription_id
