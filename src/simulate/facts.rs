//! What happened to an account's billing, whatever shape tells it. Nothing is made after the end of
//! simulated time; a later change of what was made before (an end, a decision) may lie after it.

use std::fmt;

use super::calendar::{AS_OF, DAY, HOUR, add_months};
use super::company::{COUPONS, Duration, PLANS};
use super::random::mix;

/// The part of a Stripe id after its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(u64);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut text = [b'0'; 11];
        let mut rest = self.0;
        for place in text.iter_mut().rev() {
            *place = DIGITS[(rest % 62) as usize];
            rest /= 62;
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// Makes the ids of one account, each a different one.
#[derive(Debug, Clone)]
pub struct Ids {
    next: u64,
    salt: u64,
}

impl Ids {
    pub fn new(account: u64, salt: u64) -> Self {
        Self { next: account << 20, salt }
    }

    pub fn next(&mut self) -> Id {
        self.next += 1;
        Id(mix(self.next ^ self.salt))
    }
}

#[derive(Debug)]
pub struct Customer {
    pub id: Id,
    pub created: i64,
    pub email: String,
    /// A later address, and from when.
    pub new_email: Option<(i64, String)>,
    pub name: String,
    pub account_key: Option<String>,
}

/// What is subscribed to, and how it is paid.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub plan: usize,
    pub is_yearly: bool,
    pub quantity: i64,
    pub coupon: Option<usize>,
    /// By invoice, not by card.
    pub is_sent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Requested,
    PaymentFailed,
    PaymentDisputed,
    /// The trial ended, and there was no way to pay.
    NoPaymentMethod,
}

#[derive(Debug)]
pub struct Subscription {
    pub id: Id,
    pub item: Id,
    pub discount: Option<Id>,
    pub customer: usize,
    pub terms: Terms,
    pub created: i64,
    pub trial: Option<Trial>,
    pub canceled_at: Option<i64>,
    /// The end, also one still to come.
    pub ends_at: Option<i64>,
    pub is_at_period_end: bool,
    pub reason: Option<Reason>,
    /// Since when Stripe has given up collecting, without ending the subscription.
    pub unpaid_from: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
pub struct Trial {
    pub start: i64,
    pub planned_end: i64,
    pub end: i64,
}

impl Subscription {
    /// Where billing periods start.
    pub fn anchor(&self) -> i64 {
        self.trial.map_or(self.created, |trial| trial.end)
    }

