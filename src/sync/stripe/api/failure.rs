//! Why a request failed: sorted into kinds, each with a sentence and what to do.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::error::Error;
use crate::sync::api::transport::{self, Trouble};

/// Tries of what most likely stays as it is.
const FEW: usize = 4;
/// Longer than this a request does not wait to be made again.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// What kind of failure it is; what follows from it depends on nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The key lacks a permission, which Stripe may name (`rak_subscription_read`).
    Denied {
        scope: Option<String>,
    },
    KeyExpired,
    KeyUnknown,
    /// No access to the connected account.
    AccountRefused,
    /// The key is of one mode and what was asked for of the other.
    WrongMode,
    /// The reason as Stripe gives it, such as `endpoint-rate`.
    RateLimited {
        reason: Option<String>,
    },
    /// Not there now, and it may be there soon: 5xx, a timeout, a broken connection, a cut answer.
    Transient,
    NotFound,
    /// Stripe did not understand the request.
    BadRequest,
    /// The answer is not Stripe's.
    Foreign,
    NoNetwork,
    /// A certificate that is not valid yet or no longer: mostly the clock is wrong.
    ClockOff,
    BadCertificate,
    /// The project's own budget is used up.
    OverBudget,
    /// Somebody asked us to stop.
    Stopped,
}

/// A failed request.
#[derive(Debug, Clone)]
pub struct Failure {
    pub kind: Kind,
    /// A sentence without secrets.
    pub message: String,
    /// `Retry-After`.
    pub wait: Option<Duration>,
    /// `Stripe-Should-Retry`.
    pub should_retry: Option<bool>,
    /// The parameter that Stripe blames.
    pub parameter: Option<String>,
}

