//! The API key: where it comes from, which kinds are taken, and how it is never shown.

use std::path::Path;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::super::resources::RESOURCES;
use crate::config::Mode;
use crate::error::{Error, Result};
use crate::sync::api::secret::{self, Found, Place};

pub const VARIABLE: &str = "STRIPE_API_KEY";

/// A key that may read. What prints it prints `[REDACTED]`.
#[derive(Debug, Clone)]
pub struct Key {
    secret: SecretString,
    pub mode: Mode,
    pub is_restricted: bool,
}

impl Key {
    /// Reads the key of a project from the environment, else from the file that it names
    /// (relative to `root`). Fails on a key that may do more than read, unless `allow_secret`,
    /// and on one of the other mode.
    pub fn read(root: &Path, file: Option<&Path>, mode: Mode, allow_secret: bool) -> Result<Self> {
        let place = Place {
            variable: VARIABLE,
            file,
            setting: "[source.stripe] key_file",
            prefixes: &["rk_", "sk_"],
        };
        let Some(Found { text, origin }) = place.read(root)? else {
            return Err(Error::new("no Stripe key: STRIPE_API_KEY is not set")
                .hint(format!("{}, then `export STRIPE_API_KEY=rk_live_…`; or keep it in a file of mode 0600 and name it: [source.stripe] key_file = \"stripe.key\"", how_to_make_one())));
        };
        let key = Self::new(text, &origin, allow_secret)?;
        if key.mode != mode {
            return Err(Error::new(format!(
                "{origin} is a key of {} mode, and this project's mode is {}",
                key.mode.as_str(),
                mode.as_str()
            ))
            .hint(format!(
                "use a key that starts with rk_{0}_, or set mode = \"{1}\" in paydirt.toml",
                mode.as_str(),
                key.mode.as_str()
            )));
        }
        Ok(key)
    }

    /// A restricted key from its text.
    pub fn parse(text: &str) -> Result<Self> {
        Self::new(text.to_owned().into(), "the text", false)
    }

    /// Takes a key that `origin` gave.
    fn new(text: SecretString, origin: &str, allow_secret: bool) -> Result<Self> {
        let secret = SecretString::from(text.expose_secret().trim().to_owned());
        let text = secret.expose_secret();
        if !secret::is_plain(text) {
            return Err(not_a_key(origin));
        }
        let starts = |prefix: &str| text.starts_with(prefix);
        if starts("pk_") {
            return Err(Error::new(format!(
                "{origin} holds a publishable key (pk_), which cannot read"
            ))
            .hint(how_to_make_one()));
        }
        if starts("ek_") {
            return Err(Error::new(format!(
                "{origin} holds an ephemeral key (ek_), which a customer's device uses for minutes"
            ))
            .hint(how_to_make_one()));
        }
        if starts("whsec_") {
            return Err(Error::new(format!(
                "{origin} holds the signing secret of a webhook (whsec_), which is no API key"
            ))
            .hint(how_to_make_one()));
        }
        let is_restricted = starts("rk_");
        let mode = match text.split('_').nth(1) {
            Some("live") => Mode::Live,
            Some("test") => Mode::Test,
            _ if starts("sk_org_") => {
                return Err(Error::new(format!(
                    "{origin} holds a key of an organization (sk_org_)"
                ))
                .hint(how_to_make_one()));
            }
            _ => return Err(not_a_key(origin)),
        };
        if !is_restricted && !starts("sk_") {
            return Err(not_a_key(origin));
        }
        if !is_restricted && !allow_secret {
            return Err(Error::new(format!("{origin} holds a secret key (sk_), which can charge, refund and delete; paydirt only reads"))
                .hint(format!("{}. If you must, `--allow-secret-key` takes it as it is", how_to_make_one())));
        }
        Ok(Self { secret, mode, is_restricted })
    }

    /// The value of the header that carries it; marked so that no log shows it.
    pub fn header(&self) -> Result<HeaderValue> {
        secret::bearer(&self.secret)
    }

    /// The text without the key, should somebody have sent it back to us.
    pub fn scrub(&self, text: &str) -> String {
        secret::scrub(&self.secret, text)
    }
}

fn not_a_key(origin: &str) -> Error {
    Error::new(format!("{origin} does not hold a Stripe key"))
        .hint("it should start with rk_live_ or rk_test_, without quotes or spaces")
}

/// Which permissions a key needs, as the dashboard names them.
fn how_to_make_one() -> String {
    let mut scopes: Vec<&str> = RESOURCES.iter().map(|resource| resource.scope).collect();
    scopes.sort_unstable();
    scopes.dedup();
    format!(
        "make a restricted key at https://dashboard.stripe.com/apikeys/create with Read on: {}",
        scopes.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: &str = "rk_live_51AbCdEf";

    fn key(text: &str) -> Result<Key> {
        Key::parse(text)
    }

    #[test]
    fn restricted_keys_are_taken_and_know_their_mode() {
        for (text, mode) in
            [(LIVE, Mode::Live), ("rk_test_51", Mode::Test), (" rk_test_51\n", Mode::Test)]
        {
            let key = key(text).unwrap();
            assert_eq!((key.mode, key.is_restricted), (mode, true));
        }
    }

    #[test]
    fn other_keys_are_refused_with_the_reason_and_never_shown() {
        for (text, reason) in [
            ("sk_live_51AbCdEf", "secret key (sk_)"),
            ("sk_org_live_51", "organization"),
            ("pk_live_51", "publishable"),
            ("ek_test_51", "ephemeral"),
            ("whsec_51", "webhook"),
            ("rk_prod_51", "does not hold a Stripe key"),
            ("\"rk_live_51\"", "does not hold a Stripe key"),
            ("hello", "does not hold a Stripe key"),
        ] {
            let error = key(text).unwrap_err();
            assert!(error.message().contains(reason), "{text}: {error}");
            assert!(!format!("{error:?}").contains("51"), "{error:?}");
        }
        let error = key("sk_live_51AbCdEf").unwrap_err();
        let hint = error.hint_text().unwrap();
        assert!(hint.contains("Subscriptions") && hint.contains("--allow-secret-key"), "{hint}");
        let allowed = Key::new("sk_live_51".to_owned().into(), "x", true).unwrap();
        assert!(!allowed.is_restricted);
    }

    #[test]
    fn nothing_prints_a_key() {
        let key = key(LIVE).unwrap();
        assert!(!format!("{key:?} {:?}", key.header().unwrap()).contains("51AbCdEf"));
        assert_eq!(key.scrub("no rk_live_51AbCdEf here"), "no [the key] here");
    }
}
