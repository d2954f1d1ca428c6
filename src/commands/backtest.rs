//! `paydirt backtest`: one hypothesis in full, or all of them a line each.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use indicatif::{ProgressBar, ProgressStyle};

use crate::backtest::pair::{Arm, Pair};
use crate::backtest::{Backtest, Ruling, Style, run};
use crate::cli::{BacktestArgs, ReportFormat};
use crate::config::Project;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::format::count;
use crate::library::SqlFile;
use crate::render::{self, Format, Layout};

pub async fn run(project: Project, args: &BacktestArgs) -> Result<ExitCode> {
    let engine = Engine::open(project, super::moment(args.as_of.as_deref())?).await?;
    let backtests = match &args.hypothesis {
        Some(name) => {
            let file = engine.library.hypothesis(name)?;
            let backtests = run_with_progress(&engine, &[file]).await?;
            backtests.iter().try_for_each(|backtest| print(backtest, args.format))?;
            backtests
        }
        None => all(&engine, args.format).await?,
    };
    let is_leaking = backtests.iter().any(|b| b.verdict.ruling == Ruling::Invalid);
    let is_short_of =
        args.require.is_some() && backtests.iter().any(|b| b.verdict.ruling != Ruling::Validated);
    Ok(if is_leaking || is_short_of { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn print(backtest: &Backtest, format: ReportFormat) -> Result<()> {
    match format {
        ReportFormat::Json => println!("{}", json(&backtest.json())?),
        ReportFormat::Markdown => println!("{}", backtest.markdown()),
        ReportFormat::Text => println!("{}", backtest.text(style())),
    }
    Ok(())
}

fn json(value: &serde_json::Value) -> Result<String> {
    serde_json::to_string_pretty(value).map_err(|error| Error::new(error.to_string()))
}

/// Colour only where a person looks.
pub fn style() -> Style {
    let is_wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    Style { color: std::io::stdout().is_terminal() && is_wanted }
}

/// Runs hypotheses as one family; tells a person on stderr how far it is.
pub async fn run_with_progress(engine: &Engine, files: &[Arc<SqlFile>]) -> Result<Vec<Backtest>> {
    let files: Vec<&SqlFile> = files.iter().map(Arc::as_ref).collect();
    let bar = ProgressBar::new(files.len() as u64);
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    let is_first = AtomicBool::new(true);
    let started = |name: &str| {
        bar.inc(u64::from(!is_first.swap(false, Ordering::Relaxed)));
        bar.set_message(name.to_owned());
    };
    let backtests = run::run_all(engine, engine.settings().await?, &files, &started).await;
    bar.finish_and_clear();
    backtests
}

async fn all(engine: &Engine, format: ReportFormat) -> Result<Vec<Backtest>> {
    let files: Vec<Arc<SqlFile>> = engine.library.folder("hypotheses").cloned().collect();
    if files.is_empty() {
        return Err(Error::new("this project has no hypothesis")
            .hint("`paydirt new hypothesis NAME` writes one to start from"));
    }
    let backtests = run_with_progress(engine, &files).await?;
    match format {
        ReportFormat::Json => {
            let list: Vec<_> = backtests.iter().map(Backtest::json).collect();
            println!("{}", json(&serde_json::Value::Array(list))?);
        }
        ReportFormat::Text => print_list(&backtests, Format::Table)?,
        ReportFormat::Markdown => print_list(&backtests, Format::Markdown)?,
    }
    Ok(backtests)
}

/// One line a hypothesis.
pub fn print_list(backtests: &[Backtest], format: Format) -> Result<()> {
    let text = |pick: &dyn Fn(&Backtest) -> String| -> ArrayRef {
        Arc::new(backtests.iter().map(|b| Some(pick(b))).collect::<StringArray>())
    };
    let arm = |pick: fn(&Pair) -> &Arm| {
        text(&|b| {
            // Figures of a query that looks into the future are no evidence.
            if b.verdict.ruling == Ruling::Invalid {
                return "–".into();
            }
            let arm = pick(&b.figures.pooled);
            let rate = arm.rate().map_or("–".into(), |rate| format!("{:.0} %", 100.0 * rate));
            format!("{rate} of {}", count(arm.n))
        })
    };
    let batch = RecordBatch::try_from_iter([
        ("hypothesis", text(&|b| b.spec.name.clone())),
        ("verdict", text(&|b| b.verdict.ruling.as_str().replace('_', " "))),
        ("exposed", arm(|pair| &pair.exposed)),
        ("control", arm(|pair| &pair.control)),
        ("q", text(&|b| b.context.family.q.map_or("–".into(), |q| format!("{q:.3}")))),
        (
            "reasons",
            text(&|b| {
                let reasons: Vec<&str> = b.verdict.reasons.iter().map(|r| r.as_str()).collect();
                reasons.join(", ")
            }),
        ),
    ])?;
    let out = std::io::stdout();
    render::write_batches(format, Layout::of_stdout(), batch.schema(), &[batch], out)?;
    Ok(())
}
