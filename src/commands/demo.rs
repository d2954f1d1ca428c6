//! `paydirt demo`: the whole way on a simulated company whose truth is known.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use serde::Deserialize;

use crate::backtest::Backtest;
use crate::commands::{backtest, files, signals};
use crate::config::Project;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::format::{count, percent};
use crate::library::SqlFile;
use crate::render::{self, Format, Layout};
use crate::signal;
use crate::simulate::{self, Settings, Shape};
use crate::sync::files::{Expanded, expand};

const COMPANY: Settings = Settings {
    accounts: 1_600,
    events: 120_000,
    seed: 7,
    shape: Shape::Clover,
    is_compressed: false,
    as_of: simulate::AS_OF,
};
const TRIALS: &str =
    "select product_id, count(*) as trials from models.trials group by 1 order by 2 desc";
/// Signals that are shown; the command lists them all.
const SHOWN: usize = 5;

/// What `truth.json` says that is compared here.
#[derive(Deserialize)]
struct Truth {
    behaviours: Vec<Planted>,
}

#[derive(Deserialize)]
struct Planted {
    hypothesis: String,
    kind: String,
    naive: Naive,
    expected_verdicts: Vec<String>,
}

/// Who ever did it and who never did, and how many of them have paid: a count by hand.
#[derive(Deserialize)]
struct Naive {
    ever: Group,
    never: Group,
}

#[derive(Deserialize)]
struct Group {
    n: u64,
    converted: u64,
}

impl Group {
    fn rate(&self) -> String {
        percent(self.converted as f64 / self.n.max(1) as f64)
    }
}

pub async fn run(dir: Option<&Path>) -> Result<ExitCode> {
    let temporary;
    let root = match dir {
        Some(dir) => dir.to_path_buf(),
        None => {
            temporary = tempfile::tempdir()?;
            temporary.path().join("demo")
        }
    };
    step(
        "1. Make a company whose truth is known: one of five behaviours matters",
        &format!(
            "paydirt simulate --accounts {} --events {} --seed {} --out demo",
            COMPANY.accounts, COMPANY.events, COMPANY.seed
        ),
    );
    let made = simulate::write(&root, &COMPANY, &mut |_| ())?;
    let objects = made.objects.iter().map(|(_, objects)| objects).sum();
    println!(
        "{} accounts, {} Stripe objects, {} product events",
        count(COMPANY.accounts),
        count(objects),
        count(made.events)
    );
    let project = Project::open(Some(&root))?;

    step("2. Land the Stripe export and the PostHog export", "paydirt sync files export/");
    let Expanded { files: paths, rejected: mut problems, .. } = expand(&[root.join("export")]);
    let total = files::land_all(&project, &paths, &mut problems, true).await?;
    println!("{}", total.sentence());

    step("3. Look at a table", &format!("paydirt sql -c \"{TRIALS}\""));
    let engine = Engine::open(project, None).await?;
    print(&engine.session()?.query(TRIALS).await?)?;

    step("4. Test every hypothesis against what was really paid", "paydirt backtest --all");
    let files: Vec<Arc<SqlFile>> = engine.library.folder("hypotheses").cloned().collect();
    let backtests = backtest::run_with_progress(&engine, &files).await?;
    backtest::print_list(&backtests, Format::Table)?;

    step("5. Compare with what was planted", "cat truth.json");
    let truth: Truth = serde_json::from_slice(&std::fs::read(root.join("truth.json"))?)
        .map_err(|error| Error::new(format!("truth.json: {error}")))?;
    let is_right = compare(&truth, &backtests)?;

    step("6. Who shows the real one now, in trial and not yet paying?", "paydirt signals");
    let listed = signal::list(&engine, backtests).await?;
    let shown = &listed.signals[..listed.signals.len().min(SHOWN)];
    signals::print_table(shown)?;
    if listed.signals.len() > shown.len() {
        println!("and {} more", count((listed.signals.len() - shown.len()) as u64));
    }
    if let Some(first) = listed.signals.first() {
        println!();
        println!("$ paydirt signals --format ndjson | head -1");
        println!();
        println!("{}", first.json());
    }

    step("7. Your own data", "");
    println!("  paydirt init my-company && cd my-company");
    println!(
        "  paydirt sync files stripe-export/ posthog-export/   # lists, events; Parquet, NDJSON, CSV"
    );
    println!("  paydirt events                                      # what can I ask about?");
    println!("  paydirt new hypothesis published_a_workflow         # then edit it");
    println!("  paydirt backtest published_a_workflow               # the full report");
    if dir.is_some() {
        println!();
        println!("The demo project is in {}; every command takes --project.", root.display());
    }
    std::io::stdout().flush()?;
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn step(title: &str, command: &str) {
    println!();
    println!("{title}");
    if !command.is_empty() {
        println!("$ {command}");
    }
    println!();
}

fn print(batches: &[RecordBatch]) -> Result<()> {
    let Some(first) = batches.first() else { return Ok(()) };
    let out = std::io::stdout();
    render::write_batches(Format::Table, Layout::of_stdout(), first.schema(), batches, out)?;
    Ok(())
}

/// Prints planted truth beside verdicts; whether all verdicts are the right ones.
fn compare(truth: &Truth, backtests: &[Backtest]) -> Result<bool> {
    let verdict = |planted: &Planted| {
        let backtest = backtests.iter().find(|b| b.spec.name == planted.hypothesis);
        backtest.map_or("not run", |backtest| backtest.verdict.ruling.as_str())
    };
    let is_right =
        |planted: &Planted| planted.expected_verdicts.iter().any(|v| v == verdict(planted));
    let text = |pick: &dyn Fn(&Planted) -> String| -> ArrayRef {
        Arc::new(truth.behaviours.iter().map(|p| Some(pick(p))).collect::<StringArray>())
    };
    let batch = RecordBatch::try_from_iter([
        ("hypothesis", text(&|p| p.hypothesis.clone())),
        ("planted", text(&|p| p.kind.replace('_', " "))),
        (
            "paid, by hand: ever did / never did",
            text(&|p| format!("{} / {}", p.naive.ever.rate(), p.naive.never.rate())),
        ),
        ("paydirt says", text(&|p| verdict(p).replace('_', " "))),
        ("right", text(&|p| if is_right(p) { "yes" } else { "no" }.into())),
    ])?;
    print(&[batch])?;
    Ok(truth.behaviours.iter().all(is_right))
}
