-- One row an account: its index trial, when its exposure window ends, and whether it paid within
-- the horizon and after that window.
select
    trials.account_id,
    trials.started_at,
    trials.started_at + interval '{window} days' as landmark_at,
    count(payments.account_id) > 0 as is_converted
from models.trials as trials
left join outcomes.payments as payments
    on payments.account_id = trials.account_id
    and payments.paid_at > trials.started_at + interval '{window} days'
    and payments.paid_at <= trials.started_at + interval '{horizon} days'
where trials.spell_no = 1 and not trials.is_test
group by trials.account_id, trials.started_at
