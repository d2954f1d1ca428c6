//! What becomes of a trial: the ways in which money comes, and those in which it does not.
//!
//! Whether an account converts is decided first, by its plan and by the behaviour that helps; then
//! how. The ways of converting all end in money that is kept by the end of the horizon, the others
//! never do, so that the planted probabilities are those of net conversion.

use super::account::{Account, Kind, World};
use super::calendar::{AS_OF, DAY, HOUR, MINUTE};
use super::cases::Case;
use super::company::{
    COUPON_SHARES, DOLLAR_COUPON_SHARES, EFFECT, HORIZON_DAYS, PARTNER, PLANS, TRIAL_DAYS,
    WINDOW_DAYS,
};
use super::facts::{Billing, RETRIES, Reason, Terms};
use super::people::Identity;
use super::random::Random;
use super::renewal::renew;

const WAYS_TO_PAY: [(Case, u64); 7] = [
    (Case::Plain, 690),
    (Case::Recovered, 110),
    (Case::EndedTrial, 65),
    (Case::Resubscribed, 45),
    (Case::Retrial, 25),
    (Case::Sent, 45),
    (Case::OutOfBand, 20),
];

const WAYS_TO_LEAVE: [(Case, u64); 8] = [
    (Case::ScheduledCancel, 350),
    (Case::ImmediateCancel, 190),
    (Case::Lapsed, 190),
    (Case::NeverRecovered, 120),
    (Case::RefundedInFull, 55),
    (Case::DisputeLost, 25),
    (Case::Partner, 30),
    (Case::Returned, 40),
];

/// Tells the life of an account that came at `arrival` and has one customer.
pub fn tell(account: &mut Account, world: &World, arrival: i64, random: &mut Random) {
    let mut story = Story { account, world, random };
    let created = story.account.facts.customers[0].created;
    let start = match story.account.kind {
        Kind::PriorPayer => story.prior_payment(created),
        _ => created + story.random.between(5, 2 * MINUTE),
    };
    story.account.trial_start = start;
    if start > AS_OF {
        story.account.active.push((arrival, AS_OF));
        return;
    }
    if start + HORIZON_DAYS * DAY > AS_OF {
        story.account.cases.add(Case::Immature);
    }
    let left_at = match story.account.kind {
        Kind::PaidEarly => story.paid_early(start),
        Kind::EndedEarly => story.ended_early(start),
        _ => story.ordinary(start),
    };
    let account = story.account;
    let is_seen = account.kind != Kind::NeverSeen;
    if is_seen {
        account.active.insert(0, (arrival, left_at.min(AS_OF)));
    } else {
        account.active.clear();
    }
    let facts = &account.facts;
    if facts.subscriptions.iter().any(|s| {
        s.trial.is_some_and(|trial| trial.end > AS_OF) && s.ends_at.is_none_or(|end| end > AS_OF)
    }) {
        account.cases.add(Case::Running);
    }
}

struct Story<'a> {
    account: &'a mut Account,
    world: &'a World,
    random: &'a mut Random,
}

