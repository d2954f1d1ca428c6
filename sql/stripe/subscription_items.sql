-- What a subscription consisted of, rebuilt from invoice lines: a cycle's lines are the full
-- state, prorations change single items from their period's start, also when billed weeks later.
-- One row without an item stands for a subscription of which only a part is known.
with lines as (
    select
        coalesce(line['subscription_id'], subscription_id) as subscription_id,
        coalesce(line['subscription_item_id'], line['price_id']) as item_key,
        line['subscription_item_id'] as subscription_item_id,
        line['price_id'] as price_id,
        line['product_id'] as product_id,
        line['quantity'] as quantity,
        line['amount_minor'] as amount_minor,
        line['period_start_at'] as effective_at,
        coalesce(line['is_proration'], false) as is_proration,
        line['line_no'] as line_no,
        created_at as evidence_at,
        id as invoice_id
    from (
        select id, subscription_id, created_at, unnest(lines) as line
        from stripe_version.invoices
        where is_in_mode and not is_deleted
            and status not in ('draft', 'void')
        union all
        select invoices.id, invoices.subscription_id, invoices.created_at, further.line
        from stripe.further_lines as further
        inner join stripe_version.invoices as invoices on invoices.id = further.invoice_id
        where invoices.status not in ('draft', 'void')
    ) as unnested
    where line['is_recurring'] and line['period_start_at'] <= as_of()
),

last_sets as (
    select subscription_id, effective_at, evidence_at, invoice_id
    from (
        select
            subscription_id,
            effective_at,
            evidence_at,
            invoice_id,
            row_number() over (
                partition by subscription_id order by effective_at desc, evidence_at desc, invoice_id
            ) as nth
        from lines
        where not is_proration
    ) as ordered
    where nth = 1
),

full_state as (
    select lines.*
    from lines
    inner join last_sets
        on last_sets.subscription_id = lines.subscription_id
        and last_sets.effective_at = lines.effective_at
        and last_sets.invoice_id = lines.invoice_id
    where not lines.is_proration
),

changes as (
    select lines.*
    from lines
    left join last_sets on last_sets.subscription_id = lines.subscription_id
    where lines.is_proration
        and (last_sets.effective_at is null or lines.effective_at > last_sets.effective_at)
),

ordered as (
    select
        *,
        row_number() over (
            partition by subscription_id, item_key
            -- At one moment the charge for the remaining time outranks the credit.
            order by effective_at desc, amount_minor >= 0 desc, evidence_at desc, line_no desc
        ) as latest
    from (select * from full_state union all select * from changes) as both_kinds
),

billed as (
    select distinct subscription_id from lines
),

-- The invoice that set the state, or a later one, shows a part of its lines only.
partial as (
    select lines.subscription_id
    from stripe.partial_invoices as partial
    inner join lines on lines.invoice_id = partial.invoice_id
    left join last_sets on last_sets.subscription_id = lines.subscription_id
    where last_sets.evidence_at is null or lines.evidence_at >= last_sets.evidence_at
    union
    select partial.subscription_id
    from stripe.partial_subscriptions as partial
    left join billed on billed.subscription_id = partial.subscription_id
    where billed.subscription_id is null
),

items as (
    select
        subscription_id,
        subscription_item_id,
        price_id,
        product_id,
        quantity,
        effective_at,
        evidence_at
    from ordered
    where latest = 1 and not (is_proration and amount_minor < 0)
    union all
    select
        unnested.subscription_id,
        item['id'],
        item['price_id'],
        item['product_id'],
        item['quantity'],
        item['created_at'],
        item['created_at']
    from (
        -- Items that landed by themselves stand behind those that the subscription shows.
        select
            subscription_id,
            item,
            row_number() over (partition by subscription_id, item['id'] order by place) as nth
        from (
            select subscription_id, unnest(items) as item, '' as place from stripe.subscriptions
            union all
            select further.subscription_id, further.item, further.place
            from (
                select subscription_id, unnest(item) as item, encode(key, 'hex') as place
                from stripe_log.subscription_items
            ) as further
            inner join stripe.subscriptions as subscriptions
                on subscriptions.subscription_id = further.subscription_id
            where subscriptions.has_more_items
        ) as both_kinds
    ) as unnested
    left join billed on billed.subscription_id = unnested.subscription_id
    where unnested.nth = 1
        and billed.subscription_id is null
        and (item['created_at'] is null or item['created_at'] <= as_of())
)

select items.*
from partial
right anti join items on items.subscription_id = partial.subscription_id
union all
select subscription_id, null, null, null, null, null, null from partial
