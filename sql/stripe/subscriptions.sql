-- Subscriptions as they stood, one row each.
select * from stripe.subscriptions_all_modes where is_in_mode
