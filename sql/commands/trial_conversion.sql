-- Trials that ended in the last 30 days, by Stripe's published definition of conversion and by
-- ours. Stripe: the whole trial ran, it was not canceled, and the first invoice after it was paid.
-- Ours: the account kept paying recurring money that had not all gone back.
with ended as (
    select
        trials.subscription_id,
        trials.account_id,
        trials.started_at,
        trials.ends_at,
        trials.is_test,
        trials.is_internal,
        trials.spell_no,
        subscriptions.canceled_at,
        subscriptions.ended_at
    from models.trials as trials
    inner join stripe.subscriptions as subscriptions
        on subscriptions.subscription_id = trials.subscription_id
    where trials.ends_at > as_of() - interval '30 days' and trials.ends_at <= as_of()
        and trials.is_in_mode
),

first_invoices as (
    select subscription_id, status, cash_minor
    from (
        select
            ended.subscription_id,
            invoices.status,
            invoices.cash_minor,
            row_number() over (
                partition by ended.subscription_id order by invoices.created_at, invoices.invoice_id
            ) as nth
        from ended
        inner join stripe.invoices as invoices
            on invoices.subscription_id = ended.subscription_id
            and invoices.created_at >= ended.ends_at - interval '1 hour'
    ) as ordered
    where nth = 1
),

paid as (
    select
        ended.subscription_id,
        max(case when payments.reversed_at is null then 1 else 0 end) = 1 as is_kept,
        max(case when payments.subscription_id <> ended.subscription_id then 1 else 0 end) = 1
            as is_elsewhere,
        max(case when payments.paid_at < ended.ends_at - interval '1 hour' then 1 else 0 end) = 1
            as is_early
    from ended
    inner join outcomes.payments as payments
        on payments.account_id = ended.account_id
        and payments.paid_at > ended.started_at
    group by ended.subscription_id
),

judged as (
    select
        ended.*,
        ended.canceled_at < ended.ends_at or ended.ended_at < ended.ends_at as is_canceled,
        first_invoices.status as first_status,
        first_invoices.cash_minor as first_cash_minor,
        paid.is_kept,
        paid.is_elsewhere,
        paid.is_early,
        not coalesce(ended.canceled_at < ended.ends_at or ended.ended_at < ended.ends_at, false)
        and coalesce(first_invoices.status = 'paid', false) as by_stripe,
        coalesce(paid.is_kept, false)
        and not ended.is_test and not ended.is_internal and ended.spell_no = 1 as by_paydirt
    from ended
    left join first_invoices on first_invoices.subscription_id = ended.subscription_id
    left join paid on paid.subscription_id = ended.subscription_id
)

select
    subscription_id,
    account_id,
    ends_at,
    by_stripe,
    by_paydirt,
    case
        when by_stripe = by_paydirt then null
        when is_test then 'a test clock: paydirt leaves it out'
        when is_internal then 'own staff: paydirt leaves it out'
        when spell_no > 1 then 'not the first trial of its account: paydirt counts an account once'
        when by_stripe and is_kept = false then 'paid and given back: paydirt counts what is kept'
        when by_stripe and coalesce(first_cash_minor, 0) = 0
            then 'the first invoice was paid with nothing: paydirt counts money received'
        when by_stripe then 'paid, but for nothing recurring: paydirt counts recurring money'
        when is_canceled and is_early then 'paid before the trial ended: Stripe wants the whole trial'
        when is_elsewhere then 'the account pays for another subscription: Stripe looks at this one'
        when is_canceled then 'canceled within the trial, and paid all the same'
        else 'the first invoice after the trial is not paid, a later one is'
    end as rule
from judged
order by ends_at, subscription_id
