//! Where an API is.

use url::{Host, Url};

use crate::error::{Error, Result};

/// The address that a setting gives. A key goes over plain HTTP to this machine only.
pub fn base(text: &str, setting: &str, default: &str) -> Result<Url> {
    let refuse = |why: &str| {
        Error::new(format!("{setting} = \"{text}\" {why}"))
            .hint(format!("leave it out for {default}"))
    };
    let url = Url::parse(text).map_err(|_| refuse("is no URL"))?;
    if url.host().is_none() {
        return Err(refuse("names no host"));
    }
    if !keeps_secrets(&url) {
        return Err(refuse("would send the key in the clear: it must be https"));
    }
    Ok(url)
}

/// Whether what is sent there can be read by nobody on the way.
pub fn keeps_secrets(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}
