//! Stripe's errors: status, and a body that says what was wrong.

use serde_json::{Map, Value, json};

/// A request that is answered with an error.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub status: u16,
    pub message: String,
    pub code: Option<&'static str>,
    pub param: Option<String>,
    pub kind: &'static str,
    pub headers: Vec<(&'static str, String)>,
}

impl Refusal {
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            code: None,
            param: None,
            kind: "invalid_request_error",
            headers: vec![],
        }
    }

    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub fn param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    pub fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn unknown_parameter(name: &str) -> Self {
        Self::new(400, format!("Received unknown parameter: {name}"))
            .code("parameter_unknown")
            .param(name)
    }

    pub fn missing_parameter(name: &str) -> Self {
        Self::new(400, format!("Missing required param: {name}."))
            .code("parameter_missing")
            .param(name)
    }

    pub fn missing(status: u16, object: &str, id: &str, param: &str) -> Self {
        Self::new(status, format!("No such {object}: '{id}'")).code("resource_missing").param(param)
    }

    /// A value that a parameter cannot have.
    pub fn invalid(name: &str, message: impl Into<String>) -> Self {
        Self::new(400, message).param(name)
    }

    /// What Stripe does and this server does not: no answer is better than a wrong one.
    pub fn not_here(what: impl Into<String>) -> Self {
        Self::new(501, format!("the stand-in does not serve {}", what.into())).kind("api_error")
    }

    pub fn body(&self) -> Value {
        let mut error = Map::new();
        if let Some(code) = self.code {
            error.insert("code".into(), code.into());
            let page = code.replace('_', "-");
            let url = format!("https://stripe.com/docs/error-codes/{page}");
            error.insert("doc_url".into(), url.into());
        }
        error.insert("message".into(), self.message.clone().into());
        if let Some(param) = &self.param {
            error.insert("param".into(), param.clone().into());
        }
        error.insert("type".into(), self.kind.into());
        json!({ "error": error })
    }
}
