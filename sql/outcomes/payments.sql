-- Payments that count as conversion: a paid invoice with cash and with recurring money outside
-- the trial, and the moment at which all of it had gone back.
-- @keep result
with recurring as (
    select invoice_id, sum(amount_minor - discount_minor) as recurring_minor
    from outcomes.recurring_lines
    where not is_inside_trial
    group by invoice_id
),

-- An invoice may be paid twice: reversals of all its payments are held against all its payments.
charged as (
    select settlements.invoice_id, sum(charges.amount_captured_minor) as charged_minor
    from (
        select distinct settled.invoice_id, settled.charge_id
        from (select distinct invoice_id from outcomes.reversals) as reversed
        inner join stripe.invoice_settlements as settled on settled.invoice_id = reversed.invoice_id
    ) as settlements
    inner join stripe.charges as charges on charges.charge_id = settlements.charge_id
    where charges.status = 'succeeded'
    group by settlements.invoice_id
),

running as (
    select
        reversals.invoice_id,
        reversals.at,
        sum(reversals.amount_minor) over (
            partition by reversals.invoice_id order by reversals.at
            range between unbounded preceding and current row
        ) as reversed_minor,
        invoices.cash_minor,
        greatest(
            invoices.cash_minor + coalesce(invoices.amount_overpaid_minor, 0),
            coalesce(charged.charged_minor, 0)
        ) as received_minor
    from outcomes.reversals as reversals
    inner join stripe.invoices as invoices on invoices.invoice_id = reversals.invoice_id
    left join charged on charged.invoice_id = reversals.invoice_id
),

reversed as (
    select invoice_id, min(at) as reversed_at
    from running
    where reversed_minor >= received_minor and cash_minor > 0
    group by invoice_id
)

select
    accounts.account_id,
    invoices.customer_id,
    invoices.subscription_id,
    invoices.invoice_id,
    invoices.paid_at,
    reversed.reversed_at,
    invoices.cash_minor,
    invoices.currency,
    mrr.mrr_list_minor,
    mrr.mrr_net_minor
from stripe.invoices as invoices
inner join recurring on recurring.invoice_id = invoices.invoice_id
inner join models.customer_accounts as accounts on accounts.customer_id = invoices.customer_id
left join reversed on reversed.invoice_id = invoices.invoice_id
left join outcomes.invoice_mrr as mrr on mrr.invoice_id = invoices.invoice_id
where invoices.status = 'paid'
    and invoices.cash_minor > 0
    and recurring.recurring_minor > 0
