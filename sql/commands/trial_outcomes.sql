-- One row a trial spell, and what became of it: who paid and when, and what lived at the landmark.
-- Neither signals nor identities of product events have a part in it.
with trials as (
    select
        *,
        started_at + cast($window as interval) as landmark_at,
        started_at + cast($horizon as interval) as horizon_end_at,
        least(started_at + cast($horizon as interval), as_of()) as judged_at
    from models.trials
    where is_in_mode or not $in_mode_only
),

-- An account may have thousands of trials and payments: only times are compared of all pairs.
first_payments as (
    select
        trials.subscription_id,
        trials.account_id,
        trials.judged_at,
        bool_or(payments.paid_at <= trials.started_at) as is_prior_payer,
        min(payments.paid_at) filter (where payments.paid_at > trials.started_at) as gross_paid_at,
        min(payments.paid_at) filter (
            where payments.paid_at > trials.started_at
                and (payments.reversed_at is null or payments.reversed_at > trials.judged_at)
        ) as net_paid_at
    from trials
    inner join outcomes.payments as payments on payments.account_id = trials.account_id
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

-- One under the other and grouped: joins side by side would carry all text along.
told as (
    select
        subscription_id,
        is_prior_payer,
        gross_paid_at,
        null as net_paid_at,
        null as net_subscription_id,
        null as net_invoice_id,
        null as net_currency,
        null as mrr_list_minor,
        null as mrr_net_minor,
        null as is_alive,
        null as lost_at
    from first_payments
    union all by name
    select
        trial_id as subscription_id,
        paid_at as net_paid_at,
        subscription_id as net_subscription_id,
        invoice_id as net_invoice_id,
        currency as net_currency,
        mrr_list_minor,
        mrr_net_minor
    from net
    where nth = 1
    union all by name
    select trials.subscription_id, true as is_alive
    from trials
    inner join models.subscription_lives as lives on lives.account_id = trials.account_id
    where lives.from_at <= trials.landmark_at
        and (lives.to_at is null or lives.to_at > trials.landmark_at)
    union all by name
    select trials.subscription_id, gaps.from_at as lost_at
    from trials
    inner join models.subscription_gaps as gaps on gaps.account_id = trials.account_id
    where gaps.from_at > trials.landmark_at
        and coalesce(gaps.to_at, as_of()) >= gaps.from_at + interval '30 days'
),

of_trials as (
    select
        subscription_id,
        bool_or(is_prior_payer) as is_prior_payer,
        min(gross_paid_at) as gross_paid_at,
        min(net_paid_at) as net_paid_at,
        min(net_subscription_id) as net_subscription_id,
        min(net_invoice_id) as net_invoice_id,
        min(net_currency) as net_currency,
        min(mrr_list_minor) as mrr_list_minor,
        min(mrr_net_minor) as mrr_net_minor,
        bool_or(is_alive) as is_alive,
        min(lost_at) as lost_at
    from told
    group by subscription_id
)

select
    trials.* exclude (ends_at, created_at, judged_at),
    trials.horizon_end_at <= as_of() as is_mature,
    coalesce(of_trials.is_prior_payer, false) as is_prior_payer,
    of_trials.gross_paid_at,
    of_trials.net_paid_at,
    of_trials.net_subscription_id,
    of_trials.net_invoice_id,
    of_trials.net_currency,
    of_trials.mrr_list_minor,
    of_trials.mrr_net_minor,
    coalesce(of_trials.is_alive, false) as is_alive,
    of_trials.lost_at
-- What is told of them is little, and they pass by it.
from of_trials
right join trials on trials.subscription_id = of_trials.subscription_id
