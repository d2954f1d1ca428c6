-- One row a trial spell: who stands for an account, who is in which arm, who paid, and why not.
with signals as (
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
        from backtest.outcomes as trials
        inner join backtest.signals as signals
            on signals.account_id = trials.account_id
            and signals.signal_at >= trials.started_at
            and signals.signal_at <= trials.landmark_at
        where greatest(signals.signal_at, signals.known_at) <= trials.landmark_at
    ) as shown
    where nth = 1
),

trials as (
    select trials.*, signals.signal_at, signals.event_at
    from signals
    right join backtest.outcomes as trials on trials.subscription_id = signals.subscription_id
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
        when trials.is_prior_payer then 'prior_payer'
        when not trials.is_mature then 'immature'
        when trials.gross_paid_at <= trials.landmark_at then 'converted_before_landmark'
        when not trials.is_alive then 'ended_before_landmark'
        when seen.known_at is null or seen.known_at > trials.landmark_at then 'unmatched'
    end as exclusion,
    not trials.is_test and trials.spell_no = 1 as is_index,
    trials.is_in_mode,
    trials.is_mature,
    trials.signal_at,
    trials.event_at,
    trials.gross_paid_at as gross_converted_at,
    trials.net_paid_at as net_converted_at,
    trials.net_subscription_id as converting_subscription_id,
    trials.net_invoice_id as converting_invoice_id,
    case when trials.net_paid_at <= trials.horizon_end_at then trials.mrr_list_minor end
        as mrr_list_minor,
    case when trials.net_paid_at <= trials.horizon_end_at then trials.mrr_net_minor end
        as mrr_net_minor,
    coalesce(
        case when trials.net_paid_at <= trials.horizon_end_at then trials.net_currency end,
        trials.currency
    ) as currency,
    trials.product_id as stratum,
    trials.lost_at,
    trials.landmark_at <= as_of()
        and trials.is_alive
        and (trials.gross_paid_at is null or trials.gross_paid_at > trials.landmark_at) as is_at_risk,
    coalesce(seen.known_at <= trials.landmark_at, false) as is_matched
from models.account_first_seen as seen
right join trials on trials.account_id = seen.account_id
