//! One account: who it is, what it does in the product, and when. Its number and the seed decide
//! everything, so any account can be made without the ones before it.

use super::calendar::{AS_OF, Arrivals, DAY, EVENTS_SINCE, HOUR, MINUTE, day_start, time_of_day};
use super::cases::{Case, Cases};
use super::company::{
    BROWSED, Behaviour, COMMENTED_A_DAY, CURRENCIES, CURRENCY_SHARES, DOMAIN, EXPORTED, EXPORTS,
    MOST_EXPORTS, PLANS, PUBLISHED, PUBLISHED_LATE, WINDOW_DAYS,
};
use super::facts::{Customer, Facts, Ids};
use super::people::{Identity, People};
use super::random::{Even, ROOTS, Random, Streams, chosen, mix};
use super::story;

/// Why a trial is not compared, as far as its birth decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    TestMode,
    Internal,
    NeverSeen,
    PriorPayer,
    PaidEarly,
    EndedEarly,
    Ordinary,
}

const KINDS: [(Kind, u64); 7] = [
    (Kind::TestMode, 12),
    (Kind::Internal, 8),
    (Kind::NeverSeen, 40),
    (Kind::PriorPayer, 14),
    (Kind::PaidEarly, 20),
    (Kind::EndedEarly, 36),
    (Kind::Ordinary, 870),
];

const IDENTITIES: [(Identity, u64); 3] =
    [(Identity::Domain, 800), (Identity::Group, 130), (Identity::FreeMail, 70)];

/// How much more than the quietest an account uses the product.
const INTENSITIES: [(u64, u64); 5] = [(2, 45), (4, 28), (8, 16), (16, 8), (40, 3)];

/// All accounts of a seed.
#[derive(Debug)]
pub struct World {
    pub arrivals: Arrivals,
    pub people: People,
    lives: Streams,
    ids: u64,
    kinds: Even,
    plans: Even,
    published: Even,
    invited: Even,
    browsed: Even,
    exported: Even,
    identities: Even,
}

/// One account and its whole life.
#[derive(Debug)]
pub struct Account {
    pub number: u64,
    pub kind: Kind,
    pub identity: Identity,
    pub plan: usize,
    /// The domain of its people.
    pub domain: String,
    pub users: u64,
    pub consultant: Option<String>,
    pub facts: Facts,
    /// When its trial starts; none if that lies after the end of time.
    pub trial_start: i64,
    /// Whether it publishes within the window.
    pub publishes: bool,
    /// What it shows of the planted behaviours, in order of time.
    pub shown: Vec<(i64, Behaviour)>,
    /// When its people use the product.
    pub active: Vec<(i64, i64)>,
    pub intensity: u64,
    pub cases: Cases,
    /// Net conversion as planted, of accounts that are compared.
    pub converts: bool,
}

impl World {
    pub fn new(seed: u64, accounts: u64) -> Self {
        let start = |n: u64| mix(seed.wrapping_mul(16).wrapping_add(n));
        let even = |n: usize| Even::new(start(n as u64), ROOTS[n]);
        Self {
            arrivals: Arrivals::new(seed, accounts),
            people: People::new(Streams::new(seed, "people").salt()),
            lives: Streams::new(seed, "lives"),
            ids: Streams::new(seed, "ids").salt(),
            kinds: even(0),
            plans: even(1),
            published: even(2),
            invited: even(3),
            browsed: even(4),
            exported: even(5),
            identities: even(6),
        }
    }

    /// The account with this number.
    pub fn account(&self, number: u64) -> Account {
        let mut random = self.lives.stream(number);
        let arrival = day_start(self.arrivals.day(number)) + time_of_day(&mut random);
        let arrival = arrival.min(AS_OF - 2 * HOUR);
        let kind = match chosen(self.kinds.bits(number), &KINDS) {
            // Whoever paid before needs the time for it.
            Kind::PriorPayer if arrival > AS_OF - 300 * DAY => Kind::Ordinary,
            kind => kind,
        };
        let plans: [(usize, u64); 3] = std::array::from_fn(|plan| (plan, PLANS[plan].share));
        let plan = chosen(self.plans.bits(number), &plans);
        let consultant = self.people.consultant(number).filter(|_| kind == Kind::Ordinary);
        let identity = match kind {
            Kind::Internal => Identity::Domain,
            _ if consultant.is_some() => Identity::Group,
            _ => chosen(self.identities.bits(number), &IDENTITIES),
        };
        let domain = match kind {
            Kind::Internal => DOMAIN.to_owned(),
            _ => self.people.domain(number),
        };
        let currency = random.choose(&CURRENCY_SHARES);
        let mut account = Account {
            number,
            kind,
            identity,
            plan,
            domain,
            users: 1 + random.below(PLANS[plan].users),
            consultant,
            facts: Facts::new(Ids::new(number, self.ids), currency, kind != Kind::TestMode),
            trial_start: i64::MAX,
            publishes: self.published.chance(number, PUBLISHED),
            shown: vec![],
            active: vec![],
            intensity: random.choose(&INTENSITIES),
            cases: Cases::default(),
            converts: false,
        };
        account.note_identity(CURRENCIES[currency]);
        let created = arrival + random.between(MINUTE, 10 * MINUTE);
        account.add_customer(self, created, false, &mut random);
        story::tell(&mut account, self, arrival, &mut random);
        account.behave(self, &mut random);
        account
    }
}

