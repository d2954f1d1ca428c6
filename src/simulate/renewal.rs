//! A paying subscription from its second period on, until it ends or time does.

use super::account::Account;
use super::calendar::{AS_OF, DAY, HOUR};
use super::cases::Case;
use super::facts::{Billing, RETRIES, Reason};
use super::random::Random;

/// Chances that a subscription is canceled within a month, or within a year.
const CHURN_MONTH: u64 = 170;
const CHURN_YEAR: u64 = 380;

/// Bills period after period; returns when the subscription is over, at the latest the end of time.
pub fn renew(account: &mut Account, random: &mut Random, sub: usize) -> i64 {
    let subscription = &account.facts.subscriptions[sub];
    let churn = if subscription.terms.is_yearly { CHURN_YEAR } else { CHURN_MONTH };
    for period in 1.. {
        let (before, _) = account.facts.subscriptions[sub].period(period - 1);
        let (start, _) = account.facts.subscriptions[sub].period(period);
        if random.chance(churn) {
            let decided = random.between(before + 2 * DAY, start - HOUR);
            account.facts.cancel(sub, decided, start, Reason::Requested);
            if decided <= AS_OF {
                account.cases.add(if start > AS_OF { Case::Leaving } else { Case::Churned });
            }
            return start.min(AS_OF);
        }
        let Some(invoice) = account.facts.bill(sub, period, Billing::Cycle) else { return AS_OF };
        if let Some(end) = pay(account, random, sub, invoice) {
            return end.min(AS_OF);
        }
    }
    AS_OF
}

/// One renewal; returns the end if the money never comes.
fn pay(account: &mut Account, random: &mut Random, sub: usize, invoice: usize) -> Option<i64> {
    let facts = &mut account.facts;
    let at = facts.invoices[invoice].finalized_at;
    match random.below(1000) {
        0..45 => {
            let failures = 1 + random.below(3) as usize;
            for retry in &RETRIES[..failures] {
                facts.decline(invoice, at + retry);
            }
            if facts.pay(invoice, at + RETRIES[failures]).is_some() {
                account.cases.add(Case::RenewalRecovered);
            }
        }
        45..60 => {
            for retry in RETRIES {
                facts.decline(invoice, at + retry);
            }
            let given_up = at + 15 * DAY;
            if facts.invoices[invoice].total() > 0 {
                facts.cancel(sub, given_up, given_up, Reason::PaymentFailed);
                if given_up <= AS_OF {
                    facts.invoices[invoice].uncollectible_at = Some(given_up);
                    account.cases.add(Case::RenewalLost);
                }
                return Some(given_up);
            }
        }
        60..68 => {
            let total = facts.invoices[invoice].total();
            if let Some(charge) = facts.pay(invoice, at) {
                let later = at + random.between(DAY, 10 * DAY);
                facts.refund(charge, total / 2, later);
            }
        }
        68..76 => {
            if let Some(charge) = facts.pay(invoice, at) {
                let later = at + random.between(DAY, 30 * DAY);
                let decided = later + random.between(60 * DAY, 90 * DAY);
                facts.dispute(charge, later, decided, random.chance(500));
                if later <= AS_OF && decided > AS_OF {
                    account.cases.add(Case::DisputeOpen);
                }
            }
        }
        _ => {
            facts.pay(invoice, at);
        }
    }
    None
}
