//! `paydirt sync`: every source that is set up, or files; what came and what did not.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use arrow::array::RecordBatch;
use indicatif::{ProgressBar, ProgressStyle};

use crate::backtest::format::{count, counted};
use crate::cli::StripeArgs;
use crate::clock;
use crate::commands::{postgres, posthog, stripe};
use crate::config::Project;
use crate::error::Result;
use crate::lake::Lake;
use crate::sync::files::{self, Expanded, expand};
use crate::sync::land::{Landing, Outcome};
use crate::sync::{FileReport, Rejected};

/// Lands what every source that is set up has, one after the other; 2 if anything did not land.
/// Stripe comes last, because it is what can be followed.
pub async fn all(project: Project, args: &StripeArgs) -> Result<ExitCode> {
    let sources = &project.config.source;
    let has_posthog = sources.posthog.project.is_some();
    let has_postgres = !sources.postgres.is_empty();
    let mut is_whole = true;
    if has_posthog {
        is_whole &= done(posthog::sync(&project).await);
    }
    if has_postgres {
        is_whole &= done(postgres::sync(&project, &[], false).await);
    }
    // Without any source, what Stripe says of its key tells how to begin.
    if sources.stripe.is_configured() || !(has_posthog || has_postgres) {
        is_whole &= done(stripe::sync(project, args).await);
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// Whether a source has landed all; an error of one is said and does not keep back the others.
fn done(outcome: Result<ExitCode>) -> bool {
    let code = outcome.unwrap_or_else(|error| super::fail(&error));
    code == ExitCode::SUCCESS
}

/// Lands the files below `paths`; 2 when anything was refused.
pub async fn files(project: Project, paths: &[PathBuf], dry_run: bool) -> Result<ExitCode> {
    let Expanded { files: paths, rejected: mut problems, left_out } = expand(paths);
    for sentence in left_out {
        eprintln!("note: {sentence}");
    }
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
    let lake = Lake::open(project.lake()).await?;
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
    say_notes(report);
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

fn say_notes(report: &FileReport) {
    for note in &report.notes {
        eprintln!("  note: {note}");
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
            super::show_table(batch)?;
        }
        say_notes(&preview.report);
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
