//! `paydirt sync`: all that is configured, or files; what came and what did not.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use arrow::array::RecordBatch;
use indicatif::{ProgressBar, ProgressStyle};

use crate::backtest::format::{count, counted};
use crate::cli::StripeArgs;
use crate::clock;
use crate::commands::{postgres, stripe};
use crate::config::Project;
use crate::error::Result;
use crate::lake::Lake;
use crate::render::{self, Format, Layout};
use crate::sync::files;
use crate::sync::land::{Landing, Outcome};
use crate::sync::stripe::api::VARIABLE;
use crate::sync::{FileReport, Rejected};

/// Lands what is new in all sources that are configured; Stripe is where its key is, and comes last
/// because it may be followed.
pub async fn configured(project: Project, live: &StripeArgs) -> Result<ExitCode> {
    let sources = &project.config.source;
    let has_key = std::env::var_os(VARIABLE).is_some_and(|key| !key.is_empty());
    let is_stripe = has_key || sources.stripe.key_file.is_some() || sources.postgres.is_empty();
    let mut code = ExitCode::SUCCESS;
    if !sources.postgres.is_empty() {
        code = postgres::sync(&project, &[], false).await?;
    }
    if is_stripe {
        let stripe = stripe::sync(project, live).await?;
        code = if stripe == ExitCode::SUCCESS { code } else { stripe };
    }
    Ok(code)
}

/// Lands the files below `paths`; 2 when anything was refused.
pub async fn files(project: Project, paths: &[PathBuf], dry_run: bool) -> Result<ExitCode> {
    let (paths, mut problems) = files::expand(paths);
    if dry_run {
        return preview(&project, &paths, &problems);
    }
    let total = land_all(&project, &paths, &mut problems, false).await?;
    println!("{}", total.sentence());
    if !problems.is_empty() || total.rejected > 0 {
        for problem in &problems {
            eprintln!("error: {}", sentence(problem));
        }
        eprintln!(
            "hint: what is whole has landed; mend the rest and land it again (system.diagnostics keeps the list)"
        );
        return Ok(ExitCode::from(2));
    }
    Ok(ExitCode::SUCCESS)
}

/// What was landed, over all files.
#[derive(Debug, Default)]
pub struct Total {
    pub files: u64,
    pub known_files: u64,
    pub new_rows: u64,
    pub duplicates: u64,
    pub rejected: u64,
}

impl Total {
    pub fn sentence(&self) -> String {
        let known = match self.known_files {
            0 => String::new(),
            n => format!(" ({n} of them landed before)"),
        };
        format!(
            "landed {} from {}{known}; duplicates left out: {}, rejected: {}",
            counted(self.new_rows, "new row"),
            counted(self.files, "file"),
            count(self.duplicates),
            count(self.rejected),
        )
    }
}

/// Lands files one after the other, with a bar on a terminal; `is_quiet` leaves out the line that
/// each file otherwise has.
pub async fn land_all(
    project: &Project,
    paths: &[PathBuf],
    problems: &mut Vec<Rejected>,
    is_quiet: bool,
) -> Result<Total> {
    let lake = Lake::open(&project.lake_dir()).await?;
    let mut landing = Landing::new(lake, project.config.source.files.clone());
    let bytes = paths.iter().filter_map(|path| path.metadata().ok()).map(|meta| meta.len());
    let bar = ProgressBar::new(bytes.sum());
    bar.set_style(
        ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut total = Total::default();
    for (number, path) in paths.iter().enumerate() {
        let name = path.display().to_string();
        bar.set_message(name.clone());
        let next = paths.get(number + 1).map(PathBuf::as_path);
        let progress = |rows| bar.set_message(format!("{name} · {} rows", count(rows)));
        let outcome = landing.file(path, next, &progress).await?;
        bar.inc(path.metadata().map_or(0, |meta| meta.len()));
        total.files += 1;
        total.known_files += u64::from(outcome.was_known);
        total.new_rows += outcome.new_rows;
        total.duplicates += outcome.duplicates;
        total.rejected += outcome.report.rejected;
        if !is_quiet {
            bar.suspend(|| describe(&outcome));
        }
        problems.extend(outcome.report.problems);
    }
    bar.finish_and_clear();
    Ok(total)
}

/// One line a file on stderr, and what was guessed about it.
fn describe(outcome: &Outcome) {
    let report = &outcome.report;
    let path = report.path.display();
    if outcome.was_known {
        eprintln!("{path}: landed before, nothing to do");
        return;
    }
    eprintln!(
        "{path}: {}, {}, duplicates: {}",
        report.format,
        counted(outcome.new_rows, "new row"),
        count(outcome.duplicates)
    );
    say_guesses(report);
    for note in &report.notes {
        eprintln!("  note: {note}");
    }
    let unread = report.diagnostics.len();
    if unread > 0 {
        eprintln!("  note: {unread} fields could not be read and are NULL; see system.diagnostics");
    }
}

fn say_guesses(report: &FileReport) {
    if !report.guesses.is_empty() {
        let guesses: Vec<String> = report
            .guesses
            .iter()
            .map(|guess| format!("{} from `{}`", guess.column, guess.from))
            .collect();
        eprintln!("  guessed: {}", guesses.join(", "));
    }
}

fn sentence(problem: &Rejected) -> String {
    let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
    let field =
        problem.field.as_ref().map(|field| format!(" field `{field}`:")).unwrap_or_default();
    format!("{}{line}:{field} {}", problem.path.display(), problem.reason)
}

fn preview(project: &Project, paths: &[PathBuf], problems: &[Rejected]) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for path in paths {
        let preview = files::preview_file(path, &project.config.source.files, clock::now_us())?;
        println!("{}: {}", path.display(), preview.report.format);
        say_guesses(&preview.report);
        if let Some(landed) = &preview.landed {
            println!("lands in {}", landed.table.replace('/', "."));
            let batch = landed.batch.project(&mapped_columns(&landed.batch))?;
            render::write_batches(
                Format::Table,
                Layout::of_stdout(),
                batch.schema(),
                std::slice::from_ref(&batch),
                std::io::stdout(),
            )?;
        }
        if !preview.null_columns.is_empty() {
            println!("always NULL: {}", preview.null_columns.join(", "));
        }
        for problem in &preview.report.problems {
            eprintln!("error: {}", sentence(problem));
            code = ExitCode::from(2);
        }
    }
    for problem in problems {
        eprintln!("error: {}", sentence(problem));
        code = ExitCode::from(2);
    }
    Ok(code)
}

/// Columns that the file fills, rather than landing itself.
fn mapped_columns(batch: &RecordBatch) -> Vec<usize> {
    let schema = batch.schema();
    let is_mapped =
        |name: &str| !["key", "landed_at", "raw", "known_from", "source"].contains(&name);
    (0..schema.fields().len())
        .filter(|&i| is_mapped(schema.field(i).name()))
        .filter(|&i| batch.column(i).null_count() < batch.num_rows())
        .collect()
}
