//! The commands that talk to Stripe: check, sync, follow, reconcile.

mod check;
mod reconcile;
mod sync;

use crate::cli::KeyArgs;
use crate::clock;
use crate::config::Project;
use crate::engine::Engine;
use crate::error::Result;
use crate::sync::stripe::api::{Api, Key};
use crate::time::DAY_US;

pub use check::check;
pub use reconcile::reconcile;
pub use sync::sync;

/// A connection with the project's key, which makes no more requests than its budget leaves; and
/// the requests of the last 30 days.
async fn connect(project: &Project, args: &KeyArgs) -> Result<(Api, u64)> {
    let settings = &project.config.source.stripe;
    let key = Key::read(
        &project.root,
        settings.key_file.as_deref(),
        project.config.mode,
        args.allow_secret_key,
    )?;
    let used = requests_used(&Engine::open(project.clone(), None).await?).await?;
    let allowance = settings.request_budget.map(|budget| budget.saturating_sub(used));
    Ok((Api::new(settings, key, allowance)?, used))
}

/// Requests to Stripe in the last 30 days.
pub async fn requests_used(engine: &Engine) -> Result<u64> {
    let since = clock::now_us() - 30 * DAY_US;
    let sql = engine.command("requests_used")?.text.replace("{since}", &since.to_string());
    let batches = engine.session()?.query(&sql).await?;
    let records = crate::backtest::read::records(&batches)?;
    records.first().map_or(Ok(0), |row| row.count("requests"))
}
