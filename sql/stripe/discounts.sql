-- Discounts given by then: a coupon on a customer, a subscription, an item or an invoice.
select
    id as discount_id,
    customer_id,
    subscription_id,
    subscription_item_id,
    invoice_id,
    coupon_id,
    promotion_code_id,
    start_at,
    end_at,
    livemode
from stripe_version.discounts
where (start_at is null or start_at <= as_of()) and is_in_mode
