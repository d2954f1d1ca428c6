//! Secrets in files: only where nobody else can read them.

use std::path::Path;

use secrecy::SecretString;

use crate::error::{Error, Result};

/// A secret is a line, not a file of data.
const MAX_BYTES: u64 = 64 << 10;

/// The text of a file that nobody else can read; `name` is what errors call it (`key file x`).
pub fn read_private(path: &Path, name: &str) -> Result<SecretString> {
    let failed = |error: std::io::Error| Error::from(error).context(name);
    let metadata = std::fs::metadata(path).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(Error::new(format!("{name} can be read by others"))
                .hint(format!("chmod 600 {}", path.display())));
        }
    }
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return Err(Error::new(format!("{name} is no file with a secret in it")));
    }
    Ok(std::fs::read_to_string(path).map_err(failed)?.into())
}
