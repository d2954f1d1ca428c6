//! `[source.stripe]`: where the account is, and what may be asked of it.

use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use super::api::{DEFAULT_BASE, VARIABLE};
use super::resources::RESOURCES;
use crate::error::{Error, Result};
use crate::sync::api;

/// Stripe's API. The key itself is never here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A file of mode 0600 that holds the key; STRIPE_API_KEY comes before it.
    pub key_file: Option<PathBuf>,
    /// The connected account to read, of a platform's key.
    pub account: Option<String>,
    api_base: Option<String>,
    /// Resources that may be denied.
    pub optional: Vec<String>,
    /// Requests per rolling 30 days.
    pub request_budget: Option<u64>,
    /// Requests a second that Stripe grants the account, where it is not what it publishes.
    pub rate_limit: Option<u32>,
}

impl Settings {
    /// Where the API is. A key goes over plain HTTP to this machine only.
    pub fn base(&self) -> Result<Url> {
        let text = self.api_base.as_deref().unwrap_or(DEFAULT_BASE);
        api::base::base(text, "[source.stripe] api_base", DEFAULT_BASE)
    }

    /// Whether there is a key to be had.
    pub fn is_configured(&self) -> bool {
        self.key_file.is_some() || std::env::var_os(VARIABLE).is_some_and(|key| !key.is_empty())
    }

    pub fn is_optional(&self, resource: &str) -> bool {
        self.optional.iter().any(|name| name == resource)
    }

    pub fn validate(&self) -> Result<()> {
        self.base()?;
        let is_unknown = |name: &&String| RESOURCES.iter().all(|known| known.name != name.as_str());
        if let Some(name) = self.optional.iter().find(is_unknown) {
            let names: Vec<&str> = RESOURCES.iter().map(|resource| resource.name).collect();
            return Err(Error::new(format!(
                "[source.stripe] optional: no resource is called `{name}`"
            ))
            .hint(format!("resources are: {}", names.join(", "))));
        }
        match &self.account {
            Some(account) if !account.starts_with("acct_") => {
                Err(Error::new(format!("[source.stripe] account = \"{account}\" is no account id"))
                    .hint("it starts with acct_"))
            }
            _ if self.rate_limit == Some(0) => {
                Err(Error::new("[source.stripe] rate_limit = 0 lets no request through"))
            }
            _ => Ok(()),
        }
    }
}
