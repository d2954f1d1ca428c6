//! What may happen in an account, and a set of it, so that one can see that everything occurs.

macro_rules! cases {
    ($($name:ident => $text:literal,)*) => {
        /// Something that happens in some accounts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Case { $($name,)* }

        impl Case {
            pub const ALL: &[(Case, &str)] = &[$((Case::$name, $text),)*];
        }
    };
}

cases! {
    TestMode => "test_mode",
    Internal => "internal",
    NeverSeen => "never_seen_in_product",
    PriorPayer => "paid_before_trial",
    PaidEarly => "paid_within_window",
    EndedEarly => "ended_within_window",
    Immature => "too_recent",
    Running => "on_trial_at_the_end",
    Retrial => "second_trial",
    Plain => "paid_at_trial_end",
    Recovered => "failed_then_paid",
    EndedTrial => "ended_trial_to_pay",
    Resubscribed => "came_back_within_horizon",
    Sent => "paid_by_invoice",
    OutOfBand => "paid_out_of_band",
    ScheduledCancel => "trial_cancel_scheduled",
    ImmediateCancel => "trial_canceled_at_once",
    Lapsed => "trial_lapsed",
    NeverRecovered => "first_payment_never_recovered",
    RefundedInFull => "refunded_in_full",
    DisputeLost => "dispute_lost",
    Partner => "free_for_ever",
    Returned => "came_back_after_horizon",
    PartlyRefunded => "partly_refunded",
    DisputeWon => "dispute_won",
    DisputeOpen => "dispute_open",
    Credited => "credited",
    Coupon => "coupon",
    Yearly => "pays_by_year",
    Euros => "pays_euros",
    Yen => "pays_yen",
    RenewalRecovered => "renewal_failed_then_paid",
    RenewalLost => "renewal_never_paid",
    Churned => "canceled_later",
    Leaving => "cancel_scheduled_at_the_end",
    SecondCustomer => "several_customers",
    SeveralUsers => "several_users",
    AccountIds => "told_by_account_id",
    FreeMail => "told_by_free_mail",
    Consultant => "consultant",
    ConsultantGetsBills => "consultant_gets_bills",
    NewAddress => "address_changed",
}

/// A set of cases.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cases(u64);

impl Cases {
    pub fn add(&mut self, case: Case) {
        self.0 |= 1 << case as u64;
    }

    pub fn has(self, case: Case) -> bool {
        self.0 & (1 << case as u64) != 0
    }
}
