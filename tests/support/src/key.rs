//! API keys: what they open, and how Stripe refuses them.

use std::collections::BTreeSet;

use crate::refusal::Refusal;

/// An API key of an account.
#[derive(Debug, Clone)]
pub struct Key {
    pub(crate) text: String,
    pub(crate) account: String,
    /// Resources that it may not read.
    denied: BTreeSet<String>,
    /// Whether a restricted key may act for connected accounts.
    pub(crate) has_connect: bool,
    expires_after: Option<u64>,
    wording: Wording,
    used: u64,
}

/// Stripe has told of a missing permission in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wording {
    /// `Having the 'rak_charge_read' permission would allow …`
    #[default]
    Having,
    /// `Enabling "Charges Read" ('charge_read') permissions on this key would allow …`
    Enabling,
}

impl Key {
    /// A key that reads everything. Its mode and kind are in its first letters.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            account: "acct_1StandIn".into(),
            denied: BTreeSet::new(),
            has_connect: true,
            expires_after: None,
            wording: Wording::default(),
            used: 0,
        }
    }

    /// The account that it belongs to.
    pub fn of_account(mut self, id: &str) -> Self {
        self.account = id.into();
        self
    }

    /// Without the permission to read some resources, `account` among them.
    pub fn without(mut self, resources: &[&str]) -> Self {
        self.denied.extend(resources.iter().map(|&name| name.to_owned()));
        self
    }

    /// Without the permission to act for connected accounts.
    pub fn without_connect(mut self) -> Self {
        self.has_connect = false;
        self
    }

    /// Expires after so many requests; at once with 0.
    pub fn expires_after(mut self, requests: u64) -> Self {
        self.expires_after = Some(requests);
        self
    }

    pub fn wording(mut self, wording: Wording) -> Self {
        self.wording = wording;
        self
    }

    pub(crate) fn is_live(&self) -> bool {
        self.text.contains("_live_")
    }

    pub(crate) fn is_restricted(&self) -> bool {
        self.text.starts_with("rk_")
    }

    /// Counts a request, or refuses it when the key has expired.
    pub(crate) fn use_once(&mut self) -> Result<(), Refusal> {
        if self.expires_after.is_some_and(|most| self.used >= most) {
            let message = format!("Expired API Key provided: {}", masked(&self.text));
            return Err(Refusal::new(401, message).code("api_key_expired"));
        }
        self.used += 1;
        Ok(())
    }

    /// Refuses a resource for which the key lacks the permission.
    pub(crate) fn check(&self, resource: &str, permission: &str) -> Result<(), Refusal> {
        if !self.denied.contains(resource) {
            return Ok(());
        }
        let (key, account) = (masked(&self.text), &self.account);
        let lead = format!(
            "The provided key '{key}' does not have the required permissions for this endpoint on \
             account '{account}'."
        );
        let advice = match self.wording {
            Wording::Having => format!("Having the '{permission}' permission would allow"),
            Wording::Enabling => {
                let scope = permission.trim_start_matches("rak_");
                let title = title(scope);
                format!("Enabling \"{title}\" ('{scope}') permissions on this key would allow")
            }
        };
        Err(Refusal::new(403, format!("{lead} {advice} this request to continue.")))
    }
}

/// `Credit Notes Read` of `credit_note_read`; prices have the scope of the older plans.
fn title(scope: &str) -> String {
    let scope = if scope == "plan_read" { "price_read" } else { scope };
    let words = scope.trim_end_matches("_read").split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        format!("{}{rest}", first.to_uppercase())
    });
    format!("{}s Read", words.collect::<Vec<_>>().join(" "))
}

/// A key as Stripe's messages show it.
pub fn masked(text: &str) -> String {
    let start = ["sk_live_", "sk_test_", "rk_live_", "rk_test_"]
        .into_iter()
        .find(|start| text.starts_with(start))
        .unwrap_or_default();
    let rest = &text[start.len()..];
    let end: String = rest.chars().skip(rest.chars().count().saturating_sub(4)).collect();
    format!("{start}{}{end}", "*".repeat(rest.chars().count().saturating_sub(4)))
}

/// The key of a request: a bearer token.
pub fn of_header(authorization: Option<&str>) -> Result<&str, Refusal> {
    let bearer = authorization.and_then(|header| header.strip_prefix("Bearer "));
    bearer.map(str::trim).filter(|key| !key.is_empty()).ok_or_else(|| {
        Refusal::new(
            401,
            "You did not provide an API key. You need to provide your API key in the Authorization \
             header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        )
    })
}

pub fn unknown(text: &str) -> Refusal {
    Refusal::new(401, format!("Invalid API Key provided: {}", masked(text)))
}

/// A connected account that the key cannot reach.
pub fn no_access(text: &str, account: &str) -> Refusal {
    let key = masked(text);
    Refusal::new(
        403,
        format!(
            "The provided key '{key}' does not have access to account '{account}' (or that account \
             does not exist). Application access may have been revoked."
        ),
    )
    .code("account_invalid")
}

pub fn no_connect(text: &str) -> Refusal {
    let key = masked(text);
    Refusal::new(
        403,
        format!(
            "The provided key '{key}' cannot act for other accounts: the restricted API key does \
             not have any Connect permissions."
        ),
    )
}
