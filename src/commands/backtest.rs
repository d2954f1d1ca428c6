//! `paydirt backtest`: one hypothesis in full, or all of them a line each.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use paydirt_udfs::stats::multiple::bh;

use crate::backtest::format::count;
use crate::backtest::pair::{Arm, Pair};
use crate::backtest::{Backtest, Ruling, Style, run};
use crate::cli::{BacktestArgs, ReportFormat};
use crate::config::Project;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::library::SqlFile;
use crate::render::{self, Format, Layout};

pub async fn run(project: Project, args: &BacktestArgs) -> Result<ExitCode> {
    let engine = Engine::open(project, super::moment(args.as_of.as_deref())?).await?;
    let backtests = match &args.hypothesis {
        Some(name) => {
            let file = engine.library.hypothesis(name)?;
            let backtest = run::run(&engine, engine.settings(), &file).await?;
            print(&backtest, args.format)?;
            vec![backtest]
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

async fn all(engine: &Engine, format: ReportFormat) -> Result<Vec<Backtest>> {
    let files: Vec<Arc<SqlFile>> = engine.library.folder("hypotheses").cloned().collect();
    if files.is_empty() {
        return Err(Error::new("this project has no hypothesis")
            .hint("`paydirt new hypothesis NAME` writes one to start from"));
    }
    let mut backtests = vec![];
    for file in files {
        backtests.push(run::run(engine, engine.settings(), &file).await?);
    }
    // The family is whole only now.
    let p_values: Vec<Option<f64>> =
        backtests.iter().map(|b| Some(b.figures.train_p().unwrap_or(1.0))).collect();
    let q_values = bh(&p_values);
    match format {
        ReportFormat::Json => {
            let list: Vec<_> = backtests.iter().map(Backtest::json).collect();
            println!("{}", json(&serde_json::Value::Array(list))?);
        }
        ReportFormat::Text => print_list(&backtests, &q_values, Format::Table)?,
        ReportFormat::Markdown => print_list(&backtests, &q_values, Format::Markdown)?,
    }
    Ok(backtests)
}

/// One line a hypothesis.
fn print_list(backtests: &[Backtest], q_values: &[Option<f64>], format: Format) -> Result<()> {
    let text = |pick: &dyn Fn(&Backtest) -> String| -> ArrayRef {
        Arc::new(backtests.iter().map(|b| Some(pick(b))).collect::<StringArray>())
    };
    let arm = |pick: fn(&Pair) -> &Arm| {
        text(&|b| {
            let arm = pick(&b.figures.pooled);
            let rate = arm.rate().map_or("–".into(), |rate| format!("{:.0} %", 100.0 * rate));
            format!("{rate} of {}", count(arm.n))
        })
    };
    let q_texts: StringArray =
        q_values.iter().map(|q| Some(q.map_or("–".into(), |q| format!("{q:.3}")))).collect();
    let batch = RecordBatch::try_from_iter([
        ("hypothesis", text(&|b| b.spec.name.clone())),
        ("verdict", text(&|b| b.verdict.ruling.as_str().replace('_', " "))),
        ("exposed", arm(|pair| &pair.exposed)),
        ("control", arm(|pair| &pair.control)),
        ("q", Arc::new(q_texts)),
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
