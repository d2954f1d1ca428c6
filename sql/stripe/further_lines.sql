-- Lines of invoices whose own list shows its first page only, as other rows have them: line items that
-- landed by themselves, and other versions of the same invoice. They stand behind the lines shown.
-- @keep result
with cut as (
    select id as invoice_id, lines
    from stripe_version.invoices
    where has_more_lines and is_in_mode and not is_deleted
),

shown as (
    select invoice_id, line['id'] as line_id
    from (select invoice_id, unnest(lines) as line from cut) as unnested
),

found as (
    select invoice_id, key, unnest(line) as line
    from stripe_log.line_items
    union all
    select invoice_id, key, unnest(lines) as line
    from (
        select cut.invoice_id, versions.key, versions.lines
        from cut
        inner join stripe_log.invoices as versions on versions.id = cut.invoice_id
        where versions.finalized_at is not null
    ) as finalized
),

further as (
    select
        invoice_id,
        line,
        row_number() over (partition by invoice_id, line['id'] order by encode(key, 'hex')) as nth
    from shown
    right anti join found on shown.invoice_id = found.invoice_id and shown.line_id = found.line['id']
)

select
    further.invoice_id,
    further.line,
    coalesce(array_length(cut.lines), 0) - 1
    + row_number() over (partition by further.invoice_id order by further.line['id']) as line_no
from further
inner join cut on cut.invoice_id = further.invoice_id
where further.nth = 1
