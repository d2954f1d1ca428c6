-- Which charges and payment intents stand behind an invoice. Up to acacia the invoice and the
-- charge name each other; from basil on invoice payments link them.
-- @keep result
with links as (
    select invoice_id, charge_id, payment_intent_id from stripe.invoices
    union all
    select invoice_id, charge_id, payment_intent_id from stripe.invoice_payments
    union all
    select invoice_id, charge_id, payment_intent_id from stripe.charges
    union all
    select invoice_id, cast(null as varchar), payment_intent_id from stripe.payment_intents
),

intents as (
    select distinct invoice_id, payment_intent_id
    from links
    where invoice_id is not null and payment_intent_id is not null
)

select invoice_id, charge_id, payment_intent_id
from (
    select invoice_id, charge_id, payment_intent_id
    from links
    where invoice_id is not null and charge_id is not null
    union all
    select intents.invoice_id, charges.charge_id, intents.payment_intent_id
    from intents
    left join stripe.charges as charges
        on charges.payment_intent_id = intents.payment_intent_id
) as both_ways
group by invoice_id, charge_id, payment_intent_id
