-- When an account was first seen in the product, and known to be it.
-- @keep result
select account_id, min(first_known_at) as known_at
from models.identity_activity
where status = 'linked' and first_known_at is not null
group by account_id
