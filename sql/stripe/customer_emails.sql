-- What is known of a customer's e-mail address, and from when: each address that it had by then, and
-- the earliest known one, which also stands for the time before it.
select * from index.customer_emails where from_at <= as_of() or is_earliest
