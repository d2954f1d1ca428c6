//! How fast to ask: half of what PostHog allows a project, so that whoever else uses its API is not
//! refused because somebody reads its history.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Requests that PostHog allows for what it works out of the log of events, the narrowest limit.
const PUBLISHED: [(Duration, usize); 2] =
    [(Duration::from_secs(60), 240), (Duration::from_secs(3_600), 2_400)];
/// The part of a limit that is used is one in this many.
const SHARE: usize = 2;

/// When requests were made, and until when none is to be.
#[derive(Debug, Default)]
pub struct Pace(Mutex<Made>);

#[derive(Debug, Default)]
struct Made {
    /// When requests were or will be made, in order.
    at: VecDeque<Instant>,
    not_before: Option<Instant>,
}

impl Pace {
    /// Waits until a request may be made.
    pub async fn admit(&self) {
        let at = self.0.lock().reserve(Instant::now());
        tokio::time::sleep_until(at.into()).await;
    }

    /// Makes no request for a while.
    pub fn hold(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut made = self.0.lock();
        made.not_before = Some(made.not_before.map_or(until, |at| at.max(until)));
    }
}

impl Made {
    /// The moment at which the next request may start.
    fn reserve(&mut self, now: Instant) -> Instant {
        let mut at = self.not_before.map_or(now, |at| at.max(now));
        at = self.at.back().map_or(at, |last| at.max(*last));
        for (span, published) in PUBLISHED {
            let most = published / SHARE;
            // So many requests ago a new one has room again.
            if let Some(place) = self.at.len().checked_sub(most) {
                at = at.max(self.at[place] + span);
            }
        }
        self.at.push_back(at);
        let longest = PUBLISHED.map(|(_, published)| published / SHARE).into_iter().max();
        while self.at.len() > longest.unwrap_or_default() {
            self.at.pop_front();
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_each_limit_is_used() {
        let now = Instant::now();
        let mut made = Made::default();
        let waits: Vec<u64> = (0..3_000).map(|_| (made.reserve(now) - now).as_secs()).collect();
        let within = |seconds: u64| waits.iter().filter(|wait| **wait < seconds).count();
        assert_eq!(within(1), 120);
        assert_eq!(within(60), 120);
        assert_eq!(within(120), 240);
        assert_eq!((within(3_600), within(7_200)), (1_200, 2_400));
    }

    #[test]
    fn it_holds_as_long_as_it_is_asked_to() {
        let pace = Pace::default();
        pace.hold(Duration::from_secs(9));
        pace.hold(Duration::from_secs(2));
        let now = Instant::now();
        let wait = pace.0.lock().reserve(now) - now;
        assert!(wait > Duration::from_secs(8) && wait <= Duration::from_secs(9), "{wait:?}");
    }
}
