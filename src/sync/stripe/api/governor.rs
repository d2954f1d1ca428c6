//! How fast to ask: half of what Stripe publishes, less where it says so.
//!
//! The other half is for whoever else uses the account: its own shop must not run into a limit
//! because somebody looks at its history.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::failure::{Failure, Kind};
use crate::config::Mode;

/// Requests a second that Stripe publishes for an account, by mode.
const LIVE: f64 = 100.0;
const TEST: f64 = 25.0;
/// For one endpoint, in both modes.
const ENDPOINT: f64 = 25.0;
/// The share of a limit that is used.
const SHARE: f64 = 0.5;
/// One request in two seconds gets through any storm.
const SLOWEST: f64 = 0.5;
/// Requests that wait for an answer at the same time.
const IN_FLIGHT: usize = 24;
/// What was in flight when the limit was hit is refused with it: one signal, not many.
const ONE_SIGNAL: Duration = Duration::from_millis(500);

/// A rate that yields to refusals and comes back.
#[derive(Debug)]
struct Pace {
    ceiling: f64,
    rate: f64,
    next: Option<Instant>,
    slowed: Option<Instant>,
}

impl Pace {
    fn new(ceiling: f64) -> Self {
        Self { ceiling, rate: ceiling, next: None, slowed: None }
    }

    /// The moment at which the next request may start.
    fn reserve(&mut self, now: Instant) -> Instant {
        let at = self.next.map_or(now, |next| next.max(now));
        self.next = Some(at + Duration::from_secs_f64(1.0 / self.rate));
        at
    }

    /// Takes a share off, and waits as long as the server asks.
    fn slow_down(&mut self, now: Instant, factor: f64, wait: Option<Duration>) {
        if self.slowed.is_none_or(|last| now - last >= ONE_SIGNAL) {
            self.rate = (self.rate * factor).max(SLOWEST.min(self.ceiling));
            self.slowed = Some(now);
        }
        if let Some(wait) = wait {
            let at = now + wait;
            self.next = Some(self.next.map_or(at, |next| next.max(at)));
        }
    }

    /// A hundred answers bring the rate from nothing to its ceiling.
    fn speed_up(&mut self) {
        self.rate = (self.rate + self.ceiling / 100.0).min(self.ceiling);
    }
}

/// The rates of one account: as a whole, and of each endpoint.
#[derive(Debug)]
pub struct Governor {
    paces: Mutex<Paces>,
    in_flight: Semaphore,
}

#[derive(Debug)]
struct Paces {
    account: Pace,
    endpoint_ceiling: f64,
    endpoints: HashMap<&'static str, Pace>,
}

impl Governor {
    /// `granted`: requests a second, where Stripe has raised the account's limits.
    pub fn new(mode: Mode, granted: Option<u32>) -> Self {
        let published = match mode {
            Mode::Live => LIVE,
            Mode::Test => TEST,
        };
        let (account, endpoint) = match granted {
            Some(granted) => (f64::from(granted), f64::from(granted)),
            None => (published, ENDPOINT),
        };
        let paces = Paces {
            account: Pace::new(account * SHARE),
            endpoint_ceiling: endpoint * SHARE,
            endpoints: HashMap::new(),
        };
        Self { paces: Mutex::new(paces), in_flight: Semaphore::new(IN_FLIGHT) }
    }

    /// Waits until a request to the endpoint may be made; the permit is held until its answer.
    pub async fn admit(&self, endpoint: &'static str) -> Option<SemaphorePermit<'_>> {
        // One after the other, so that who waits for a slow endpoint holds up nobody else.
        let at = self.paces.lock().endpoint(endpoint).reserve(Instant::now());
        tokio::time::sleep_until(at.into()).await;
        let at = self.paces.lock().account.reserve(Instant::now());
        tokio::time::sleep_until(at.into()).await;
        self.in_flight.acquire().await.ok()
    }

    /// Learns from an answer.
    pub fn learn(&self, endpoint: &'static str, outcome: Result<(), &Failure>) {
        self.paces.lock().learn(endpoint, outcome, Instant::now());
    }
}

impl Paces {
    fn endpoint(&mut self, endpoint: &'static str) -> &mut Pace {
        let ceiling = self.endpoint_ceiling;
        self.endpoints.entry(endpoint).or_insert_with(|| Pace::new(ceiling))
    }

    fn learn(&mut self, endpoint: &'static str, outcome: Result<(), &Failure>, now: Instant) {
        let Err(failure) = outcome else {
            self.account.speed_up();
            self.endpoint(endpoint).speed_up();
            return;
        };
        match &failure.kind {
            Kind::RateLimited { reason } => match reason.as_deref() {
                Some("endpoint-rate" | "endpoint-concurrency" | "resource-specific") => {
                    self.endpoint(endpoint).slow_down(now, 0.5, failure.wait);
                }
                // Another request holds the object: nobody is too fast.
                Some("lock_timeout") => {}
                _ => {
                    self.account.slow_down(now, 0.5, failure.wait);
                    self.endpoint(endpoint).slow_down(now, 0.5, None);
                }
            },
            Kind::Transient => self.endpoint(endpoint).slow_down(now, 0.8, failure.wait),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests that may start within a second of `now`.
    fn within_a_second(pace: &mut Pace, now: Instant) -> usize {
        let end = now + Duration::from_secs(1);
        (0..1000).take_while(|_| pace.reserve(now) < end).count()
    }

    fn paces(mode: Mode) -> Paces {
        Governor::new(mode, None).paces.into_inner()
    }

    fn limited(reason: Option<&str>) -> Failure {
        Failure::new(Kind::RateLimited { reason: reason.map(str::to_owned) }, "")
    }

    #[test]
    fn it_starts_at_half_of_the_published_limits() {
        let now = Instant::now();
        for (mode, of_account) in [(Mode::Live, 50), (Mode::Test, 13)] {
            let mut paces = paces(mode);
            assert_eq!(within_a_second(&mut paces.account, now), of_account);
            assert_eq!(within_a_second(paces.endpoint("customers"), now), 13);
        }
    }

    #[test]
    fn a_refusal_halves_the_rate_it_is_about_and_answers_bring_it_back() {
        let now = Instant::now();
        let mut paces = paces(Mode::Live);
        let endpoint = limited(Some("endpoint-rate"));
        for _ in 0..5 {
            paces.learn("invoices", Err(&endpoint), now);
        }
        assert_eq!(paces.endpoint("invoices").rate, 6.25);
        assert_eq!((paces.endpoint("customers").rate, paces.account.rate), (12.5, 50.0));
        paces.learn("invoices", Err(&limited(None)), now + Duration::from_secs(1));
        assert_eq!((paces.account.rate, paces.endpoint("invoices").rate), (25.0, 3.125));
        for second in 2..100 {
            paces.learn("invoices", Err(&endpoint), now + Duration::from_secs(second));
        }
        assert_eq!(paces.endpoint("invoices").rate, SLOWEST);
        for _ in 0..200 {
            paces.learn("invoices", Ok(()), now);
        }
        assert_eq!((paces.account.rate, paces.endpoint("invoices").rate), (50.0, 12.5));
    }

    #[test]
    fn it_waits_as_long_as_it_is_asked_to() {
        let now = Instant::now();
        let mut paces = paces(Mode::Live);
        let failure = Failure { wait: Some(Duration::from_secs(7)), ..limited(None) };
        paces.learn("invoices", Err(&failure), now);
        assert_eq!(paces.account.reserve(now), now + Duration::from_secs(7));
    }
}
