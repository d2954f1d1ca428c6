//! The commands that talk to Stripe: check, sync, follow, reconcile.

mod check;
mod reconcile;
mod sync;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use crate::cli::KeyArgs;
use crate::clock;
use crate::config::Project;
use crate::engine::system;
use crate::error::{Error, Result};
use crate::lake::Lake;
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
    let used = requests_used(&Lake::open(project.lake()).await?).await?;
    let allowance = settings.request_budget.map(|budget| budget.saturating_sub(used));
    Ok((Api::new(settings, key, allowance)?, used))
}

/// Requests to Stripe in the last 30 days. Not asked in SQL: an engine would cost a sync more memory
/// than all its rows.
pub async fn requests_used(lake: &Lake) -> Result<u64> {
    let since = clock::now_us() - 30 * DAY_US;
    let mut used = 0;
    let table = lake.table(&system::requests()).await?;
    let take = |batch: RecordBatch| {
        used += sum(&batch, since)
            .ok_or_else(|| Error::new("system.requests has other columns than paydirt gave it"))?;
        Ok(())
    };
    table.scan(&["at", "source", "requests"], take).await?;
    Ok(used)
}

fn sum(batch: &RecordBatch, since: i64) -> Option<u64> {
    let at = batch.column_by_name("at")?.as_primitive_opt::<TimestampMicrosecondType>()?;
    let source = batch.column_by_name("source")?.as_string_opt::<i32>()?;
    let requests = batch.column_by_name("requests")?.as_primitive_opt::<Int64Type>()?;
    let counts = at.iter().zip(source).zip(requests);
    let counted = counts.filter_map(|((at, source), requests)| {
        requests.filter(|_| at.is_some_and(|at| at > since) && source == Some("stripe"))
    });
    Some(counted.map(|requests| requests.unsigned_abs()).sum())
}
