-- When an account was first seen in the product, and known to be it.
-- @keep result
select account_id, min(known_at) as known_at
from product.account_events
group by account_id
