-- Products that existed by then.
select id as product_id, name, is_active, created_at, metadata, livemode
from stripe_version.products
where (created_at is null or created_at <= as_of()) and is_in_mode
