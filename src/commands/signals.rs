//! `paydirt signals`: which accounts show a validated behaviour now?

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};

use crate::backtest::{Backtest, Ruling};
use crate::cli::SignalFormat;
use crate::commands::backtest;
use crate::config::Project;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::format::{counted, date, percent};
use crate::library::SqlFile;
use crate::render::{self, Format, Layout};
use crate::signal::{self, Listed, Signal};
use crate::time;

pub async fn run(project: Project, as_of: Option<&str>, format: SignalFormat) -> Result<ExitCode> {
    let engine = Engine::open(project, super::moment(as_of)?).await?;
    let files: Vec<Arc<SqlFile>> = engine.library.folder("hypotheses").cloned().collect();
    if files.is_empty() {
        return Err(Error::new("this project has no hypothesis")
            .hint("`paydirt new hypothesis NAME` writes one to start from"));
    }
    let backtests = backtest::run_with_progress(&engine, &files).await?;
    let listed = signal::list(&engine, backtests).await?;
    print(&listed, format)?;
    eprintln!("{}", sentence(&listed, engine.settings().await?.as_of));
    Ok(ExitCode::SUCCESS)
}

fn print(listed: &Listed, format: SignalFormat) -> Result<()> {
    match format {
        SignalFormat::Table => print_table(&listed.signals),
        SignalFormat::Ndjson => {
            let mut out = std::io::stdout().lock();
            for signal in &listed.signals {
                writeln!(out, "{}", signal.json())?;
            }
            Ok(())
        }
    }
}

/// What fires, and why the others do not.
pub fn sentence(listed: &Listed, as_of: i64) -> String {
    let (validated, silent): (Vec<&Backtest>, Vec<&Backtest>) =
        listed.backtests.iter().partition(|b| b.verdict.ruling == Ruling::Validated);
    let names: Vec<String> = silent
        .iter()
        .map(|b| format!("{} ({})", b.spec.name, b.verdict.ruling.as_str().replace('_', " ")))
        .collect();
    let rest = match names.as_slice() {
        [] => String::new(),
        names => format!("; not validated, so silent: {}", names.join(", ")),
    };
    let hypotheses = if validated.len() == 1 { "hypothesis" } else { "hypotheses" };
    format!(
        "{} of {} validated {hypotheses} as of {}{rest}",
        counted(listed.signals.len() as u64, "signal"),
        validated.len(),
        time::format_moment(as_of),
    )
}

/// One line a signal.
pub fn print_table(signals: &[Signal]) -> Result<()> {
    let text = |pick: &dyn Fn(&Signal) -> String| -> ArrayRef {
        Arc::new(signals.iter().map(|signal| Some(pick(signal))).collect::<StringArray>())
    };
    let batch = RecordBatch::try_from_iter([
        ("account", text(&|s| s.email.clone().unwrap_or_else(|| s.account_id.clone()))),
        ("signal", text(&|s| s.signal_type.clone())),
        ("confidence", text(&|s| s.confidence.map_or("–".into(), |c| percent(c.value)))),
        ("behaviour", text(&|s| s.hypothesis.clone())),
        ("since", text(&|s| date(s.signal_at))),
        ("trial ends", text(&|s| date(s.trial.ends_at))),
    ])?;
    let out = std::io::stdout();
    render::write_batches(Format::Table, Layout::of_stdout(), batch.schema(), &[batch], out)?;
    Ok(())
}
