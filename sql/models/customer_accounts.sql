-- Which account a Stripe customer belongs to: its declared id, else its company's domain, else
-- its address, else itself. The earliest known address decides, so that a key never moves.
-- @keep result
select
    customers.customer_id,
    coalesce(
        'acc:' || customers.account_metadata_id,
        'dom:' || account_domain(emails.email),
        'em:' || email_canonical(emails.email),
        'cus:' || customers.customer_id
    ) as account_id,
    customers.created_at,
    emails.email as first_email,
    customers.account_metadata_id,
    internal_domains.domain is not null as is_internal,
    customers.is_in_mode
from stripe.customers_all_modes as customers
left join stripe.customer_emails as emails
    on emails.customer_id = customers.customer_id and emails.is_earliest
left join identity.internal_domains as internal_domains
    on internal_domains.domain = registrable_domain(email_domain(emails.email))
