-- Trial spells of both modes. An account's index trial is its earliest; later ones are re-trials.
-- @keep result
with spells as (
    select
        subscriptions.*,
        coalesce(first_trial_start_at, items[1]['current_trial_start_at']) as spell_from_at,
        coalesce(trial_end_at, items[1]['current_trial_end_at']) as spell_to_at
    from stripe.subscriptions_all_modes as subscriptions
)

select
    spells.subscription_id,
    spells.customer_id,
    accounts.account_id,
    spells.spell_from_at as started_at,
    spells.spell_to_at as ends_at,
    spells.created_at,
    spells.currency,
    products.product_id,
    spells.is_in_mode,
    not spells.is_in_mode or spells.test_clock_id is not null as is_test,
    accounts.is_internal,
    row_number() over (
        partition by
            accounts.account_id,
            not spells.is_in_mode or spells.test_clock_id is not null
        order by spells.spell_from_at, spells.created_at, spells.subscription_id
    ) as spell_no
from spells
inner join models.customer_accounts as accounts on accounts.customer_id = spells.customer_id
left join models.trial_products as products on products.subscription_id = spells.subscription_id
where spells.spell_from_at < spells.spell_to_at and spells.spell_from_at <= as_of()
