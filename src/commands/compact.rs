//! `paydirt compact`: many small files of the lake to few, and away with what was replaced.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use crate::cli::CompactArgs;
use crate::config::Project;
use crate::engine::system;
use crate::error::{Error, Result};
use crate::format::counted;
use crate::lake::{Compacted, Lake, Progress, TableSpec, Vacuumed};
use crate::sync::postgres::landed_specs;
use crate::sync::table_specs;
use crate::time;

/// What became of one table.
struct Outcome {
    relation: String,
    compacted: Compacted,
}

pub async fn run(project: Project, args: &CompactArgs) -> Result<ExitCode> {
    let retain = time::parse_length(&args.retain)?;
    let retain = Duration::from_micros(retain.unsigned_abs());
    let lake = Lake::open(project.lake()).await?;
    let mut outcomes = Vec::new();
    let mut vacuumed = Vacuumed::default();
    for spec in chosen(&lake, &args.tables).await? {
        let relation = spec.name.replace('/', ".");
        let mut table = lake.table(&spec).await?;
        let bar = bar(&relation);
        let progress: Progress = {
            let bar = bar.clone();
            Arc::new(move |done, steps| {
                bar.set_length(steps);
                bar.set_position(done);
            })
        };
        let compacted = table.compact(progress).await;
        bar.finish_and_clear();
        let compacted = compacted?;
        if compacted.rewritten > 0 {
            outcomes.push(Outcome { relation, compacted });
        }
        let removed = table.vacuum(retain).await?;
        vacuumed.files += removed.files;
        vacuumed.bytes += removed.bytes;
    }
    report(&outcomes, vacuumed)?;
    Ok(ExitCode::SUCCESS)
}

/// The tables to compact that exist, by name.
async fn chosen(lake: &Lake, names: &[String]) -> Result<Vec<TableSpec>> {
    let landed = landed_specs(lake).await?;
    let declared: Vec<TableSpec> =
        table_specs().into_iter().chain(system::specs()).chain(landed).collect();
    let names: Vec<String> = names.iter().map(|name| name.replace('.', "/")).collect();
    if let Some(unknown) =
        names.iter().find(|name| !declared.iter().any(|spec| spec.name == **name))
    {
        return Err(Error::new(format!("no landed table `{}`", unknown.replace('/', ".")))
            .hint("`paydirt status` lists the tables that have rows"));
    }
    let existing = lake.tables().await?;
    let mut chosen: Vec<TableSpec> = declared
        .into_iter()
        .filter(|spec| existing.contains(&spec.name))
        .filter(|spec| names.is_empty() || names.contains(&spec.name))
        .collect();
    chosen.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(chosen)
}

fn bar(relation: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    bar.set_style(
        ProgressStyle::with_template("{bar:30} {percent:>3} % {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.enable_steady_tick(Duration::from_millis(200));
    bar.set_message(relation.to_owned());
    bar
}

fn report(outcomes: &[Outcome], vacuumed: Vacuumed) -> Result<()> {
    if outcomes.is_empty() {
        println!("nothing to do: no table has small files to merge");
    } else {
        let batch = batch(outcomes)?;
        super::show_table(batch)?;
    }
    if vacuumed.files > 0 {
        println!(
            "deleted {} that had been replaced ({})",
            counted(vacuumed.files as u64, "file"),
            HumanBytes(vacuumed.bytes)
        );
    }
    Ok(())
}

fn batch(outcomes: &[Outcome]) -> Result<RecordBatch> {
    let text = |pick: &dyn Fn(&Outcome) -> String| -> ArrayRef {
        Arc::new(outcomes.iter().map(|outcome| Some(pick(outcome))).collect::<StringArray>())
    };
    let rows =
        outcomes.iter().map(|outcome| i64::try_from(outcome.compacted.rows).unwrap_or(i64::MAX));
    Ok(RecordBatch::try_from_iter([
        ("table", text(&|outcome| outcome.relation.clone())),
        (
            "files",
            text(&|Outcome { compacted, .. }| {
                format!("{} → {}", compacted.files_before, compacted.files_after)
            }),
        ),
        (
            "bytes",
            text(&|Outcome { compacted, .. }| {
                let (before, after) = (compacted.bytes_before, compacted.bytes_after);
                format!("{} → {}", HumanBytes(before), HumanBytes(after))
            }),
        ),
        ("rows", Arc::new(rows.collect::<Int64Array>())),
    ])?)
}
