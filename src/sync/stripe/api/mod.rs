//! Stripe's API: one request at a time, in one version, counted, paced and tried again.

mod check;
mod failure;
mod governor;
mod key;
mod list;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use tokio::sync::watch;

use crate::clock;
use crate::config::Mode;
use crate::error::{Error, Result};
use crate::http;
use crate::sync::api::transport::{self, is_json_object};
use crate::sync::stripe::Settings;

pub use check::{Checked, check};
pub use failure::{Failure, Kind};
pub use key::{Key, VARIABLE};
pub use list::{ListRequest, PAGE, created_of, page_of};

use governor::Governor;

/// The API version in which lists answer.
///
/// Both generations land in one form, so what counts is which one tells more. Since basil an
/// invoice can have several payments, and before it shows one; flexible billing has no older form;
/// and this is the newest version whose published schema every column is checked against. Only
/// `paid_out_of_band` is gone, and `amount_paid_off_stripe` of this version says the same.
pub const VERSION: &str = "2026-05-27.dahlia";
pub const DEFAULT_BASE: &str = "https://api.stripe.com";

/// Tries of one request, with pauses that double from `FIRST_PAUSE` to `LONGEST_PAUSE`.
const TRIES: usize = 9;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// A connection to one account.
#[derive(Debug)]
pub struct Api {
    http: Client,
    base: Url,
    key: Key,
    headers: HeaderMap,
    pub account: Option<String>,
    governor: Governor,
    requests: AtomicU64,
    /// How many requests may still be made in all.
    allowance: AtomicU64,
    /// The server's clock less ours, µs; `i64::MIN` before its first answer.
    clock_offset: AtomicI64,
    course: watch::Sender<Course>,
}

/// Whether requests are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Going,
    /// Not until somebody says so.
    Halted,
    /// Never again.
    Stopped,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub text: String,
    /// When the server gave it, µs.
    pub at: i64,
}

impl Api {
    /// `allowance`: how many requests the project's budget leaves.
    pub fn new(settings: &Settings, key: Key, allowance: Option<u64>) -> Result<Self> {
        let base = settings.base()?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, key.header()?);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        headers
            .insert(HeaderName::from_static("stripe-version"), HeaderValue::from_static(VERSION));
        if let Some(account) = &settings.account {
            let value = HeaderValue::from_str(account)
                .map_err(|_| Error::new("[source.stripe] account is no account id"))?;
            headers.insert(HeaderName::from_static("stripe-account"), value);
        }
        Ok(Self {
            http: http::client()?,
            base,
            governor: Governor::new(key.mode, settings.rate_limit),
            key,
            headers,
            account: settings.account.clone(),
            requests: AtomicU64::new(0),
            allowance: AtomicU64::new(allowance.unwrap_or(u64::MAX)),
            clock_offset: AtomicI64::new(i64::MIN),
            course: watch::Sender::new(Course::Going),
        })
    }

    pub fn mode(&self) -> Mode {
        self.key.mode
    }

    /// Requests made so far, refused and repeated ones included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Requests that the budget still allows, where there is one.
    pub fn allowance(&self) -> Option<u64> {
        Some(self.allowance.load(Ordering::Relaxed)).filter(|left| *left != u64::MAX)
    }

    /// The server's time, µs; `None` before its first answer.
    pub fn now(&self) -> Option<i64> {
        match self.clock_offset.load(Ordering::Relaxed) {
            i64::MIN => None,
            offset => Some(clock::now_us() + offset),
        }
    }

    /// Lets go of what is on its way, and refuses every further request.
    pub fn stop(&self) {
        self.course.send_replace(Course::Stopped);
    }

    pub fn is_stopped(&self) -> bool {
        *self.course.borrow() == Course::Stopped
    }

    /// Waits for [`Api::stop`].
    pub async fn stopped(&self) {
        // The sender is ours, so the channel does not close.
        let _ = self.course.subscribe().wait_for(|course| *course == Course::Stopped).await;
    }

    /// Lets what is on its way arrive, and refuses further requests until [`Api::go_on`].
    pub fn halt(&self) {
        self.turn(Course::Going, Course::Halted);
    }

    pub fn go_on(&self) {
        self.turn(Course::Halted, Course::Going);
    }

    fn turn(&self, from: Course, to: Course) {
        self.course.send_if_modified(|course| {
            let is_due = *course == from;
            if is_due {
                *course = to;
            }
            is_due
        });
    }

    /// Whether requests are refused.
    pub fn is_stopping(&self) -> bool {
        *self.course.borrow() != Course::Going
    }

    /// Gets a path with these parameters; `endpoint` is whose rate limit it counts towards.
    pub async fn get(
        &self,
        endpoint: &'static str,
        path: &str,
        parameters: &[(&str, String)],
    ) -> Result<Answer, Failure> {
        let mut url = self.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}{path}"));
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        let pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(TRIES - 1)
            .with_jitter();
        let mut tries = 0;
        let answer = (|| self.try_once(endpoint, url.clone()))
            .retry(pauses)
            .when(|failure| {
                tries += 1;
                failure.is_worth_retrying(tries)
            })
            .adjust(|failure: &Failure, pause| {
                pause.map(|p| p.max(failure.wait.unwrap_or_default()))
            })
            .notify(|failure, pause| {
                tracing::debug!(path, kind = ?failure.kind, ?pause, "trying again");
            });
        tokio::select! {
            answer = answer => answer,
            () = self.stopped() => Err(Failure::new(Kind::Stopped, "stopped")),
        }
    }

    async fn try_once(&self, endpoint: &'static str, url: Url) -> Result<Answer, Failure> {
        let _permit = self.governor.admit(endpoint).await;
        self.spend()?;
        let outcome = self.send(url).await;
        self.governor.learn(endpoint, outcome.as_ref().map(|_| ()));
        outcome
    }

    async fn send(&self, url: Url) -> Result<Answer, Failure> {
        let sent = self.http.get(url).headers(self.headers.clone()).send().await;
        let answer = sent.map_err(|error| self.scrubbed(Failure::of_transport(&error)))?;
        let at = self.learn_time(answer.headers());
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = failure::read_body(answer).await?;
        if status.is_success() && is_json_object(&text) {
            return Ok(Answer { text, at });
        }
        Err(self.scrubbed(Failure::of_answer(status, &headers, &text)))
    }

    /// Counts a request, or refuses it.
    fn spend(&self) -> Result<(), Failure> {
        if self.is_stopping() {
            return Err(Failure::new(Kind::Stopped, "stopped"));
        }
        let took = self.allowance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            if left == u64::MAX { Some(left) } else { left.checked_sub(1) }
        });
        if took.is_err() {
            return Err(Failure::new(
                Kind::OverBudget,
                "the request budget of the last 30 days is used up",
            ));
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn learn_time(&self, headers: &HeaderMap) -> i64 {
        let here = clock::now_us();
        let there = transport::date(headers).unwrap_or(here);
        self.clock_offset.store(there - here, Ordering::Relaxed);
        there
    }

    fn scrubbed(&self, failure: Failure) -> Failure {
        Failure { message: self.key.scrub(&failure.message), ..failure }
    }
}
