-- Lines of invoices whose own list shows its first page only, as other rows have them: line items that
-- landed by themselves, and other versions of the same invoice. They stand behind the lines shown.
-- @keep result
with cut as (
    select id as invoice_id, lines
    from stripe_version.invoices
    where has_more_lines and is_in_mode and not is_deleted
),

found as (
    select invoice_id, unnest(lines) as line, true as is_shown, '' as place from cut
    union all
    select invoice_id, unnest(line), false, encode(key, 'hex') from stripe_log.line_items
    union all
    select invoice_id, unnest(lines), false, place
    from (
        select cut.invoice_id, encode(versions.key, 'hex') as place, versions.lines
        from cut
        inner join stripe_log.invoices as versions on versions.id = cut.invoice_id
        where versions.finalized_at is not null
    ) as finalized
),

ordered as (
    select
        *,
        row_number() over (
            partition by invoice_id, line['id'] order by is_shown desc, place
        ) as nth
    from found
)

select
    ordered.invoice_id,
    ordered.line,
    coalesce(array_length(cut.lines), 0) - 1
    + row_number() over (partition by ordered.invoice_id order by ordered.line['id']) as line_no
from ordered
inner join cut on cut.invoice_id = ordered.invoice_id
where ordered.nth = 1 and not ordered.is_shown
