-- Trialists who show `{event}` within 3 days convert.
--
-- The line above is the claim, as you would say it. The keys below are what is measured.
-- @population trials
-- @outcome    net_conversion
-- How long after the start of the trial the behaviour counts:
-- @window     3d
-- How long after the start of the trial a payment counts; trial length plus 45 days is a good start:
-- @horizon    60d
-- Compare within products, so that a plan that sells itself does not look like a behaviour:
-- @strata     product
--
-- A rate that you claim is one more key: expect, with a value like `rate >= 0.40`.

-- Who showed the behaviour, and when. Many rows an account are fine. `paydirt events` lists the
-- names of events; properties are reached with properties->>'plan'.
select account_id, occurred_at as signal_at, known_at, event
from product.account_events
where event = '{event}'
