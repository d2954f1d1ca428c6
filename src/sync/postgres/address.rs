//! Where the server is, and how the way there is protected.

use std::env;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use tokio_postgres::config::{Config, Host, SslMode as WireMode};
use url::Url;

use super::settings::{PostgresSource, URL_VARIABLE};
use crate::error::{Error, Result};

/// To reach the server at all.
const CONNECT: Duration = Duration::from_secs(10);

/// What libpq calls `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    /// Encrypted if the server can; libpq's `allow` and `prefer`.
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl FromStr for SslMode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "disable" => Ok(SslMode::Disable),
            "allow" | "prefer" => Ok(SslMode::Prefer),
            "require" => Ok(SslMode::Require),
            "verify-ca" => Ok(SslMode::VerifyCa),
            "verify-full" => Ok(SslMode::VerifyFull),
            _ => Err(Error::new(format!("sslmode={text} is not known"))
                .hint("it is disable, prefer, require, verify-ca or verify-full")),
        }
    }
}

/// A URL that is read, with its password set apart.
#[derive(Debug)]
pub struct Address {
    /// Without a password.
    pub config: Config,
    pub password: Option<SecretString>,
    pub sslmode: SslMode,
    /// Certificates to trust instead of the system's.
    pub root_certificates: Option<PathBuf>,
    /// `host:port/database`, for people.
    pub place: String,
}

impl Address {
    /// The address that an entry names, directly or by an environment variable.
    pub fn of(source: &PostgresSource) -> Result<Self> {
        if let Some(url) = &source.url {
            return Self::parse(url, "url");
        }
        let variable = source.url_variable.as_deref().unwrap_or(URL_VARIABLE);
        match env::var(variable) {
            Ok(url) if !url.trim().is_empty() => Self::parse(url.trim(), variable),
            _ => Err(Error::new(format!("no address: {variable} is not set")).hint(format!(
                "`export {variable}=postgres://user@host/database`, or name it in paydirt.toml: \
                 url = \"postgres://user@host/database\""
            ))),
        }
    }

    /// Nothing of the text is in an error: it may hold a password.
    fn parse(text: &str, origin: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::new(format!("{origin} {why}"))
                .hint("write postgres://user@host:5432/database?sslmode=verify-full")
        };
        let mut url = Url::parse(text).map_err(|_| wrong("is no URL"))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(wrong("is no URL of Postgres"));
        }
        let (mut sslmode, mut root_certificates, mut password) = (None, None, None);
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        url.set_query(None);
        for (name, value) in pairs {
            match name.as_str() {
                "sslmode" => {
                    let mode = value.parse::<SslMode>();
                    sslmode = Some(mode.map_err(|error| error.context(origin))?);
                }
                "sslrootcert" if value == "system" => {}
                "sslrootcert" => root_certificates = Some(PathBuf::from(value)),
                "sslcert" | "sslkey" | "sslcrl" | "service" | "passfile" | "gssencmode" => {
                    return Err(wrong(&format!("has {name}, which paydirt does not know")));
                }
                "password" => password = Some(SecretString::from(value)),
                _ => {
                    url.query_pairs_mut().append_pair(&name, &value);
                }
            }
        }
        let read = |url: &Url| {
            Config::from_str(url.as_str()).map_err(|_| wrong("has a part that is not understood"))
        };
        if let Some(bytes) = read(&url)?.get_password() {
            password = Some(String::from_utf8_lossy(bytes).into_owned().into());
        }
        // What is left can be shown.
        let _ = url.set_password(None);
        let mut config = read(&url)?;
        if config.get_hosts().is_empty() {
            config.host("localhost");
        }
        config.application_name("paydirt");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        let is_here = config.get_hosts().iter().all(is_loopback)
            && config.get_hostaddrs().iter().all(|address| address.is_loopback());
        // A certificate to check against asks for the check, as in libpq.
        let sslmode = match (sslmode, is_here) {
            (Some(SslMode::Require), _) if root_certificates.is_some() => SslMode::VerifyCa,
            (Some(SslMode::Prefer) | None, false) => SslMode::Require,
            (Some(mode), _) => mode,
            (None, true) => SslMode::Prefer,
        };
        config.ssl_mode(match sslmode {
            SslMode::Disable => WireMode::Disable,
            SslMode::Prefer => WireMode::Prefer,
            _ => WireMode::Require,
        });
        let place = place(&config);
        Ok(Self { config, password, sslmode, root_certificates, place })
    }
}

/// Refuses a URL of paydirt.toml that is none, or that holds a password.
pub fn check_written(text: &str) -> Result<()> {
    let address = Address::parse(text, "url")?;
    match address.password {
        Some(_) => Err(Error::new("url holds a password, which does not belong in paydirt.toml")
            .hint(
                "set PGPASSWORD, keep it in ~/.pgpass or in a file of mode 0600 (password_file)",
            )),
        None => Ok(()),
    }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        #[cfg(unix)]
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            let address = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
            name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
    }
}

/// The first host, its port and the database.
pub fn place(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("{host}:{port}/{database}")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_password_is_set_apart() {
        let address = Address::parse("postgres://me:p%40ss@db.example/app", "URL").unwrap();
        assert_eq!(address.password.as_ref().unwrap().expose_secret(), "p@ss");
        assert!(!format!("{address:?}").contains("p@ss"), "{address:?}");
        assert_eq!(address.place, "db.example:5432/app");
        assert!(check_written("postgres://me:x@h/d").is_err());
        check_written("postgresql://me@h:6543/d?sslmode=verify-ca").unwrap();
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted() {
        for (url, mode) in [
            ("postgres://127.0.0.1/d", SslMode::Prefer),
            ("postgres://localhost/d?sslmode=require", SslMode::Require),
            ("postgres:///d?host=/run/postgresql", SslMode::Prefer),
            ("postgres://db.example/d", SslMode::Require),
            ("postgres://db.example/d?sslmode=prefer", SslMode::Require),
            ("postgres://db.example/d?sslmode=disable", SslMode::Disable),
            ("postgres://db.example/d?sslmode=require&sslrootcert=/ca.pem", SslMode::VerifyCa),
            ("postgres://db.example/d?sslmode=verify-full", SslMode::VerifyFull),
        ] {
            assert_eq!(Address::parse(url, "url").unwrap().sslmode, mode, "{url}");
        }
    }

    #[test]
    fn errors_do_not_repeat_the_url() {
        for url in ["hunter2", "mysql://a:hunter2@h/d", "postgres://a:hunter2@h/d?sslmode=never"] {
            let error = Address::parse(url, "DATABASE_URL").unwrap_err();
            assert!(error.message().starts_with("DATABASE_URL"), "{error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
