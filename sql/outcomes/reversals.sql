-- Money that went back: succeeded refunds, lost disputes (at their opening), and out-of-band
-- credit notes. A credit note's refund is among the refunds already.
-- @keep result
select invoice_id, refund_id as reversal_id, created_at as at, amount_minor
from (
    select settlements.invoice_id, refunds.refund_id, refunds.created_at, refunds.amount_minor
    from stripe.refunds as refunds
    inner join (
        select distinct invoice_id, charge_id from stripe.invoice_settlements
    ) as settlements on settlements.charge_id = refunds.charge_id
    where refunds.status = 'succeeded'
    union
    select settlements.invoice_id, refunds.refund_id, refunds.created_at, refunds.amount_minor
    from stripe.refunds as refunds
    inner join (
        select distinct invoice_id, payment_intent_id from stripe.invoice_settlements
    ) as settlements on settlements.payment_intent_id = refunds.payment_intent_id
    where refunds.status = 'succeeded'
) as refunded
union all
select settlements.invoice_id, charges.charge_id, charges.first_refunded_at, charges.unseen_refunded_minor
from stripe.charges as charges
inner join (
    select distinct invoice_id, charge_id from stripe.invoice_settlements
) as settlements on settlements.charge_id = charges.charge_id
where charges.unseen_refunded_minor > 0
union all
select invoice_id, dispute_id, created_at, amount_minor
from (
    select settlements.invoice_id, disputes.dispute_id, disputes.created_at, disputes.amount_minor
    from stripe.disputes as disputes
    inner join (
        select distinct invoice_id, charge_id from stripe.invoice_settlements
    ) as settlements on settlements.charge_id = disputes.charge_id
    where disputes.status = 'lost'
    union
    select settlements.invoice_id, disputes.dispute_id, disputes.created_at, disputes.amount_minor
    from stripe.disputes as disputes
    inner join (
        select distinct invoice_id, payment_intent_id from stripe.invoice_settlements
    ) as settlements on settlements.payment_intent_id = disputes.payment_intent_id
    where disputes.status = 'lost'
) as lost
union all
select invoice_id, credit_note_id, created_at, out_of_band_minor
from stripe.credit_notes
where status = 'issued' and out_of_band_minor > 0
