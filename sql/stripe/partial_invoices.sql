-- Invoices of which only a part of the lines is known: their list has more, no other row has the rest,
-- and the lines do not add up to the subtotal, which discounts of single items have lowered. What
-- follows from their lines is not known.
-- @keep result
with cut as (
    select id as invoice_id, subscription_id, created_at, subtotal_minor, lines
    from stripe_version.invoices
    where has_more_lines and is_in_mode and not is_deleted
),

known as (
    select
        invoice_id,
        sum(line['amount_minor']) as amount_minor,
        sum(line['discount_minor']) as discount_minor
    from (
        select invoice_id, unnest(lines) as line from cut
        union all
        select invoice_id, line from stripe.further_lines
    ) as lines
    group by invoice_id
),

-- Another version of the invoice, finalised as well, shows all of them.
whole as (
    select cut.invoice_id
    from cut
    inner join stripe_log.invoices as versions on versions.id = cut.invoice_id
    where versions.finalized_at is not null and not versions.has_more_lines
)

select cut.invoice_id, cut.subscription_id, cut.created_at
from cut
left join known on known.invoice_id = cut.invoice_id
left join (select distinct invoice_id from whole) as whole on whole.invoice_id = cut.invoice_id
where whole.invoice_id is null
    and (known.amount_minor is distinct from cut.subtotal_minor)
    and (known.amount_minor - known.discount_minor is distinct from cut.subtotal_minor)
