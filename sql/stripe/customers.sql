-- Customers as they stood, one row each.
select * from stripe.customers_all_modes where is_in_mode
