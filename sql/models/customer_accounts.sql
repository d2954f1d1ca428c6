-- Which account a Stripe customer belongs to: its declared id, else its company's domain, else
-- its address, else itself. The earliest known address decides, so that a key never moves.
select * from index.customer_accounts where created_at <= as_of()