impl Account {
    /// A customer of Stripe for the account; the second one is another department.
    pub fn add_customer(
        &mut self,
        world: &World,
        created: i64,
        is_second: bool,
        random: &mut Random,
    ) -> usize {
        let people = world.people;
        let (number, identity) = (self.number, self.identity);
        let is_role = random.chance(180);
        let email = match &self.consultant {
            Some(consultant) if people.consultant_gets_bills(number) => {
                self.cases.add(Case::ConsultantGetsBills);
                consultant.clone()
            }
            _ if identity == Identity::FreeMail => people.private_address(number, 0),
            _ if is_role => format!("billing@{}", self.domain),
            _ if is_second => format!("finance@{}", self.domain),
            // Most bills go to the first user.
            _ => people.person(number, 0, identity, &self.domain).email,
        };
        let customer = Customer {
            id: self.facts.ids.next(),
            created,
            email,
            new_email: None,
            name: people.company_name(number),
            account_key: (identity == Identity::Group).then(|| people.account_key(number)),
        };
        self.facts.customers.push(customer);
        self.facts.customers.len() - 1
    }

    fn note_identity(&mut self, currency: &str) {
        for (is_so, case) in [
            (self.kind == Kind::TestMode, Case::TestMode),
            (self.kind == Kind::Internal, Case::Internal),
            (self.kind == Kind::NeverSeen, Case::NeverSeen),
            (self.kind == Kind::PriorPayer, Case::PriorPayer),
            (self.identity == Identity::Group, Case::AccountIds),
            (self.identity == Identity::FreeMail, Case::FreeMail),
            (self.consultant.is_some(), Case::Consultant),
            (self.users > 1, Case::SeveralUsers),
            (currency == "eur", Case::Euros),
            (currency == "jpy", Case::Yen),
        ] {
            if is_so {
                self.cases.add(case);
            }
        }
    }

    /// The planted behaviours, as far as the account is there to show them.
    fn behave(&mut self, world: &World, random: &mut Random) {
        let number = self.number;
        let t0 = self.trial_start;
        // Drawn in any case, so that what an account does not do moves nothing else.
        let mut within = || {
            let window = WINDOW_DAYS * DAY - 20 * MINUTE;
            let early = random.below(window as u64).min(random.below(window as u64));
            t0.saturating_add(10 * MINUTE + early as i64)
        };
        let (published, browsed, invited) = (within(), within(), within());
        let late = random.chance(PUBLISHED_LATE);
        let later = t0.saturating_add(random.between((WINDOW_DAYS + 1) * DAY, 12 * DAY));
        let mut shown = vec![];
        if self.publishes {
            shown.push((published, Behaviour::Published));
        } else if late {
            shown.push((later, Behaviour::Published));
        }
        if world.browsed.chance(number, BROWSED) {
            shown.push((browsed, Behaviour::Browsed));
        }
        if world.invited.chance(number, PLANS[self.plan].confounded) {
            shown.push((invited, Behaviour::Invited));
        }
        if let Some(day) = (0..400).find(|_| random.chance(COMMENTED_A_DAY)) {
            let at = t0.saturating_add(day * DAY + random.between(0, DAY));
            shown.push((at, Behaviour::Commented));
        }
        let mut at = t0.saturating_add(random.between(2 * HOUR, WINDOW_DAYS * DAY - 4 * HOUR));
        for _ in 0..MOST_EXPORTS {
            if world.exported.chance(number, EXPORTED) {
                shown.push((at, Behaviour::Exported));
            }
            at = at.saturating_add(random.between(5 * DAY, 7 * DAY));
        }
        let active = &self.active;
        shown.retain(|&(at, _)| {
            at <= AS_OF && active.iter().any(|&(from, to)| from <= at && at <= to)
        });
        shown.sort_unstable();
        self.shown = shown;
    }

    /// Bills of some accounts go to another address lately.
    pub(super) fn new_address(&mut self, random: &mut Random) {
        let at = random.between(EVENTS_SINCE + DAY, AS_OF - HOUR);
        let is_new = random.chance(40) && self.identity != Identity::FreeMail;
        let customer = &mut self.facts.customers[0];
        if is_new && customer.created < EVENTS_SINCE {
            customer.new_email = Some((at, format!("accounts@{}", self.domain)));
            self.cases.add(Case::NewAddress);
        }
    }

    /// Whether the account showed what its hypothesis asks for.
    pub fn showed(&self, behaviour: Behaviour) -> bool {
        let times = self.shown.iter().filter(|(_, shown)| *shown == behaviour).count();
        times >= if behaviour == Behaviour::Exported { EXPORTS } else { 1 }
    }
}