impl Story<'_> {
    /// The usual terms of this account.
    fn terms(&mut self) -> Terms {
        let plan = self.account.plan;
        let coupon = if self.account.facts.currency == 0 {
            self.random.choose(&DOLLAR_COUPON_SHARES)
        } else {
            self.random.choose(&COUPON_SHARES)
        };
        let terms = Terms {
            plan,
            is_yearly: self.random.chance(350),
            quantity: 1 + self.random.below(PLANS[plan].seats) as i64,
            coupon,
            is_sent: false,
        };
        if terms.is_yearly {
            self.account.cases.add(Case::Yearly);
        }
        if coupon.is_some() {
            self.account.cases.add(Case::Coupon);
        }
        terms
    }

    /// A trial from `start`; its length is the same for all.
    fn trial(&mut self, customer: usize, start: i64, terms: Terms) -> Option<usize> {
        self.account.facts.subscribe(customer, start, terms, Some(start + TRIAL_DAYS * DAY))
    }

    /// The customer of a later subscription: sometimes another department.
    fn later_customer(&mut self, at: i64, per_mille: u64) -> usize {
        let is_other = self.account.identity != Identity::FreeMail && self.random.chance(per_mille);
        if !is_other || at > AS_OF {
            return 0;
        }
        self.account.cases.add(Case::SecondCustomer);
        self.account.add_customer(self.world, at - 5 * MINUTE, true, self.random)
    }

    /// Some months of paying before there was a trial; returns when that starts.
    fn prior_payment(&mut self, created: i64) -> i64 {
        let terms = Terms { is_yearly: false, ..self.terms() };
        let Some(sub) = self.account.facts.subscribe(0, created + MINUTE, terms, None) else {
            return created;
        };
        let months = 1 + self.random.below(4) as u32;
        for month in 0..months {
            self.bill_and_pay(sub, month);
        }
        let (from, to) = self.account.facts.subscriptions[sub].period(months - 1);
        let decided = self.random.between(from + DAY, to - HOUR);
        self.account.facts.cancel(sub, decided, to, Reason::Requested);
        to + self.random.between(20 * DAY, 100 * DAY)
    }

    /// Pays before the window is over.
    fn paid_early(&mut self, start: i64) -> i64 {
        self.account.cases.add(Case::PaidEarly);
        let terms = self.terms();
        let Some(sub) = self.trial(0, start, terms) else { return AS_OF };
        let at = start + self.random.between(2 * HOUR, 70 * HOUR);
        self.end_trial_and_pay(sub, at)
    }

    /// Leaves before the window is over.
    fn ended_early(&mut self, start: i64) -> i64 {
        self.account.cases.add(Case::EndedEarly);
        let terms = self.terms();
        let Some(sub) = self.trial(0, start, terms) else { return AS_OF };
        let at = start + self.random.between(HOUR, 70 * HOUR);
        self.account.facts.cancel(sub, at, at, Reason::Requested);
        self.try_again(at);
        at
    }

    fn ordinary(&mut self, start: i64) -> i64 {
        let effect = if self.account.publishes { EFFECT } else { 0 };
        self.account.converts = self.random.chance(PLANS[self.account.plan].base + effect);
        if self.account.converts {
            let way = self.random.choose(&WAYS_TO_PAY);
            self.pay(start, way)
        } else {
            let way = self.random.choose(&WAYS_TO_LEAVE);
            self.leave(start, way)
        }
    }

    fn pay(&mut self, start: i64, way: Case) -> i64 {
        let is_sent = matches!(way, Case::Sent | Case::OutOfBand);
        let terms = Terms { is_sent, ..self.terms() };
        let Some(sub) = self.trial(0, start, terms) else { return AS_OF };
        let end = start + TRIAL_DAYS * DAY;
        match way {
            Case::EndedTrial => {
                let at = start + self.random.between((WINDOW_DAYS * 24 + 2) * HOUR, 13 * DAY);
                if at <= AS_OF {
                    self.account.cases.add(way);
                }
                return self.end_trial_and_pay(sub, at);
            }
            Case::Resubscribed | Case::Retrial => return self.come_back_soon(start, sub, way),
            _ => {}
        }
        let Some(invoice) = self.account.facts.bill(sub, 0, Billing::Cycle) else { return AS_OF };
        self.account.cases.add(way);
        let first = end + HOUR;
        let charge = match way {
            Case::Recovered => {
                let failures = 1 + self.random.below(3) as usize;
                for retry in &RETRIES[..failures] {
                    self.account.facts.decline(invoice, first + retry);
                }
                self.account.facts.pay(invoice, first + RETRIES[failures])
            }
            Case::Sent => {
                let at = first + self.random.between(2 * DAY, 13 * DAY);
                self.account.facts.pay(invoice, at)
            }
            Case::OutOfBand => {
                let at = first + self.random.between(2 * DAY, 13 * DAY);
                self.account.facts.pay_out_of_band(invoice, at);
                None
            }
            _ => self.account.facts.pay(invoice, first),
        };
        self.kept(sub, invoice, charge)
    }

    fn end_trial_and_pay(&mut self, sub: usize, at: i64) -> i64 {
        if !self.account.facts.end_trial(sub, at) {
            return AS_OF;
        }
        let Some(invoice) = self.account.facts.bill(sub, 0, Billing::Update) else { return AS_OF };
        let charge = self.account.facts.pay(invoice, at);
        self.kept(sub, invoice, charge)
    }

    /// Cancels the trial, and is back with another subscription, which is paid within the horizon.
    fn come_back_soon(&mut self, start: i64, first: usize, way: Case) -> i64 {
        let left = start + self.random.between(4 * DAY, 10 * DAY);
        self.account.facts.cancel(first, left, left, Reason::Requested);
        let back = left + self.random.between(6 * HOUR, 5 * DAY);
        let customer = self.later_customer(back, 400);
        let terms = self.terms();
        if way == Case::Retrial {
            let Some(sub) = self.trial(customer, back, terms) else { return left };
            self.account.cases.add(Case::Retrial);
            let Some(invoice) = self.account.facts.bill(sub, 0, Billing::Cycle) else {
                return AS_OF;
            };
            let charge = self.account.facts.pay(invoice, back + TRIAL_DAYS * DAY + HOUR);
            return self.kept(sub, invoice, charge);
        }
        let Some(sub) = self.account.facts.subscribe(customer, back, terms, None) else {
            return left;
        };
        self.account.cases.add(Case::Resubscribed);
        match self.bill_and_pay(sub, 0) {
            Some((invoice, charge)) => self.kept(sub, invoice, charge),
            None => left,
        }
    }

    /// The first payment came and stays; returns when the account leaves.
    fn kept(&mut self, sub: usize, invoice: usize, charge: Option<usize>) -> i64 {
        let facts = &mut self.account.facts;
        let total = facts.invoices[invoice].total();
        if let (Some(charge), Some(paid)) = (charge, facts.invoices[invoice].paid_at) {
            let at = paid + self.random.between(DAY, 15 * DAY);
            let part = total * self.random.between(15, 60) / 100;
            match self.random.below(1000) {
                0..40 => {
                    let refund = facts.refund(charge, part, at);
                    if refund.is_some() {
                        self.account.cases.add(Case::PartlyRefunded);
                    }
                }
                40..58 => {
                    facts.credit(invoice, part, at, None);
                    self.account.cases.add(Case::Credited);
                }
                58..80 => {
                    let decided = at + self.random.between(60 * DAY, 90 * DAY);
                    facts.dispute(charge, at, decided, true);
                    let is_open = decided > AS_OF;
                    let case = if is_open { Case::DisputeOpen } else { Case::DisputeWon };
                    if at <= AS_OF {
                        self.account.cases.add(case);
                    }
                }
                _ => {}
            }
        }
        self.account.new_address(self.random);
        self.second_department();
        renew(self.account, self.random, sub)
    }

    /// A second customer of the account, with a subscription of its own.
    fn second_department(&mut self) {
        let paid = self.account.facts.invoices.last().map_or(AS_OF, |invoice| invoice.created);
        let at = paid + self.random.between(10 * DAY, 200 * DAY);
        if !self.random.chance(40) || at > AS_OF || self.account.identity == Identity::FreeMail {
            return;
        }
        let customer = self.later_customer(at, 1000);
        let terms = Terms { quantity: 1, is_yearly: true, ..self.terms() };
        if let Some(sub) = self.account.facts.subscribe(customer, at, terms, None) {
            self.bill_and_pay(sub, 0);
            renew(self.account, self.random, sub);
        }
    }

    fn leave(&mut self, start: i64, way: Case) -> i64 {
        let coupon = (way == Case::Partner).then_some(PARTNER);
        let mut terms = self.terms();
        terms.coupon = coupon.or(terms.coupon);
        let Some(sub) = self.trial(0, start, terms) else { return AS_OF };
        let end = start + TRIAL_DAYS * DAY;
        let landmark = start + WINDOW_DAYS * DAY;
        let left = match way {
            Case::ScheduledCancel | Case::Returned => {
                let decided = start + self.random.between(2 * HOUR, TRIAL_DAYS * DAY - HOUR);
                self.account.facts.cancel(sub, decided, end, Reason::Requested);
                // They look around until the window is over, then lose interest.
                if decided <= AS_OF { decided.max(landmark + HOUR) } else { end }
            }
            Case::ImmediateCancel => {
                let decided = self.random.between(landmark + HOUR, end - HOUR);
                self.account.facts.cancel(sub, decided, decided, Reason::Requested);
                decided
            }
            Case::Lapsed => {
                self.account.facts.cancel(sub, end, end, Reason::NoPaymentMethod);
                end
            }
            Case::NeverRecovered => return self.never_recovered(sub, end),
            Case::RefundedInFull | Case::DisputeLost => return self.money_back(sub, end, way),
            _ => {
                if end <= AS_OF {
                    self.account.cases.add(Case::Partner);
                }
                return renew_from_start(self, sub);
            }
        };
        if left <= AS_OF {
            self.account.cases.add(if way == Case::Returned { Case::ScheduledCancel } else { way });
        }
        match way {
            Case::Returned => self.return_late(start),
            _ => self.try_again(end),
        }
        left
    }

    /// The first payment fails until Stripe gives up.
    fn never_recovered(&mut self, sub: usize, end: i64) -> i64 {
        let facts = &mut self.account.facts;
        let Some(invoice) = facts.bill(sub, 0, Billing::Cycle) else { return end };
        let first = facts.invoices[invoice].finalized_at;
        for retry in RETRIES {
            facts.decline(invoice, first + retry);
        }
        let given_up = first + 15 * DAY;
        let way = self.random.below(4);
        if given_up <= AS_OF {
            self.account.cases.add(Case::NeverRecovered);
            match way {
                0 => facts.subscriptions[sub].unpaid_from = Some(given_up),
                _ => facts.cancel(sub, given_up, given_up, Reason::PaymentFailed),
            }
            match way {
                1 => facts.invoices[invoice].voided_at = Some(given_up),
                2 => facts.invoices[invoice].uncollectible_at = Some(given_up),
                _ => {}
            }
        }
        // Access ends before the last attempt.
        first + 5 * DAY
    }

    /// Pays, and has all of it back before the horizon is over.
    fn money_back(&mut self, sub: usize, end: i64, way: Case) -> i64 {
        let facts = &mut self.account.facts;
        let Some(invoice) = facts.bill(sub, 0, Billing::Cycle) else { return end };
        let paid = facts.invoices[invoice].finalized_at;
        let total = facts.invoices[invoice].total();
        let Some(charge) = facts.pay(invoice, paid) else { return end };
        let at = paid + self.random.between(DAY, 12 * DAY);
        if way == Case::DisputeLost {
            let decided = at + self.random.between(5 * DAY, 15 * DAY);
            facts.dispute(charge, at, decided, false);
            facts.cancel(sub, decided, decided, Reason::PaymentDisputed);
            if decided <= AS_OF {
                self.account.cases.add(way);
            }
            return at;
        }
        let refund = facts.refund(charge, total, at);
        if refund.is_some() {
            self.account.cases.add(way);
            if self.random.chance(250) {
                facts.credit(invoice, total, at, refund);
            }
        }
        facts.cancel(sub, at, at, Reason::Requested);
        at
    }

    /// Some of those who left have another trial months later.
    fn try_again(&mut self, left: i64) {
        if !self.random.chance(90) {
            return;
        }
        let at = left + self.random.between(40 * DAY, 150 * DAY);
        let terms = self.terms();
        let Some(sub) = self.trial(0, at, terms) else { return };
        self.account.cases.add(Case::Retrial);
        let end = at + TRIAL_DAYS * DAY;
        let until = if self.random.chance(300) {
            renew_from_start(self, sub)
        } else {
            self.account.facts.cancel(sub, end, end, Reason::NoPaymentMethod);
            end
        };
        self.account.active.push((at, until.min(AS_OF)));
    }

    /// Comes back when the horizon is long over, and pays.
    fn return_late(&mut self, start: i64) {
        let at = start + self.random.between((HORIZON_DAYS + 5) * DAY, 200 * DAY);
        let customer = self.later_customer(at, 300);
        let terms = self.terms();
        let Some(sub) = self.account.facts.subscribe(customer, at, terms, None) else { return };
        self.account.cases.add(Case::Returned);
        self.bill_and_pay(sub, 0);
        let until = renew(self.account, self.random, sub);
        self.account.active.push((at, until.min(AS_OF)));
    }

    fn bill_and_pay(&mut self, sub: usize, period: u32) -> Option<(usize, Option<usize>)> {
        let billing = if period == 0 { Billing::Create } else { Billing::Cycle };
        let facts = &mut self.account.facts;
        let invoice = facts.bill(sub, period, billing)?;
        let at = facts.invoices[invoice].finalized_at;
        Some((invoice, facts.pay(invoice, at)))
    }
}

/// The first period after a trial, paid at once, and those after it.
fn renew_from_start(story: &mut Story<'_>, sub: usize) -> i64 {
    let facts = &mut story.account.facts;
    let Some(invoice) = facts.bill(sub, 0, Billing::Cycle) else { return AS_OF };
    let at = facts.invoices[invoice].finalized_at;
    facts.pay(invoice, at);
    renew(story.account, story.random, sub)
}
