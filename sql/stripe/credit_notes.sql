-- Credit notes issued by then.
select
    id as credit_note_id,
    invoice_id,
    customer_id,
    case
        when voided_at > as_of() then 'issued'
        else status
    end as status,
    type,
    amount_minor,
    total_minor,
    out_of_band_minor,
    currency,
    created_at,
    case when voided_at <= as_of() then voided_at end as voided_at,
    refunds,
    livemode
from stripe_version.credit_notes
where created_at <= as_of() and is_in_mode
