-- Trialists who share a report within 3 days of trial start pay within 30 days.
-- @population trials
-- @outcome    net_conversion
-- @window     3d
-- @horizon    30d
-- @strata     product
-- @signal     trial_about_to_convert
select account_id, occurred_at as signal_at, known_at, event
from product.account_events
where event = 'report_shared'
