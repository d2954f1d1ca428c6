-- Trialists who invite a teammate within 3 days convert.
-- @population trials
-- @outcome    net_conversion
-- @window     3d
-- @horizon    45d
-- @strata     product
-- @signal     trial_about_to_convert
select account_id, occurred_at as signal_at, known_at, event
from product.account_events
where event = 'teammate_invited'
