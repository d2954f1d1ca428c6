-- Trialists who {sentence} within 3 days convert.
--
-- Above: the claim, as you would say it. Below: what is measured. Every key can be left out but
-- @horizon.
-- @population trials
-- @outcome    net_conversion
-- How long after the start of the trial the behaviour counts.
-- @window     3d
-- How long after the start of the trial a payment counts: trial length plus 45 days.
-- @horizon    60d
-- Compare within products, so that a plan that sells itself does not look like a behaviour.
-- @strata     product
-- The rate you claim, if you claim one.
-- expect      rate >= 0.40

-- Who showed the behaviour, and when. Many rows an account are fine. `paydirt events` lists the
-- names; properties are reached with properties->>'plan'.
select account_id, occurred_at as signal_at, known_at, event
from product.account_events
where event = '{event}'
