//! Rate limits that the server enforces.

use std::collections::HashMap;
use std::time::Instant;

use crate::refusal::Refusal;

/// Requests a second, and at once. None: without limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    pub global: Option<f64>,
    pub endpoint: Option<f64>,
    pub concurrent: Option<usize>,
}

impl Limits {
    /// Stripe's published limits of live mode.
    pub fn live() -> Self {
        Self { global: Some(100.0), endpoint: Some(25.0), concurrent: None }
    }

    /// Stripe's published limits of a sandbox.
    pub fn sandbox() -> Self {
        Self { global: Some(25.0), ..Self::live() }
    }
}

/// A bucket that holds the requests of one second.
#[derive(Debug)]
struct Bucket {
    left: f64,
    filled: Instant,
}

impl Bucket {
    fn take(&mut self, rate: f64, now: Instant) -> bool {
        let grown = now.duration_since(self.filled).as_secs_f64() * rate;
        self.left = (self.left + grown).min(rate.max(1.0));
        self.filled = now;
        let has = self.left >= 1.0;
        if has {
            self.left -= 1.0;
        }
        has
    }
}

/// What is left of the limits.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    limits: Limits,
    global: Option<Bucket>,
    endpoints: HashMap<String, Bucket>,
}

impl Allowance {
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Counts a request to an endpoint, or refuses it.
    pub fn take(&mut self, endpoint: &str, under_way: usize) -> Result<(), Refusal> {
        let now = Instant::now();
        let full = |rate| Bucket { left: rate, filled: now };
        if self.limits.concurrent.is_some_and(|most| under_way > most) {
            return Err(limited(Some("global-concurrency")));
        }
        if let Some(rate) = self.limits.global
            && !self.global.get_or_insert_with(|| full(rate)).take(rate, now)
        {
            return Err(limited(Some("global-rate")));
        }
        if let Some(rate) = self.limits.endpoint {
            let bucket = self.endpoints.entry(endpoint.to_owned()).or_insert_with(|| full(rate));
            if !bucket.take(rate, now) {
                return Err(limited(Some("endpoint-rate")));
            }
        }
        Ok(())
    }
}

/// Stripe's answer to too many requests.
pub(crate) fn limited(reason: Option<&str>) -> Refusal {
    let refusal = Refusal::new(
        429,
        "Request rate limit exceeded. Learn more about rate limits here \
         https://docs.stripe.com/rate-limits.",
    )
    .code("rate_limit");
    match reason {
        Some(reason) => refusal.header("stripe-rate-limited-reason", reason),
        None => refusal,
    }
}
