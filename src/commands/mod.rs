//! What each command does. Results go to stdout, everything else to stderr.

mod backtest;
mod check;
mod compact;
mod demo;
mod events;
mod files;
mod identity;
mod init;
mod new;
mod postgres;
mod posthog;
mod signals;
mod simulate;
mod sql;
mod status;
mod stop;
mod stripe;
mod sync;

use std::process::ExitCode;

use arrow::array::RecordBatch;

use crate::cli::{Checkable, Cli, Command, New, Source};
use crate::config::Project;
use crate::error::{Error, Result};
use crate::render::{self, Format, Layout};
use crate::time;

/// Runs a command; the code is 0 for done and 1 for "the data said no".
pub async fn run(cli: Cli) -> Result<ExitCode> {
    let project = || Project::open(cli.project.as_deref());
    match cli.command {
        Command::Demo { dir } => demo::run(dir.as_deref()).await,
        Command::Init { dir } => init::run(&dir),
        Command::Simulate(args) => simulate::run(&args),
        Command::Sync { source: Some(Source::Files { paths, dry_run }), .. } => {
            files::sync(&project()?, &paths, dry_run).await
        }
        Command::Sync { source: Some(Source::Stripe(args)), .. } => {
            stripe::sync(project()?, &args).await
        }
        Command::Sync { source: Some(Source::Postgres { names, full }), .. } => {
            postgres::sync(&project()?, &names, full).await
        }
        Command::Sync { source: Some(Source::Posthog), .. } => posthog::sync(&project()?).await,
        Command::Sync { source: None, live: args } => sync::all(project()?, &args).await,
        Command::Compact(args) => compact::run(project()?, &args).await,
        Command::Status(print) => status::run(project()?, print.format).await,
        Command::Events(print) => events::run(project()?, print.format).await,
        Command::Identity { email, as_of } => {
            identity::run(project()?, email.as_deref(), as_of.as_deref()).await
        }
        Command::Backtest(args) => backtest::run(project()?, &args).await,
        Command::Signals { as_of, format } => {
            signals::run(project()?, as_of.as_deref(), format).await
        }
        Command::New { what: New::Hypothesis { name } } => new::hypothesis(&project()?, &name),
        Command::Check { source: None } => check::run(project()?).await,
        Command::Check { source: Some(Checkable::Stripe(args)) } => {
            stripe::check(project()?, &args).await
        }
        Command::Check { source: Some(Checkable::Postgres { names }) } => {
            postgres::check(&project()?, &names).await
        }
        Command::Check { source: Some(Checkable::Files) } => files::check(&project()?).await,
        Command::Check { source: Some(Checkable::Posthog) } => posthog::check(project()?).await,
        Command::Reconcile(args) => stripe::reconcile(project()?, &args).await,
        Command::Sql(args) => sql::run(project()?, args).await,
    }
}

/// Says what went wrong on stderr: `error:`, then `hint:`.
pub fn fail(error: &Error) -> ExitCode {
    eprintln!("error: {error}");
    if let Some(hint) = error.hint_text() {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(2)
}

/// Prints a table for people.
fn show_table(batch: RecordBatch) -> Result<()> {
    let (format, layout) = (Format::Table, Layout::of_stdout());
    render::write_batches(format, layout, batch.schema(), &[batch], std::io::stdout())?;
    Ok(())
}

/// A time from the command line, in µs.
fn moment(text: Option<&str>) -> Result<Option<i64>> {
    text.map(time::parse_moment).transpose()
}
