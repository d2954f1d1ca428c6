-- One row a trial spell: who stands for an account, who is in which arm, who paid, and why not.
with trials as (
    select
        *,
        started_at + cast($window as interval) as landmark_at,
        started_at + cast($horizon as interval) as horizon_end_at,
        least(started_at + cast($horizon as interval), as_of()) as judged_at
    from models.trials
    where is_in_mode or not $in_mode_only
),

signals as (
    -- Known when both the event and its link were there.
    select subscription_id, signal_at, event_at
    from (
        select
            trials.subscription_id,
            greatest(signals.signal_at, signals.known_at) as signal_at,
            signals.signal_at as event_at,
            row_number() over (
                partition by trials.subscription_id
                order by greatest(signals.signal_at, signals.known_at), signals.signal_at
            ) as nth
        from trials
        inner join backtest.signals as signals
            on signals.account_id = trials.account_id
            and signals.signal_at >= trials.started_at
            and signals.signal_at <= trials.landmark_at
        where greatest(signals.signal_at, signals.known_at) <= trials.landmark_at
    ) as shown
    where nth = 1
),

-- An account may have thousands of trials and payments: only times are compared of all pairs.
first_payments as (
    select
        trials.subscription_id,
        trials.account_id,
        trials.judged_at,
        min(payments.paid_at) as gross_paid_at,
        min(payments.paid_at) filter (
            where payments.reversed_at is null or payments.reversed_at > trials.judged_at
        ) as net_paid_at
    from trials
    inner join outcomes.payments as payments on payments.account_id = trials.account_id
    where payments.paid_at > trials.started_at
    group by trials.subscription_id, trials.account_id, trials.judged_at
),

net as (
    select
        *,
        row_number() over (partition by trial_id order by invoice_id) as nth
    from (
        select first_payments.subscription_id as trial_id, payments.*
        from first_payments
        inner join outcomes.payments as payments
            on payments.account_id = first_payments.account_id
            and payments.paid_at = first_payments.net_paid_at
        where payments.reversed_at is null or payments.reversed_at > first_payments.judged_at
    ) as paid
),

prior as (
    select distinct trials.subscription_id
    from trials
    inner join outcomes.payments as payments on payments.account_id = trials.account_id
    where payments.paid_at <= trials.started_at
),

alive as (
    select distinct trials.subscription_id
    from trials
    inner join models.subscription_lives as lives on lives.account_id = trials.account_id
    where lives.from_at <= trials.landmark_at
        and (lives.to_at is null or lives.to_at > trials.landmark_at)
),

lost as (
    select trials.subscription_id, min(gaps.from_at) as lost_at
    from trials
    inner join models.subscription_gaps as gaps on gaps.account_id = trials.account_id
    where gaps.from_at > trials.landmark_at
        and coalesce(gaps.to_at, as_of()) >= gaps.from_at + interval '30 days'
    group by trials.subscription_id
)

select
    trials.subscription_id,
    trials.customer_id,
    trials.account_id,
    trials.started_at as t0,
    trials.landmark_at,
    trials.horizon_end_at,
    case
        when trials.is_test then 'test_mode'
        when trials.is_internal then 'internal'
        when trials.spell_no > 1 then 'retrial'
        when prior.subscription_id is not null then 'prior_payer'
        when trials.horizon_end_at > as_of() then 'immature'
        when gross.gross_paid_at <= trials.landmark_at then 'converted_before_landmark'
        when alive.subscription_id is null then 'ended_before_landmark'
        when seen.known_at is null or seen.known_at > trials.landmark_at then 'unmatched'
    end as exclusion,
    not trials.is_test and trials.spell_no = 1 as is_index,
    trials.is_in_mode,
    trials.horizon_end_at <= as_of() as is_mature,
    signals.signal_at,
    signals.event_at,
    gross.gross_paid_at as gross_converted_at,
    net.paid_at as net_converted_at,
    net.subscription_id as converting_subscription_id,
    net.invoice_id as converting_invoice_id,
    case when net.paid_at <= trials.horizon_end_at then net.mrr_list_minor end as mrr_list_minor,
    case when net.paid_at <= trials.horizon_end_at then net.mrr_net_minor end as mrr_net_minor,
    coalesce(net.currency, trials.currency) as currency,
    trials.product_id as stratum,
    lost.lost_at,
    trials.landmark_at <= as_of()
        and alive.subscription_id is not null
        and (gross.gross_paid_at is null or gross.gross_paid_at > trials.landmark_at) as is_at_risk,
    coalesce(seen.known_at <= trials.landmark_at, false) as is_matched
from trials
left join signals on signals.subscription_id = trials.subscription_id
left join first_payments as gross on gross.subscription_id = trials.subscription_id
left join net on net.trial_id = trials.subscription_id and net.nth = 1
left join prior on prior.subscription_id = trials.subscription_id
left join alive on alive.subscription_id = trials.subscription_id
left join models.account_first_seen as seen on seen.account_id = trials.account_id
left join lost on lost.subscription_id = trials.subscription_id
order by trials.started_at, trials.subscription_id
