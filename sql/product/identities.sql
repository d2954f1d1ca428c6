-- The distinct identities that product events carry: account id, groups, Stripe customer, e-mail.
select * from index.identities where first_at <= as_of()
