-- Objects whose own list has more than what landed of it: what follows from it is not known.
select 'invoice' as what, 'lines' as list, 'line_item' as completed_by, count(*) as objects
from stripe.partial_invoices
union all
select 'subscription', 'items', 'subscription_item', count(*) from stripe.partial_subscriptions
