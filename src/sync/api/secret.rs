//! Keys: from the environment or a private file, and never shown.

use std::path::{Path, PathBuf};

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, Result};
use crate::secret::read_private;

/// Where a source's key may be.
#[derive(Debug)]
pub struct Place<'a> {
    pub variable: &'static str,
    /// The file that a setting names, and the setting.
    pub file: Option<&'a Path>,
    pub setting: &'static str,
    /// How the source's keys start, should somebody write one where its path belongs.
    pub prefixes: &'static [&'static str],
}

/// What was found, and where.
#[derive(Debug)]
pub struct Found {
    pub text: SecretString,
    pub origin: String,
}

impl Place<'_> {
    /// Reads the key from the environment, else from the file, relative to `root`; `None` if there
    /// is neither.
    pub fn read(&self, root: &Path) -> Result<Option<Found>> {
        match std::env::var(self.variable) {
            Ok(text) if !text.trim().is_empty() => {
                let origin = self.variable.to_owned();
                return Ok(Some(Found { text: trimmed(&text), origin }));
            }
            Err(std::env::VarError::NotUnicode(_)) => {
                return Err(Error::new(format!("{} does not hold a key", self.variable)));
            }
            _ => {}
        }
        let Some(file) = self.file else { return Ok(None) };
        let path = root.join(file);
        let text = self.private(&path)?;
        Ok(Some(Found { text, origin: path.display().to_string() }))
    }

    /// The text of a file that nobody else can read.
    pub fn private(&self, path: &Path) -> Result<SecretString> {
        let text = read_private(path, &format!("key file {}", self.name(path)));
        let text = text.map_err(|error| match error.hint_text() {
            Some(_) => error,
            None => error
                .hint(format!("{} names a file that holds the key and nothing else", self.setting)),
        })?;
        Ok(trimmed(text.expose_secret()))
    }

    /// The path for an error, unless somebody wrote the key itself where the path belongs.
    fn name(&self, path: &Path) -> String {
        let last = path.file_name().map(PathBuf::from).unwrap_or_default();
        match last.to_str() {
            Some(text) if self.prefixes.iter().any(|prefix| text.starts_with(prefix)) => {
                "(a key instead of a path)".to_owned()
            }
            _ => path.display().to_string(),
        }
    }
}

fn trimmed(text: &str) -> SecretString {
    text.trim().to_owned().into()
}

/// Whether a text can be a key at all: nothing that would not fit in a header.
pub fn is_plain(text: &str) -> bool {
    text.len() < 512 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The value of the header that carries a key; marked so that no log shows it.
pub fn bearer(key: &SecretString) -> Result<HeaderValue> {
    let text = SecretString::from(format!("Bearer {}", key.expose_secret()));
    let mut value = HeaderValue::from_str(text.expose_secret())
        .map_err(|_| Error::new("the key holds characters that no key has"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A text without the key, should somebody have sent it back to us.
pub fn scrub(key: &SecretString, text: &str) -> String {
    text.replace(key.expose_secret(), "[the key]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_key_file_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let place = Place {
            variable: "NO_SUCH_VARIABLE",
            file: Some(Path::new("api.key")),
            setting: "key_file",
            prefixes: &["rk_"],
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.key");
        std::fs::write(&path, "rk_live_51AbCdEf\n").unwrap();
        let mode =
            |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o640);
        let error = place.read(folder.path()).unwrap_err();
        assert!(error.hint_text().unwrap().starts_with("chmod 600 "), "{error:?}");
        mode(0o600);
        let found = place.read(folder.path()).unwrap().unwrap();
        assert_eq!(found.text.expose_secret(), "rk_live_51AbCdEf");
        let error = place.private(&folder.path().join("rk_live_51AbCdEf")).unwrap_err();
        assert!(!error.message().contains("51AbCdEf"), "{error}");
    }
}
