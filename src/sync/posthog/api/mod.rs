//! PostHog's API: one request at a time, counted, paced and tried again.

mod check;
mod failure;
mod key;
mod pace;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, Response, Url};
use serde_json::Value;
use tokio::sync::watch;

use super::settings::Settings;
use crate::clock;
use crate::error::{Error, Result};
use crate::http;
use crate::sync::api::{base, transport};

pub use check::{Checked, Known, check, known};
pub use failure::{Ended, Failure, Kind};
pub use key::Key;

use pace::Pace;

/// Tries of one request, with pauses that double from `FIRST_PAUSE` to `LONGEST_PAUSE`.
const TRIES: usize = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Asked to wait for longer, a sync ends: it goes on when it is run again.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long the end of another export is waited for.
const OTHERS_EXPORT: Duration = Duration::from_secs(1_800);
/// For a download as a whole; between two pieces of it the client waits for less.
const DOWNLOAD: Duration = Duration::from_secs(6 * 3_600);

/// A connection to one project.
#[derive(Debug)]
pub struct Api {
    http: Client,
    base: Url,
    project: u64,
    key: Key,
    headers: HeaderMap,
    pace: Pace,
    requests: AtomicU64,
    /// The server's clock less ours, µs; `i64::MIN` before its first answer.
    clock_offset: AtomicI64,
    stopped: watch::Sender<bool>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub json: Value,
    /// When the server gave it, µs.
    pub at: i64,
}

