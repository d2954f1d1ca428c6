-- How many objects a first sync brought.
select
    (select count(*) from stripe_log.customers)
    + (select count(*) from stripe_log.invoices)
    + (select count(*) from stripe_log.charges)
    + (select count(*) from stripe_log.subscriptions) as objects
