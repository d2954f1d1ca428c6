//! Why a request to PostHog failed: sorted into kinds, each with a sentence and what to do.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::key::how_to_make_one;
use crate::error::Error;
use crate::sync::api::transport::{self, Trouble};

/// Tries of what most likely stays as it is.
const FEW: usize = 4;
/// What is said of an answer in its own words is cut off here.
const LONGEST_QUOTE: usize = 300;

/// What kind of failure it is; what follows from it depends on nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The key is of nobody that this PostHog knows.
    KeyUnknown,
    /// The key lacks a scope, which PostHog mostly names.
    Denied {
        scope: Option<String>,
    },
    /// There is no such project, or the key is not for it.
    ProjectUnknown,
    /// There is no such route, or nothing of that id.
    NotThere,
    RateLimited,
    /// As many exports run as the project may have.
    Busy,
    /// The query is more than PostHog works out in one go.
    TooMuch,
    BadRequest,
    /// An export came to an end without files.
    Export(Ended),
    /// Not there now, and it may be there soon: 5xx, a timeout, a broken connection, a cut answer.
    Transient,
    /// The answer is not PostHog's.
    Foreign,
    NoNetwork,
    /// A certificate that is not valid yet or no longer: mostly the clock is wrong.
    ClockOff,
    BadCertificate,
    /// Somebody asked us to stop.
    Stopped,
}

/// How an export ends without files, in PostHog's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Failed,
    FailedRetryable,
    FailedBilling,
    Terminated,
    TimedOut,
    Cancelled,
}

impl Ended {
    pub fn of(status: &str) -> Option<Self> {
        Some(match status {
            "Failed" => Self::Failed,
            "FailedRetryable" => Self::FailedRetryable,
            "FailedBilling" => Self::FailedBilling,
            "Terminated" => Self::Terminated,
            "TimedOut" => Self::TimedOut,
            "Cancelled" => Self::Cancelled,
            _ => return None,
        })
    }

    /// Whether the same export may come to another end.
    pub fn is_worth_retrying(self) -> bool {
        matches!(self, Self::Failed | Self::FailedRetryable | Self::Terminated)
    }
}

/// A failed request.
#[derive(Debug, Clone)]
pub struct Failure {
    pub kind: Kind,
    /// A sentence without secrets.
    pub message: String,
    /// `Retry-After`.
    pub wait: Option<Duration>,
}