impl Api {
    pub fn new(settings: &Settings, key: Key) -> Result<Self> {
        let base = settings.base()?;
        let Some(project) = settings.project else {
            return Err(Error::new("no PostHog project is named").hint(
                "paydirt.toml: [source.posthog] project = 12345, the number in the address of the project's pages",
            ));
        };
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, key.header()?);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        Ok(Self {
            http: http::patient_client()?,
            base,
            project,
            key,
            headers,
            pace: Pace::default(),
            requests: AtomicU64::new(0),
            clock_offset: AtomicI64::new(i64::MIN),
            stopped: watch::Sender::new(false),
        })
    }

    pub fn host(&self) -> &str {
        self.base.as_str()
    }

    /// Requests made so far, refused and repeated ones included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The server's time, µs; ours before its first answer.
    pub fn now(&self) -> i64 {
        match self.clock_offset.load(Ordering::Relaxed) {
            i64::MIN => clock::now_us(),
            offset => clock::now_us() + offset,
        }
    }

    /// Lets go of what is on its way, and refuses every further request.
    pub fn stop(&self) {
        self.stopped.send_replace(true);
    }

    pub fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    /// Sleeps, unless stopped.
    pub async fn rest(&self, pause: Duration) -> Result<(), Failure> {
        self.unless_stopped(async {
            tokio::time::sleep(pause).await;
            Ok(())
        })
        .await
    }

    /// Gets a path below the project.
    pub async fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.ask(Method::GET, &self.url(path), None).await
    }

    /// Posts to a path below the project.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.ask(Method::POST, &self.url(path), Some(body)).await
    }

    /// Gets a path of which the answer is a redirection: where to. It has a permission of its own,
    /// so that the key does not go there.
    pub async fn redirection(&self, path: &str) -> Result<Url, Failure> {
        let url = self.url(path);
        self.tried(|| async {
            let answer = self.send(Method::GET, url.clone(), None).await?;
            let location = transport::header(answer.headers(), "location");
            let location = location.filter(|_| answer.status().is_redirection());
            match location.map(|location| self.base.join(location)) {
                Some(Ok(url)) if base::keeps_secrets(&url) => Ok(url),
                Some(_) => Err(Failure::new(
                    Kind::Foreign,
                    "the download is redirected to an address that is no place for it",
                )),
                None => Err(self.failed(answer).await),
            }
        })
        .await
    }

    /// An answer that is not a JSON text, from anywhere, without the key.
    pub async fn open(&self, url: Url) -> Result<Response, Failure> {
        let sent = self.http.get(url).timeout(DOWNLOAD).send().await;
        let answer = sent.map_err(|error| Failure::of_transport(&error))?;
        match answer.status().is_success() {
            true => Ok(answer),
            false => {
                let status = answer.status();
                let kind = match status.as_u16() {
                    // What was signed has run out: a new redirection signs it again.
                    403 | 404 | 408 | 429 | 500.. => Kind::Transient,
                    _ => Kind::Foreign,
                };
                Err(Failure::new(
                    kind,
                    format!("the download was answered with HTTP {}", status.as_u16()),
                ))
            }
        }
    }

    /// The address of a path below the project, or of one that starts with a slash below the API.
    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        let (path, query) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q)));
        url.set_path(&match path.strip_prefix('/') {
            Some(path) => format!("{prefix}/api/{path}"),
            None => format!("{prefix}/api/projects/{}/{path}", self.project),
        });
        url.set_query(query);
        url
    }

    async fn ask(
        &self,
        method: Method,
        url: &Url,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        self.tried(|| async {
            let answer = self.send(method.clone(), url.clone(), body).await?;
            if !answer.status().is_success() {
                return Err(self.failed(answer).await);
            }
            let at = self.now();
            let (status, headers) = (answer.status(), answer.headers().clone());
            let broken = |why| Failure::new(Kind::Transient, why);
            let text = transport::read_body(answer).await.map_err(broken)?;
            match serde_json::from_str::<Value>(&text) {
                Ok(json) if json.is_object() || json.is_array() => Ok(Answer { json, at }),
                _ => Err(self.scrubbed(Failure::of_answer(status, &headers, &text))),
            }
        })
        .await
    }

    /// Makes a request until it succeeds, or fails for good.
    pub async fn tried<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        request: impl Fn() -> F,
    ) -> Result<T, Failure> {
        let pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .without_max_times()
            .with_jitter();
        let began = Instant::now();
        let mut tries = 0;
        let answer = (|| request())
            .retry(pauses)
            .when(|failure: &Failure| {
                tries += 1;
                let may_go_on = match failure.kind {
                    Kind::Busy => began.elapsed() < OTHERS_EXPORT,
                    _ => tries < TRIES && failure.wait.unwrap_or_default() <= PATIENCE,
                };
                may_go_on && failure.is_worth_retrying(tries)
            })
            .adjust(|failure: &Failure, pause| {
                pause.map(|p| p.max(failure.wait.unwrap_or_default()))
            })
            .notify(|failure, pause| {
                tracing::debug!(kind = ?failure.kind, ?pause, "trying again");
            });
        self.unless_stopped(answer).await
    }

    async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let mut stopped = self.stopped.subscribe();
        tokio::select! {
            done = work => done,
            // The sender is ours, so the channel does not close.
            _ = stopped.wait_for(|is_stopped| *is_stopped) => {
                Err(Failure::new(Kind::Stopped, "stopped"))
            }
        }
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Response, Failure> {
        self.pace.admit().await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut request = self.http.request(method, url).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let answer = request.send().await;
        let answer = answer.map_err(|error| self.scrubbed(Failure::of_transport(&error)))?;
        if let Some(there) = transport::date(answer.headers()) {
            self.clock_offset.store(there - clock::now_us(), Ordering::Relaxed);
        }
        Ok(answer)
    }

    /// The failure that an answer is.
    async fn failed(&self, answer: Response) -> Failure {
        let (status, headers) = (answer.status(), answer.headers().clone());
        let failure = match transport::read_body(answer).await {
            Ok(text) => Failure::of_answer(status, &headers, &text),
            Err(why) => Failure::new(Kind::Transient, why),
        };
        if let (Kind::RateLimited, Some(wait)) = (&failure.kind, failure.wait) {
            self.pace.hold(wait.min(PATIENCE));
        }
        self.scrubbed(failure)
    }

    fn scrubbed(&self, failure: Failure) -> Failure {
        Failure { message: self.key.scrub(&failure.message), ..failure }
    }
}