    /// The billing period with this number, from 0.
    pub fn period(&self, number: u32) -> (i64, i64) {
        let months = if self.terms.is_yearly { 12 } else { 1 };
        let at = |n| add_months(self.anchor(), n * months);
        (at(number), at(number + 1))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billing {
    Trial,
    Create,
    Cycle,
    /// The trial was ended before its time.
    Update,
}

#[derive(Debug)]
pub struct Invoice {
    pub id: Id,
    pub line: Id,
    pub intent: Id,
    pub payment: Id,
    pub subscription: usize,
    /// Of its customer, from 1.
    pub number: u32,
    pub billing: Billing,
    pub created: i64,
    pub finalized_at: i64,
    pub start: i64,
    pub end: i64,
    pub amount: i64,
    /// What the subscription's coupon takes off.
    pub off: i64,
    pub paid_at: Option<i64>,
    pub voided_at: Option<i64>,
    pub uncollectible_at: Option<i64>,
    pub is_out_of_band: bool,
}

impl Invoice {
    pub fn total(&self) -> i64 {
        self.amount - self.off
    }
}

#[derive(Debug)]
pub struct Charge {
    pub id: Id,
    pub balance: Id,
    pub invoice: usize,
    pub created: i64,
    pub is_failed: bool,
}

#[derive(Debug)]
pub struct Refund {
    pub id: Id,
    pub balance: Id,
    pub charge: usize,
    pub created: i64,
    pub amount: i64,
}

#[derive(Debug)]
pub struct Dispute {
    pub id: Id,
    pub charge: usize,
    pub created: i64,
    pub decided_at: i64,
    pub is_won: bool,
}

#[derive(Debug)]
pub struct CreditNote {
    pub id: Id,
    pub invoice: usize,
    pub created: i64,
    pub amount: i64,
    /// The refund that pays it, else it went to the customer's balance.
    pub refund: Option<usize>,
}

/// Everything that Stripe knows of one account.
#[derive(Debug)]
pub struct Facts {
    pub is_live: bool,
    /// Index of the currency.
    pub currency: usize,
    pub customers: Vec<Customer>,
    pub subscriptions: Vec<Subscription>,
    pub invoices: Vec<Invoice>,
    pub charges: Vec<Charge>,
    pub refunds: Vec<Refund>,
    pub disputes: Vec<Dispute>,
    pub credit_notes: Vec<CreditNote>,
    pub ids: Ids,
}

impl Facts {
    pub fn new(ids: Ids, currency: usize, is_live: bool) -> Self {
        Self {
            is_live,
            currency,
            customers: vec![],
            subscriptions: vec![],
            invoices: vec![],
            charges: vec![],
            refunds: vec![],
            disputes: vec![],
            credit_notes: vec![],
            ids,
        }
    }

    /// Starts a subscription, on trial until `trial_end` if there is one. Nothing starts after the
    /// end of time.
    pub fn subscribe(
        &mut self,
        customer: usize,
        at: i64,
        terms: Terms,
        trial_end: Option<i64>,
    ) -> Option<usize> {
        if at > AS_OF {
            return None;
        }
        let trial = trial_end.map(|end| Trial { start: at, planned_end: end, end });
        let subscription = Subscription {
            id: self.ids.next(),
            item: self.ids.next(),
            discount: terms.coupon.map(|_| self.ids.next()),
            customer,
            terms,
            created: at,
            trial,
            canceled_at: None,
            ends_at: None,
            is_at_period_end: false,
            reason: None,
            unpaid_from: None,
        };
        self.subscriptions.push(subscription);
        let index = self.subscriptions.len() - 1;
        if let Some(trial) = trial {
            self.push_invoice(index, Billing::Trial, (trial.start, trial.end), 0);
        }
        Some(index)
    }

    /// The invoice of a billing period.
    pub fn bill(&mut self, subscription: usize, period: u32, billing: Billing) -> Option<usize> {
        let bounds = self.subscriptions[subscription].period(period);
        let Terms { plan, is_yearly, quantity, .. } = self.subscriptions[subscription].terms;
        let months = if is_yearly { 10 } else { 1 };
        let amount = PLANS[plan].month[self.currency] * months * quantity;
        self.push_invoice(subscription, billing, bounds, amount)
    }

    fn push_invoice(
        &mut self,
        index: usize,
        billing: Billing,
        (start, end): (i64, i64),
        amount: i64,
    ) -> Option<usize> {
        if start > AS_OF {
            return None;
        }
        let off = self.off(index, start, amount);
        let subscription = &self.subscriptions[index];
        let customer = subscription.customer;
        let is_same =
            |invoice: &&Invoice| self.subscriptions[invoice.subscription].customer == customer;
        let number = 1 + self.invoices.iter().filter(is_same).count() as u32;
        // A cycle's invoice stays a draft for an hour.
        let finalized_at = if billing == Billing::Cycle { start + HOUR } else { start };
        let is_free = amount == off;
        let invoice = Invoice {
            id: self.ids.next(),
            line: self.ids.next(),
            intent: self.ids.next(),
            payment: self.ids.next(),
            subscription: index,
            number,
            billing,
            created: start,
            finalized_at,
            start,
            end,
            amount,
            off,
            paid_at: is_free.then_some(finalized_at),
            voided_at: None,
            uncollectible_at: None,
            is_out_of_band: false,
        };
        self.invoices.push(invoice);
        Some(self.invoices.len() - 1)
    }

    /// What the coupon takes off an invoice that starts then.
    fn off(&self, subscription: usize, start: i64, amount: i64) -> i64 {
        let Some(coupon) = self.subscriptions[subscription].terms.coupon else { return 0 };
        let applies = match COUPONS[coupon].duration {
            Duration::Forever => true,
            Duration::Once => !self
                .invoices
                .iter()
                .any(|invoice| invoice.subscription == subscription && invoice.amount > 0),
            Duration::Months(months) => {
                start < add_months(self.subscriptions[subscription].created, months)
            }
        };
        if applies { COUPONS[coupon].off(amount) } else { 0 }
    }

    /// A charge that goes through; the invoice is paid.
    pub fn pay(&mut self, invoice: usize, at: i64) -> Option<usize> {
        if self.invoices[invoice].total() == 0 || at > AS_OF {
            return None;
        }
        self.invoices[invoice].paid_at = Some(at);
        self.charge(invoice, at, false)
    }

    /// A charge that is declined.
    pub fn decline(&mut self, invoice: usize, at: i64) {
        if self.invoices[invoice].total() > 0 && at <= AS_OF {
            self.charge(invoice, at, true);
        }
    }

    fn charge(&mut self, invoice: usize, at: i64, is_failed: bool) -> Option<usize> {
        let (id, balance) = (self.ids.next(), self.ids.next());
        self.charges.push(Charge { id, balance, invoice, created: at, is_failed });
        Some(self.charges.len() - 1)
    }

    /// Money that came past Stripe.
    pub fn pay_out_of_band(&mut self, invoice: usize, at: i64) {
        if self.invoices[invoice].total() > 0 && at <= AS_OF {
            self.invoices[invoice].paid_at = Some(at);
            self.invoices[invoice].is_out_of_band = true;
        }
    }

    pub fn amount_of(&self, charge: usize) -> i64 {
        self.invoices[self.charges[charge].invoice].total()
    }

    pub fn refund(&mut self, charge: usize, amount: i64, at: i64) -> Option<usize> {
        if at > AS_OF {
            return None;
        }
        let (id, balance) = (self.ids.next(), self.ids.next());
        self.refunds.push(Refund { id, balance, charge, created: at, amount });
        Some(self.refunds.len() - 1)
    }

    pub fn dispute(&mut self, charge: usize, at: i64, decided_at: i64, is_won: bool) {
        if at <= AS_OF {
            let id = self.ids.next();
            self.disputes.push(Dispute { id, charge, created: at, decided_at, is_won });
        }
    }

    pub fn credit(&mut self, invoice: usize, amount: i64, at: i64, refund: Option<usize>) {
        if at <= AS_OF {
            let id = self.ids.next();
            self.credit_notes.push(CreditNote { id, invoice, created: at, amount, refund });
        }
    }

    /// Ends a subscription; what is decided after the end of time is not decided.
    pub fn cancel(&mut self, subscription: usize, decided: i64, ends: i64, reason: Reason) {
        if decided <= AS_OF {
            let subscription = &mut self.subscriptions[subscription];
            subscription.canceled_at = Some(decided);
            subscription.ends_at = Some(ends);
            subscription.is_at_period_end = ends > decided;
            subscription.reason = Some(reason);
        }
    }

    /// Ends a trial before its time, if that is now or was.
    pub fn end_trial(&mut self, subscription: usize, at: i64) -> bool {
        match &mut self.subscriptions[subscription].trial {
            Some(trial) if at <= AS_OF => {
                trial.end = at;
                true
            }
            _ => false,
        }
    }

    /// When the account's last subscription ended, or the end of time.
    pub fn ended_at(&self) -> i64 {
        let ends = self.subscriptions.iter().map(|s| s.ends_at.unwrap_or(AS_OF).min(AS_OF));
        ends.max().unwrap_or(AS_OF)
    }

    /// True if money came in.
    pub fn has_paid(&self) -> bool {
        self.invoices.iter().any(|invoice| invoice.total() > 0 && invoice.paid_at.is_some())
    }
}

/// The days after a failed charge on which it is tried again.
pub const RETRIES: [i64; 4] = [0, 3 * DAY, 5 * DAY, 7 * DAY];
