//! The commands that talk to PostHog: check and sync.

mod check;
mod sync;

use crate::config::Project;
use crate::error::Result;
use crate::sync::posthog::api::{Api, Key};

pub use check::check;
pub use sync::sync;

/// A connection with the project's key.
fn connect(project: &Project) -> Result<Api> {
    let settings = &project.config.source.posthog;
    let base = settings.base()?;
    let key = Key::read(&project.root, settings.key_file.as_deref(), base.as_str())?;
    Api::new(settings, key)
}
