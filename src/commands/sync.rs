//! `paydirt sync`: every source that is set up.

use std::process::ExitCode;

use crate::cli::StripeArgs;
use crate::commands::{files, postgres, posthog, stripe};
use crate::config::Project;
use crate::error::Result;

/// Lands what every source that is set up has, one after the other; 2 if anything did not land.
/// Stripe comes last, because it is what can be followed.
pub async fn all(project: Project, args: &StripeArgs) -> Result<ExitCode> {
    let sources = &project.config.source;
    let has_posthog = sources.posthog.project.is_some();
    let has_postgres = !sources.postgres.is_empty();
    let has_files = !files::places(&project).is_empty();
    let mut is_whole = true;
    if has_posthog {
        is_whole &= done(posthog::sync(&project).await);
    }
    if has_postgres {
        is_whole &= done(postgres::sync(&project, &[], false).await);
    }
    if has_files {
        is_whole &= done(files::sync(&project, &[], false).await);
    }
    // Without any source, what Stripe says of its key tells how to begin.
    if sources.stripe.is_configured() || !(has_posthog || has_postgres || has_files) {
        is_whole &= done(stripe::sync(project, args).await);
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// Whether a source has landed all; an error of one is said and does not keep back the others.
fn done(outcome: Result<ExitCode>) -> bool {
    let code = outcome.unwrap_or_else(|error| super::fail(&error));
    code == ExitCode::SUCCESS
}
