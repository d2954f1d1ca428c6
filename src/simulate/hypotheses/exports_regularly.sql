-- Trialists who get into the habit of exporting reports convert.
--
-- It looks into the future: whether the first export starts a habit shows only weeks later.
-- @population trials
-- @outcome    net_conversion
-- @window     3d
-- @horizon    45d
-- @strata     product
-- @signal     trial_about_to_convert
select
    account_id,
    min(occurred_at) as signal_at,
    min(known_at) as known_at,
    min(event) as event
from product.account_events
where event = 'report_exported'
group by account_id
having count(*) >= 5
