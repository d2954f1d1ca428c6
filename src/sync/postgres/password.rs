//! The password: from the URL of the environment, a private file, PGPASSWORD or `~/.pgpass`.

use std::env;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::config::{Config, Host};

use super::address::Address;
use super::settings::PostgresSource;
use crate::error::Result;
use crate::secret::read_private;

/// A password and where it came from.
pub struct Password {
    pub secret: SecretString,
    pub origin: String,
}

/// The password for an address; none is no error until the server asks for it.
pub fn find(source: &PostgresSource, address: &Address, root: &Path) -> Result<Option<Password>> {
    if let Some(secret) = &address.password {
        let origin = source.url_variable.as_deref().unwrap_or(super::settings::URL_VARIABLE);
        return Ok(Some(Password { secret: secret.clone(), origin: origin.to_owned() }));
    }
    if let Some(file) = &source.password_file {
        let path = root.join(file);
        let text = read_private(&path, &format!("password file {}", path.display()))?;
        let secret = text.expose_secret().trim_end_matches(['\r', '\n']).to_owned().into();
        return Ok(Some(Password { secret, origin: path.display().to_string() }));
    }
    if let Ok(text) = env::var("PGPASSWORD")
        && !text.is_empty()
    {
        return Ok(Some(Password { secret: text.into(), origin: "PGPASSWORD".to_owned() }));
    }
    let Some(path) = pgpass().filter(|path| path.exists()) else { return Ok(None) };
    let text = read_private(&path, &format!("password file {}", path.display()))?;
    let secret = look_up(text.expose_secret(), &address.config);
    Ok(secret.map(|secret| Password { secret, origin: path.display().to_string() }))
}

fn pgpass() -> Option<PathBuf> {
    let named = env::var_os("PGPASSFILE").filter(|path| !path.is_empty()).map(PathBuf::from);
    named.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".pgpass")))
}

/// The password of the first line that fits: `host:port:database:user:password`, where `*` fits
/// everything and `\` takes the next character as it is.
fn look_up(text: &str, config: &Config) -> Option<SecretString> {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.as_str(),
        _ => "localhost",
    };
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let user = config.get_user().map(str::to_owned).or_else(|| env::var("USER").ok());
    let user = user.unwrap_or_default();
    let wanted = [host, &port, config.get_dbname().unwrap_or(&user), &user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut fields = fields(line);
        let password = if fields.len() == 5 { fields.pop()? } else { return None };
        let fits = |(field, wanted): (&String, &&str)| field == "*" || field == wanted;
        fields.iter().zip(&wanted).all(fits).then(|| password.into())
    })
}

fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let count = fields.len();
        let Some(field) = fields.last_mut() else { break };
        match character {
            '\\' => field.extend(characters.next()),
            // The password is the rest of the line.
            ':' if count < 5 => fields.push(String::new()),
            other => field.push(other),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_pgpass_that_fits_counts() {
        let text = "# mine\ndb.example:5432:app:me:one\n*:*:*:me:t\\:w\\\\o:3\n*:*:other:*:four\n";
        let mut config = Config::new();
        config.host("db.example").user("me").dbname("app");
        let found =
            |config: &Config| look_up(text, config).map(|secret| secret.expose_secret().to_owned());
        assert_eq!(found(&config).as_deref(), Some("one"));
        config.dbname("other");
        assert_eq!(found(&config).as_deref(), Some("t:w\\o:3"));
        config.user("you");
        assert_eq!(found(&config).as_deref(), Some("four"));
        config.dbname("app");
        assert_eq!(found(&config), None);
    }
}
