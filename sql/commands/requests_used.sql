-- Requests to Stripe since a moment, in microseconds.
select coalesce(sum(requests), 0) as requests
from system.requests
where source = 'stripe' and at > to_timestamp_micros({since})
