//! The one HTTP client: how long it waits, what it never does.

use std::time::Duration;

use reqwest::{Client, redirect};

use crate::error::{Error, Result};

/// To reach the server at all.
const CONNECT: Duration = Duration::from_secs(10);
/// Between two pieces of an answer.
const SILENCE: Duration = Duration::from_secs(30);
/// For a request as a whole.
const WHOLE: Duration = Duration::from_secs(120);

/// The same of a server that works on an answer for a minute before it sends any of it.
const LONG_SILENCE: Duration = Duration::from_secs(120);
const LONG_WHOLE: Duration = Duration::from_secs(180);

/// A client that shares its connections among its clones. It follows no redirect: an API does not
/// move, and what sends one is a proxy that wants a login.
pub fn client() -> Result<Client> {
    waiting(SILENCE, WHOLE)
}

/// The same for an API that works on some answers for long.
pub fn patient_client() -> Result<Client> {
    waiting(LONG_SILENCE, LONG_WHOLE)
}

#[allow(clippy::disallowed_methods)]
fn waiting(silence: Duration, whole: Duration) -> Result<Client> {
    Client::builder()
        .user_agent(concat!("paydirt/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(silence)
        .timeout(whole)
        .redirect(redirect::Policy::none())
        .build()
        .map_err(|error| Error::new(format!("cannot make an HTTP client: {error}")))
}
