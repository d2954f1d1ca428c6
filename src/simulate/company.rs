//! What the company sells, and what is planted in it. Shares are per mille.

/// The company itself: name, and the domain of its own staff.
pub const NAME: &str = "Loomlane Inc";
pub const DOMAIN: &str = "loomlane.com";

pub const TRIAL_DAYS: i64 = 14;
pub const WINDOW_DAYS: i64 = 3;
pub const HORIZON_DAYS: i64 = 45;

/// A product with its prices and the chances of a trial of it.
#[derive(Debug)]
pub struct Plan {
    pub key: &'static str,
    pub name: &'static str,
    /// Share of the trials.
    pub share: u64,
    /// Probability of net conversion without the behaviour that helps.
    pub base: u64,
    /// Probability to show the confounded behaviour.
    pub confounded: u64,
    /// Price of a month, by currency; a year costs ten months.
    pub month: [i64; 3],
    /// The most seats, and the most users.
    pub seats: u64,
    pub users: u64,
}

pub const PLANS: [Plan; 3] = [
    Plan {
        key: "starter",
        name: "Starter",
        share: 400,
        base: 160,
        confounded: 200,
        month: [1_900, 1_800, 2_900],
        seats: 1,
        users: 2,
    },
    Plan {
        key: "team",
        name: "Team",
        share: 380,
        base: 380,
        confounded: 400,
        month: [2_900, 2_700, 4_400],
        seats: 5,
        users: 5,
    },
    Plan {
        key: "business",
        name: "Business",
        share: 220,
        base: 620,
        confounded: 800,
        month: [5_900, 5_500, 8_900],
        seats: 12,
        users: 8,
    },
];

pub const CURRENCIES: [&str; 3] = ["usd", "eur", "jpy"];
pub const CURRENCY_SHARES: [(usize, u64); 3] = [(0, 880), (1, 90), (2, 30)];

/// What the behaviour that helps adds to the probability of conversion, within every plan.
pub const EFFECT: u64 = 250;

/// A coupon: percent or an amount of dollars off.
#[derive(Debug)]
pub struct Coupon {
    pub id: &'static str,
    pub percent_off: Option<i64>,
    pub amount_off: Option<i64>,
    pub duration: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duration {
    Once,
    Months(u32),
    Forever,
}

const fn coupon(id: &'static str, percent: i64, duration: Duration) -> Coupon {
    Coupon { id, percent_off: Some(percent), amount_off: None, duration }
}

const fn dollars_off(id: &'static str, cents: i64, duration: Duration) -> Coupon {
    Coupon { id, percent_off: None, amount_off: Some(cents), duration }
}

/// The last one is for partners, who never pay.
pub const COUPONS: [Coupon; 6] = [
    coupon("LAUNCH20", 20, Duration::Once),
    coupon("SPRING25", 25, Duration::Months(3)),
    coupon("FRIENDS10", 10, Duration::Forever),
    dollars_off("WELCOME10", 1_000, Duration::Once),
    dollars_off("LOYAL5", 500, Duration::Forever),
    coupon("PARTNER100", 100, Duration::Forever),
];
pub const PARTNER: usize = 5;

/// Coupons given to trials, by index; those in dollars only where dollars are paid.
pub const COUPON_SHARES: [(Option<usize>, u64); 4] =
    [(None, 840), (Some(0), 60), (Some(1), 50), (Some(2), 50)];
pub const DOLLAR_COUPON_SHARES: [(Option<usize>, u64); 6] =
    [(None, 820), (Some(0), 50), (Some(1), 40), (Some(2), 40), (Some(3), 30), (Some(4), 20)];

impl Coupon {
    /// What it takes off an amount.
    pub fn off(&self, amount: i64) -> i64 {
        match (self.percent_off, self.amount_off) {
            (Some(percent), _) => (amount * percent + 50) / 100,
            (None, off) => off.unwrap_or_default().min(amount),
        }
    }
}

/// The five planted behaviours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behaviour {
    /// Raises conversion.
    Published,
    /// Changes nothing.
    Browsed,
    /// Goes with the plan, and the plan with conversion.
    Invited,
    /// Comes by at a constant rate, so that who lives longer shows it more often.
    Commented,
    /// Shown often only by those who stayed.
    Exported,
}

impl Behaviour {
    pub const ALL: [Behaviour; 5] = [
        Behaviour::Published,
        Behaviour::Browsed,
        Behaviour::Invited,
        Behaviour::Commented,
        Behaviour::Exported,
    ];

    /// Name of the product event.
    pub fn event(self) -> &'static str {
        match self {
            Behaviour::Published => "workflow_published",
            Behaviour::Browsed => "template_browsed",
            Behaviour::Invited => "teammate_invited",
            Behaviour::Commented => "comment_added",
            Behaviour::Exported => "report_exported",
        }
    }

    /// Its bit in a set of behaviours.
    pub fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Share of trials that publish within the window.
pub const PUBLISHED: u64 = 420;
/// Of the others, those that publish a little later.
pub const PUBLISHED_LATE: u64 = 150;
pub const BROWSED: u64 = 400;
/// Chance of a comment on each day: 40 % within three days.
pub const COMMENTED_A_DAY: u64 = 157;
/// Share of trials that ever export reports.
pub const EXPORTED: u64 = 800;
/// So many exports make the hypothesis; nobody gets there within a trial.
pub const EXPORTS: usize = 5;
pub const MOST_EXPORTS: usize = 7;