impl Failure {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), wait: None, should_retry: None, parameter: None }
    }

    /// Sorts an answer that is not 200, or that is 200 and not JSON.
    pub fn of_answer(status: StatusCode, headers: &HeaderMap, body: &str) -> Self {
        let header = |name: &str| transport::header(headers, name);
        let is_html = transport::is_web_page(headers, body);
        let error = serde_json::from_str::<Value>(body).ok();
        let error = error.as_ref().and_then(|json| json.get("error"));
        let text = |field: &str| error.and_then(|error| error.get(field)).and_then(Value::as_str);
        let message = text("message").unwrap_or_default();
        let code = text("code").unwrap_or_default();
        let kind = match status.as_u16() {
            _ if error.is_none() && status.is_server_error() => Kind::Transient,
            407 => Kind::Foreign,
            _ if error.is_none() && (is_html || status.is_redirection()) => Kind::Foreign,
            _ if status.is_success() => Kind::Transient,
            401 if code == "api_key_expired" || message.contains("Expired API Key") => {
                Kind::KeyExpired
            }
            401 => Kind::KeyUnknown,
            403 if code == "account_invalid" => Kind::AccountRefused,
            403 => Kind::Denied { scope: missing_scope(message) },
            429 => Kind::RateLimited {
                reason: header("stripe-rate-limited-reason")
                    .or(Some(code).filter(|code| *code == "lock_timeout"))
                    .map(str::to_owned),
            },
            _ if text("type") == Some("rate_limit_error") => Kind::RateLimited { reason: None },
            _ if message.contains("a similar object exists in") => Kind::WrongMode,
            404 => Kind::NotFound,
            400 if code == "resource_missing" => Kind::NotFound,
            408 | 409 | 425 => Kind::Transient,
            500.. => Kind::Transient,
            _ if error.is_none() => Kind::Foreign,
            _ => Kind::BadRequest,
        };
        let message = match (&kind, error.is_some()) {
            (_, true) if !message.is_empty() => format!("Stripe says: {message}"),
            (Kind::Foreign, _) => format!(
                "HTTP {} with {} instead of JSON",
                status.as_u16(),
                if is_html { "a web page" } else { "something" }
            ),
            (Kind::Transient, _) if status.is_success() => {
                format!("the answer is not whole: {} bytes that are not JSON", body.len())
            }
            _ => format!("HTTP {}", status.as_u16()),
        };
        Self {
            wait: transport::retry_after(headers).filter(|wait| *wait <= LONGEST_WAIT),
            should_retry: header("stripe-should-retry").and_then(|value| value.parse().ok()),
            parameter: text("param").map(str::to_owned),
            ..Self::new(kind, message)
        }
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
            Kind::RateLimited { .. } | Kind::Transient => self.should_retry != Some(false),
            // A port that does not answer may be a machine that starts; a login page stays.
            Kind::NoNetwork | Kind::Foreign => tries < FEW,
            Kind::BadRequest | Kind::NotFound => self.should_retry == Some(true),
            _ => false,
        }
    }

    /// Whether no other request can succeed either.
    pub fn ends_the_sync(&self) -> bool {
        matches!(
            self.kind,
            Kind::KeyExpired
                | Kind::KeyUnknown
                | Kind::AccountRefused
                | Kind::Foreign
                | Kind::NoNetwork
                | Kind::ClockOff
                | Kind::BadCertificate
                | Kind::OverBudget
                | Kind::Stopped
        )
    }

    /// One word for tables.
    pub fn word(&self) -> &'static str {
        match self.kind {
            Kind::Denied { .. } => "denied",
            Kind::OverBudget => "over budget",
            Kind::Stopped => "stopped",
            _ => "failing",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match &self.kind {
            Kind::Denied { scope: Some(scope) } => {
                return Some(format!(
                    "tick the permission that contains {scope} at https://dashboard.stripe.com/apikeys, or name the resource in [source.stripe] optional"
                ));
            }
            Kind::Denied { scope: None } => {
                "give the key Read on it at https://dashboard.stripe.com/apikeys, or name the resource in [source.stripe] optional"
            }
            Kind::KeyExpired => {
                "make a new restricted key at https://dashboard.stripe.com/apikeys; what has landed stays, and the next run goes on from there"
            }
            Kind::KeyUnknown => {
                "check that the key is whole and of this account: https://dashboard.stripe.com/apikeys"
            }
            Kind::AccountRefused => {
                "[source.stripe] account names a connected account; the key must be the platform's, with Connect permissions"
            }
            Kind::WrongMode => "set mode in paydirt.toml to that of the key",
            Kind::RateLimited { .. } => {
                "Stripe asks for fewer requests; run it again later, it goes on from here"
            }
            Kind::Transient => {
                "it was tried several times; run it again later, it goes on from here"
            }
            Kind::Foreign => {
                "something between here and Stripe answers in its place: a proxy's login or block page, or a wrong [source.stripe] api_base"
            }
            Kind::NoNetwork => "is there a network? Behind a proxy, set HTTPS_PROXY",
            Kind::ClockOff => "is the clock of this machine right?",
            Kind::BadCertificate => {
                "a proxy that opens TLS needs its certificate among the system's (SSL_CERT_FILE)"
            }
            Kind::OverBudget => {
                "raise [source.stripe] request_budget, or wait: the budget is per rolling 30 days (`paydirt status` shows it)"
            }
            Kind::NotFound | Kind::BadRequest | Kind::Stopped => return None,
        };
        Some(hint.to_owned())
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let hint = failure.hint();
        let error = Error::new(failure.message);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Reads the rest of an answer; one that breaks off is a failure of its own kind.
pub async fn read_body(answer: Response) -> Result<String, Failure> {
    transport::read_body(answer).await.map_err(|why| Failure::new(Kind::Transient, why))
}

/// The permission that Stripe names in its refusal: `rak_charge_read`, or `charge_read` beside the
/// words of the dashboard.
fn missing_scope(message: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let mut words = message.split(|c| !is_part(c));
    let name = words.find(|word| word.ends_with("_read") || word.starts_with("rak_"))?;
    Some(if name.starts_with("rak_") { name.to_owned() } else { format!("rak_{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Failure {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Failure::of_answer(StatusCode::from_u16(status).unwrap(), &map, body)
    }

    #[test]
    fn refusals_are_told_apart() {
        let denied = r#"{"error":{"message":"The provided key 'rk_test_*…qs8Kgd' does not have the required permissions for this endpoint on account 'acct_1'. Having the 'rak_subscription_read' permission would allow this request to continue.","type":"invalid_request_error"}}"#;
        let failure = sorted(403, &[], denied);
        assert_eq!(failure.kind, Kind::Denied { scope: Some("rak_subscription_read".into()) });
        assert!(!failure.ends_the_sync() && !failure.is_worth_retrying(1));
        for (status, body, kind) in [
            (
                403,
                r#"{"error":{"message":"This is a restricted API key, but the required permissions are not available for use by restricted keys."}}"#,
                Kind::Denied { scope: None },
            ),
            (
                403,
                r#"{"error":{"code":"account_invalid","message":"The provided key does not have access to account 'acct_2'"}}"#,
                Kind::AccountRefused,
            ),
            (
                401,
                r#"{"error":{"code":"api_key_expired","message":"Expired API Key provided: rk_test_***aaaaaa"}}"#,
                Kind::KeyExpired,
            ),
            (
                401,
                r#"{"error":{"message":"Invalid API Key provided: sk_live_***yrW3"}}"#,
                Kind::KeyUnknown,
            ),
            (
                403,
                r#"{"error":{"message":"Enabling \"Charges Read\" ('charge_read') permissions on this key would allow this request to continue."}}"#,
                Kind::Denied { scope: Some("rak_charge_read".into()) },
            ),
            (
                404,
                r#"{"error":{"code":"resource_missing","message":"No such customer: 'cus_1'"}}"#,
                Kind::NotFound,
            ),
            (
                404,
                r#"{"error":{"message":"No such price: 'p'; a similar object exists in live mode, but a test mode key was used"}}"#,
                Kind::WrongMode,
            ),
            (
                400,
                r#"{"error":{"message":"Received unknown parameter: creatd","param":"creatd"}}"#,
                Kind::BadRequest,
            ),
            (200, "{\"object\":\"list\",\"data\":[{\"id\"", Kind::Transient),
            (200, "<html>Please log in</html>", Kind::Foreign),
            (302, "", Kind::Foreign),
            (407, "", Kind::Foreign),
            (403, "<html>blocked</html>", Kind::Foreign),
            (502, "<html>Bad gateway</html>", Kind::Transient),
            (500, r#"{"error":{"message":"An unknown error occurred"}}"#, Kind::Transient),
            (409, r#"{"error":{"message":"There is another request"}}"#, Kind::Transient),
        ] {
            assert_eq!(sorted(status, &[], body).kind, kind, "{status} {body}");
        }
    }

    #[test]
    fn the_headers_decide_about_a_retry() {
        let body = r#"{"error":{"code":"rate_limit","message":"Request rate limit exceeded."}}"#;
        let limited = sorted(
            429,
            &[("stripe-rate-limited-reason", "endpoint-rate"), ("retry-after", "2")],
            body,
        );
        assert_eq!(limited.kind, Kind::RateLimited { reason: Some("endpoint-rate".into()) });
        assert_eq!(limited.wait, Some(Duration::from_secs(2)));
        assert!(limited.is_worth_retrying(1));
        assert!(!sorted(500, &[("stripe-should-retry", "false")], "").is_worth_retrying(1));
        assert!(
            sorted(400, &[("stripe-should-retry", "true")], "{\"error\":{}}").is_worth_retrying(1)
        );
        assert!(!sorted(400, &[], "{\"error\":{}}").is_worth_retrying(1));
        assert!(sorted(503, &[], "").is_worth_retrying(1));
    }
}
