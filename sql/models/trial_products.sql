-- The product a subscription was started on: of the first recurring line of its earliest invoice
-- that has one, else of its first item.
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
        from stripe.invoice_lines
        where is_recurring
    ) as ordered
    where nth = 1
)

select
    subscriptions.subscription_id,
    coalesce(lines.product_id, subscriptions.items[1]['product_id'], 'unknown') as product_id
from stripe.subscriptions_all_modes as subscriptions
left join lines on lines.subscription_id = subscriptions.subscription_id
