//! `paydirt demo`: the whole way on ten trials that can be read by hand.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use include_dir::{Dir, include_dir};

use crate::backtest::run;
use crate::commands::{backtest, init, sync};
use crate::config::Project;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::render::{self, Format, Layout};

static SAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/data/sample");
/// The sample's own settings, in place of the defaults.
const SETTINGS: &str = include_str!("demo.toml");
const HYPOTHESIS: &str = "shared_a_report";

pub async fn run(dir: Option<&Path>) -> Result<ExitCode> {
    let temporary;
    let root = match dir {
        Some(dir) => dir.to_path_buf(),
        None => {
            temporary = tempfile::tempdir()?;
            temporary.path().to_path_buf()
        }
    };
    init::make(&root)?;
    std::fs::write(root.join(crate::config::FILE_NAME), SETTINGS)?;
    for folder in ["stripe_clover", "product_events.json"] {
        write_sample(folder, &root.join("export"))?;
    }
    let project = Project::open(Some(&root))?;

    step("1. Land a Stripe export and a PostHog export", "paydirt sync files export/");
    let (paths, mut problems) = crate::sync::files::expand(&[root.join("export")]);
    let total = sync::land_all(&project, &paths, &mut problems, true).await?;
    println!("{}", total.sentence());

    step(
        "2. Look at what came: ten trials, as they stood on the as-of day",
        "paydirt sql -c \"select … from models.trials\"",
    );
    let engine = Engine::open(project, None).await?;
    let sql = engine.command("demo_trials")?;
    let batches = engine.session()?.query(&sql.text).await?;
    if let Some(first) = batches.first() {
        let out = std::io::stdout();
        render::write_batches(Format::Table, Layout::of_stdout(), first.schema(), &batches, out)?;
    }

    step(
        "3. Test a hypothesis against what was really paid",
        &format!("paydirt backtest {HYPOTHESIS}"),
    );
    let file = engine.library.hypothesis(HYPOTHESIS)?;
    let result = run::run(&engine, engine.settings(), &file).await?;
    println!("{}", result.text(backtest::style()));

    step(
        "4. Check a number by hand: every trial, its rung or arm, and why",
        &format!("paydirt sql -c \"select … from backtest_rows('{HYPOTHESIS}')\""),
    );
    println!(
        "Ten trials went in. One had paid before the window closed, so whatever it did could no"
    );
    println!("longer come before the money; one has not had its 30 days yet. Eight are compared.");

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
