//! `paydirt demo`: the whole way on ten trials that can be read by hand.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use arrow::array::RecordBatch;
use include_dir::{Dir, include_dir};

use crate::backtest::{run, table_functions};
use crate::commands::{backtest, init, sync};
use crate::config::Project;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::render::{self, Format, Layout};

static SAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/data/sample");
/// The sample's own settings, in place of the defaults.
const SETTINGS: &str = include_str!("../../data/sample/paydirt.toml");
const HYPOTHESIS: &str = "shared_a_report";
const TRIALS: &str =
    "select account_id, product_id, started_at, ends_at from models.trials order by started_at";
const ROW_COLUMNS: &str = "account_id, exclusion, arm, converted, reason";

pub async fn run(dir: Option<&Path>) -> Result<ExitCode> {
    let temporary;
    let root = match dir {
        Some(dir) => dir.to_path_buf(),
        None => {
            temporary = tempfile::tempdir()?;
            temporary.path().to_path_buf()
        }
    };
    if root.join(crate::config::FILE_NAME).exists() {
        let root = root.display();
        return Err(Error::new(format!("{root} holds a project already"))
            .hint(format!("`paydirt --project {root} sql` opens it; or name another folder")));
    }
    init::make(&root)?;
    std::fs::write(root.join(crate::config::FILE_NAME), SETTINGS)?;
    for name in ["stripe_clover", "product_events.json"] {
        write_sample(name, &root.join("export"))?;
    }
    write_sample("shared_a_report.sql", &root.join("sql/hypotheses"))?;
    let project = Project::open(Some(&root))?;

    step("1. Land a Stripe export and a PostHog export", "paydirt sync files export/");
    let (paths, mut problems) = crate::sync::files::expand(&[root.join("export")]);
    let total = sync::land_all(&project, &paths, &mut problems, true).await?;
    println!("{}", total.sentence());

    step("2. Look at what came: ten trials", &format!("paydirt sql -c \"{TRIALS}\""));
    let engine = Engine::open(project, None).await?;
    print(&engine.session()?.query(TRIALS).await?)?;

    step(
        "3. Test a hypothesis against what was really paid",
        &format!("paydirt backtest {HYPOTHESIS}"),
    );
    let file = engine.library.hypothesis(HYPOTHESIS)?;
    let result = run::run(&engine, engine.settings().await?, &file).await?;
    println!("{}", result.text(backtest::style()));

    step(
        "4. Check it by hand: each trial, its arm or why it is left out, and what it paid",
        &format!("paydirt sql -c \"select {ROW_COLUMNS} from backtest_rows('{HYPOTHESIS}')\""),
    );
    let rows = table_functions::rows(&result)?;
    let columns = ROW_COLUMNS.split(", ").map(|name| rows.schema().index_of(name));
    print(&[rows.project(&columns.collect::<Result<Vec<_>, _>>()?)?])?;
    println!();
    println!("One had paid before the 3 days were over, so whatever it did could no longer come");
    println!("before the money; one has not had its 30 days yet. The other eight are compared.");

    step("5. Your own data", "");
    println!("  paydirt init my-company && cd my-company");
    println!(
        "  paydirt sync files stripe-export/ posthog-export/   # Stripe lists, events; Parquet, NDJSON, CSV"
    );
    println!("  paydirt events                                      # what can I ask about?");
    println!("  paydirt new hypothesis published_a_workflow         # then edit it");
    println!("  paydirt backtest published_a_workflow");
    if dir.is_some() {
        println!();
        println!("The demo project is in {}; every command takes --project.", root.display());
    }
    std::io::stdout().flush()?;
    Ok(ExitCode::SUCCESS)
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

/// Writes a file or a folder of the embedded sample below `target`.
fn write_sample(name: &str, target: &Path) -> Result<()> {
    let missing = || Error::new(format!("the sample has no {name}"));
    let files: Vec<_> = match SAMPLE.get_dir(name) {
        Some(folder) => folder.files().collect(),
        None => vec![SAMPLE.get_file(name).ok_or_else(missing)?],
    };
    for file in files {
        let path = target.join(file.path());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, file.contents())?;
    }
    Ok(())
}