impl Failure {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), wait: None }
    }

    /// Sorts an answer that is no success, or that is one and not JSON.
    pub fn of_answer(status: StatusCode, headers: &HeaderMap, body: &str) -> Self {
        let is_page = transport::is_web_page(headers, body);
        let error = serde_json::from_str::<Value>(body).ok().filter(Value::is_object);
        let text = |field: &str| error.as_ref().and_then(|e| e.get(field)).and_then(Value::as_str);
        let detail = text("detail").or_else(|| text("error")).unwrap_or_default();
        let code = text("code").unwrap_or_default();
        let kind = match status.as_u16() {
            // Of the server's own errors, these say that a query was too much for it.
            504 | 512 | 513 if error.is_some() => Kind::TooMuch,
            _ if is_too_much(code, detail) => Kind::TooMuch,
            407 => Kind::Foreign,
            _ if error.is_none() && status.is_server_error() => Kind::Transient,
            // A self-hosted PostHog shows a page where it has no route.
            404 => Kind::NotThere,
            _ if error.is_none() && (is_page || status.is_redirection()) => Kind::Foreign,
            _ if status.is_success() => Kind::Transient,
            401 => Kind::KeyUnknown,
            402 => Kind::Export(Ended::FailedBilling),
            403 if detail.contains("access to the project")
                || detail.contains("requested project") =>
            {
                Kind::ProjectUnknown
            }
            403 => Kind::Denied { scope: quoted(detail) },
            429 if code == "too_many_concurrent_file_downloads" => Kind::Busy,
            429 => Kind::RateLimited,
            408 | 409 | 425 | 500.. => Kind::Transient,
            _ if error.is_none() => Kind::Foreign,
            _ => Kind::BadRequest,
        };
        let message = match (&kind, detail) {
            (Kind::Foreign, _) => format!(
                "HTTP {} with {} instead of JSON",
                status.as_u16(),
                if is_page { "a web page" } else { "something" }
            ),
            (Kind::Transient, _) if status.is_success() => {
                format!("the answer is not whole: {} bytes that are not JSON", body.len())
            }
            (_, "") => format!("HTTP {}", status.as_u16()),
            (_, detail) => format!("PostHog says: {}", cut(detail)),
        };
        Self { wait: transport::retry_after(headers), ..Self::new(kind, message) }
    }

    /// Sorts a request that had no answer, or one that broke off.
    pub fn of_transport(error: &reqwest::Error) -> Self {
        let (trouble, sentence) = transport::sorted(error);
        let kind = match trouble {
            Trouble::Passing => Kind::Transient,
            Trouble::NoNetwork => Kind::NoNetwork,
            Trouble::ClockOff => Kind::ClockOff,
            Trouble::BadCertificate => Kind::BadCertificate,
        };
        Self::new(kind, sentence)
    }

    /// Whether the same request may succeed if it is made again, after so many tries.
    pub fn is_worth_retrying(&self, tries: usize) -> bool {
        match self.kind {
            Kind::RateLimited | Kind::Busy | Kind::Transient => true,
            // A port that does not answer may be a machine that starts; a login page stays.
            Kind::NoNetwork | Kind::Foreign => tries < FEW,
            _ => false,
        }
    }

    /// Whether no other request can succeed either.
    pub fn ends_the_sync(&self) -> bool {
        matches!(
            self.kind,
            Kind::KeyUnknown
                | Kind::ProjectUnknown
                | Kind::RateLimited
                | Kind::Foreign
                | Kind::NoNetwork
                | Kind::ClockOff
                | Kind::BadCertificate
                | Kind::Stopped
        )
    }

    /// One word for tables.
    pub fn word(&self) -> &'static str {
        match self.kind {
            Kind::Denied { .. } => "denied",
            Kind::Stopped => "stopped",
            _ => "failing",
        }
    }

    /// What to do about it.
    pub fn hint(&self, host: &str) -> Option<String> {
        let hint = match &self.kind {
            Kind::KeyUnknown => {
                return Some(format!(
                    "is the key whole, and of {host}? There is one PostHog in the US (us.posthog.com) and one in the EU (eu.posthog.com): [source.posthog] host says which; else {}",
                    how_to_make_one(host)
                ));
            }
            Kind::Denied { scope: Some(scope) } => {
                return Some(format!(
                    "give the key the scope {scope} at {}/settings/user-api-keys, or name what it is for in [source.posthog] optional",
                    host.trim_end_matches('/')
                ));
            }
            Kind::Denied { scope: None } => return Some(how_to_make_one(host)),
            Kind::ProjectUnknown => {
                "[source.posthog] project is the number in the address of the project's pages (/project/12345/…); the key must be for it"
            }
            Kind::RateLimited => {
                "PostHog allows so many requests an hour, over all who ask; run it again later, it goes on from here"
            }
            Kind::Busy => {
                "another export of the project is running, perhaps one of a sync that was stopped; run it again when it is done"
            }
            Kind::TooMuch => "run it again later, when PostHog is less busy; it goes on from here",
            Kind::Export(Ended::FailedBilling) => {
                "the plan of the organization has no export left: see its billing page; or use a key without batch_export:write, then events come by query"
            }
            Kind::Export(Ended::Cancelled) => {
                "somebody cancelled it in PostHog; run it again, it goes on from here"
            }
            Kind::Export(_) => {
                "it was tried several times; run it again later, it goes on from here. With a key without batch_export:write, events come by query"
            }
            Kind::Transient => {
                "it was tried several times; run it again later, it goes on from here"
            }
            Kind::Foreign => {
                "something between here and PostHog answers in its place: a proxy's login or block page, or a wrong [source.posthog] host"
            }
            Kind::NoNetwork => "is there a network? Behind a proxy, set HTTPS_PROXY",
            Kind::ClockOff => "is the clock of this machine right?",
            Kind::BadCertificate => {
                "a proxy that opens TLS needs its certificate among the system's (SSL_CERT_FILE)"
            }
            Kind::NotThere => "is [source.posthog] host a PostHog, and project one of it?",
            Kind::BadRequest | Kind::Stopped => return None,
        };
        Some(hint.to_owned())
    }

    /// As an error of the command.
    pub fn error(&self, host: &str) -> Error {
        let error = Error::new(self.message.clone());
        match self.hint(host) {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// A query that took too long or too much memory; asked for less it may succeed.
fn is_too_much(code: &str, detail: &str) -> bool {
    ["timeout_exceeded", "memory_limit_exceeded", "query_too_slow"].contains(&code)
        || detail.contains("max execution time")
        || detail.contains("Memory limit")
        || detail.contains("Estimated query execution time")
}

/// What stands in single quotes: the scope that is missing.
fn quoted(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('\'')?;
    let (inner, _) = rest.split_once('\'')?;
    Some(inner.to_owned()).filter(|scope| scope.contains(':'))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        for (status, body, kind) in [
            (
                401,
                r#"{"type":"authentication_error","code":"authentication_failed","detail":"Personal API key found in request Authorization header is invalid."}"#,
                Kind::KeyUnknown,
            ),
            (
                403,
                r#"{"code":"permission_denied","detail":"API key missing required scope 'batch_export:write'"}"#,
                Kind::Denied { scope: Some("batch_export:write".into()) },
            ),
            (
                403,
                r#"{"code":"permission_denied","detail":"You don't have access to the project."}"#,
                Kind::ProjectUnknown,
            ),
            (
                403,
                r#"{"code":"permission_denied","detail":"API key does not have access to the requested project: ID 7."}"#,
                Kind::ProjectUnknown,
            ),
            (403, "<html>blocked</html>", Kind::Foreign),
            (404, "<html>Not found</html>", Kind::NotThere),
            (404, r#"{"code":"not_found","detail":"Not found."}"#, Kind::NotThere),
            (429, r#"{"code":"throttled","detail":"Request was throttled."}"#, Kind::RateLimited),
            (
                429,
                r#"{"code":"too_many_concurrent_file_downloads","detail":"Too many"}"#,
                Kind::Busy,
            ),
            (
                504,
                r#"{"detail":"Query has hit the max execution time before completing."}"#,
                Kind::TooMuch,
            ),
            (
                400,
                r#"{"code":"memory_limit_exceeded","detail":"Query has reached the max memory limit"}"#,
                Kind::TooMuch,
            ),
            (
                400,
                r#"{"code":"invalid_input","detail":"data interval range too big"}"#,
                Kind::BadRequest,
            ),
            (504, "<html>Gateway</html>", Kind::Transient),
            (500, r#"{"detail":"A server error occurred."}"#, Kind::Transient),
            (302, "", Kind::Foreign),
            (407, "", Kind::Foreign),
            (200, "<html>Please log in</html>", Kind::Foreign),
            (200, r#"{"results":[[1,"#, Kind::Transient),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let failure = Failure::of_answer(status, &HeaderMap::new(), body);
            assert_eq!(failure.kind, kind, "{status} {body}");
        }
    }

    #[test]
    fn what_an_answer_says_is_cut_short() {
        let body = format!("{{\"detail\":\"{}\"}}", "é".repeat(5_000));
        let failure = Failure::of_answer(StatusCode::BAD_REQUEST, &HeaderMap::new(), &body);
        assert!(failure.message.chars().count() < 330, "{}", failure.message);
    }
}
