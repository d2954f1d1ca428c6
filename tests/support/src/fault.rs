//! Faults on demand: what goes wrong, on which requests.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// 429, with the reason that Stripe names, and seconds to wait if any.
    RateLimited { reason: Option<&'static str>, retry_after: Option<u64> },
    /// 429 because another request holds the object.
    LockTimeout,
    /// An error of Stripe's side, with `Stripe-Should-Retry` if any.
    Status { status: u16, should_retry: Option<bool> },
    /// The connection is reset before any answer.
    Reset,
    /// The connection ends in the middle of the body.
    Cut,
    /// The body has the announced length but ends too early to be JSON.
    BadJson,
    /// A page of some proxy in between.
    ProxyPage { status: u16 },
    /// The right answer, late.
    Slow(Duration),
    /// Some objects of the page stand in it twice.
    Duplicate,
    /// The objects of the page are shuffled.
    Reorder,
    /// The page starts with the last objects of the page before.
    Overlap(usize),
}

impl Fault {
    /// A name for the log.
    pub fn name(&self) -> &'static str {
        match self {
            Fault::RateLimited { .. } => "rate_limited",
            Fault::LockTimeout => "lock_timeout",
            Fault::Status { .. } => "status",
            Fault::Reset => "reset",
            Fault::Cut => "cut",
            Fault::BadJson => "bad_json",
            Fault::ProxyPage { .. } => "proxy_page",
            Fault::Slow(_) => "slow",
            Fault::Duplicate => "duplicate",
            Fault::Reorder => "reorder",
            Fault::Overlap(_) => "overlap",
        }
    }
}

/// A fault and the requests that it befalls.
#[derive(Debug, Clone)]
pub struct Rule {
    path: String,
    fault: Fault,
    chance: f64,
    skip: u64,
    times: u64,
    met: u64,
    done: u64,
}

impl Rule {
    /// A fault of every request to a path: `/v1/customers`, `/v1/invoices/*`, or `*`.
    pub fn on(path: &str, fault: Fault) -> Self {
        Self { path: path.into(), fault, chance: 1.0, skip: 0, times: u64::MAX, met: 0, done: 0 }
    }

    /// Only of some of them, by the server's seed.
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    /// Not of the first ones.
    pub fn skip(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    /// Not more often than this.
    pub fn times(mut self, requests: u64) -> Self {
        self.times = requests;
        self
    }

    fn is_for(&self, path: &str) -> bool {
        match self.path.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => self.path == path,
        }
    }
}

/// Rules in order; the first that applies to a request is its fault.
#[derive(Debug, Default)]
pub struct Faults {
    seed: u64,
    rules: Vec<Rule>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, rules: vec![] }
    }

    pub fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// A bit of everything: each request meets one of the faults with this chance.
    pub fn storm(&mut self, chance: f64) {
        let limited = |reason, retry_after| Fault::RateLimited { reason, retry_after };
        let failed = |status, should_retry| Fault::Status { status, should_retry };
        let all = [
            limited(Some("global-rate"), None),
            limited(Some("endpoint-rate"), Some(1)),
            limited(None, None),
            Fault::LockTimeout,
            failed(500, None),
            failed(502, Some(true)),
            failed(503, None),
            failed(409, Some(true)),
            Fault::Reset,
            Fault::Cut,
            Fault::BadJson,
            Fault::ProxyPage { status: 502 },
            Fault::ProxyPage { status: 200 },
            Fault::Slow(Duration::from_millis(30)),
            Fault::Duplicate,
            Fault::Reorder,
            Fault::Overlap(3),
        ];
        let each = chance / all.len() as f64;
        for fault in all {
            self.add(Rule::on("*", fault).chance(each));
        }
    }

    /// The fault of a request. Chance depends on the seed, the request and how often it was asked
    /// before, not on what other requests come in between.
    pub(crate) fn of(&mut self, path: &str, target: &str, asked: u64) -> Option<Fault> {
        let seed = self.seed;
        self.rules.iter_mut().enumerate().find_map(|(number, rule)| {
            if !rule.is_for(path) || rule.done >= rule.times {
                return None;
            }
            rule.met += 1;
            let is_due = rule.met > rule.skip
                && (rule.chance >= 1.0 || draw((seed, number, target, asked)) < rule.chance);
            is_due.then(|| {
                rule.done += 1;
                rule.fault.clone()
            })
        })
    }
}

/// A number from 0 to 1 that depends on the given things only.
pub(crate) fn draw(of: impl Hash) -> f64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64
}
