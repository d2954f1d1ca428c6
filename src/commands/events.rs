//! `paydirt events`: what can be asked about?

use std::process::ExitCode;

use crate::config::Project;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::render::{self, Format, Layout};

pub async fn run(project: Project, format: Format) -> Result<ExitCode> {
    let engine = Engine::open(project, None).await?;
    let sql = engine.command("event_names")?;
    let batches = engine.session()?.query(&sql.text).await?;
    let Some(first) = batches.first() else {
        return Err(Error::new("no product event has landed")
            .hint("`paydirt sync files PATH…` lands PostHog exports, NDJSON, CSV and Parquet"));
    };
    render::write_batches(
        format,
        Layout::of_stdout(),
        first.schema(),
        &batches,
        std::io::stdout(),
    )?;
    Ok(ExitCode::SUCCESS)
}
