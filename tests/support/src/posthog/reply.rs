//! What is answered, and PostHog's errors.

use bytes::Bytes;
use serde_json::{Value, json};

/// A request that is answered with an error.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub status: u16,
    code: &'static str,
    detail: String,
    pub retry_after: Option<u64>,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str) -> Self {
        Self { status, code, detail: String::new(), retry_after: None }
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    pub fn retry_after(mut self, seconds: Option<u64>) -> Self {
        self.retry_after = seconds;
        self
    }

    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(400, "invalid_input").detail(detail)
    }

    pub fn not_found() -> Self {
        Self::new(404, "not_found").detail("Not found.")
    }

    pub fn throttled(retry_after: Option<u64>) -> Self {
        let seconds = retry_after.unwrap_or(1);
        Self::new(429, "throttled")
            .detail(format!("Request was throttled. Expected available in {seconds} seconds."))
            .retry_after(retry_after)
    }

    pub fn body(&self) -> Value {
        let kind = match self.status {
            400 => "validation_error",
            401 | 403 => "authentication_error",
            404 => "invalid_request",
            429 => "throttled_error",
            _ => "server_error",
        };
        json!({ "type": kind, "code": self.code, "detail": self.detail, "attr": null })
    }
}

/// A good answer.
#[derive(Debug)]
pub enum Reply {
    Json(u16, Value),
    File(Bytes),
    /// Where to go instead.
    Elsewhere(String),
}
