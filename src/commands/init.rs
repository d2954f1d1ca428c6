//! `paydirt init`: a project folder.

use std::path::Path;
use std::process::ExitCode;

use crate::config::FILE_NAME;
use crate::error::{Error, Result};
use crate::identity;

const TEMPLATE: &str = include_str!("paydirt.toml");

pub fn run(dir: &Path) -> Result<ExitCode> {
    make(dir)?;
    println!("made a project in {}", dir.display());
    println!("next: land your data, then see what came");
    println!("  export STRIPE_API_KEY=rk_live_…; paydirt sync stripe");
    println!("  paydirt sync files stripe-export/ events.csv");
    println!("  paydirt status");
    Ok(ExitCode::SUCCESS)
}

/// Makes the folders and the commented `paydirt.toml`; refuses to overwrite one.
pub fn make(dir: &Path) -> Result<()> {
    let path = dir.join(FILE_NAME);
    if path.exists() {
        return Err(Error::new(format!("{} is there already", path.display()))
            .hint("edit it, or name another folder"));
    }
    for folder in ["sql/hypotheses", "data/lake", "identity"] {
        let folder = dir.join(folder);
        std::fs::create_dir_all(&folder)
            .map_err(|error| Error::from(error).context(folder.display()))?;
    }
    identity::write_templates(&dir.join("identity"))?;
    std::fs::write(&path, TEMPLATE).map_err(|error| Error::from(error).context(path.display()))
}
