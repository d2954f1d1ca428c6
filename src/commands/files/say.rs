//! What is said about files: a line each, what was guessed, and what did not land.

use std::collections::HashMap;

use arrow::array::RecordBatch;

use crate::error::Result;
use crate::format::{count, counted};
use crate::sync::files::Preview;
use crate::sync::land::Outcome;
use crate::sync::{FileReport, Rejected};

/// Files that are named of those that did not land for the same reason.
const NAMED: u64 = 5;

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
    pub fn add(&mut self, outcome: &Outcome) {
        self.files += 1;
        self.known_files += u64::from(outcome.was_known);
        self.new_rows += outcome.new_rows;
        self.duplicates += outcome.duplicates;
        self.rejected += outcome.report.rejected;
    }

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

/// One line a file on stderr, and what was guessed about it.
pub fn describe(outcome: &Outcome) {
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
        let unread = counted(unread as u64, "field");
        eprintln!("  note: {unread} could not be read whole; see system.diagnostics");
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
    format!("{}{line}:{field} {}", problem.path.display(), problem.whole_reason())
}

/// Says all that did not land; of many files with the same reason, the first are named.
pub fn problems(problems: &[Rejected]) {
    let mut alike: HashMap<&str, u64> = HashMap::new();
    for problem in problems {
        let seen = alike.entry(&problem.reason).or_default();
        *seen += u64::from(problem.line.is_none());
        if *seen <= NAMED {
            eprintln!("error: {}", sentence(problem));
            if let Some(hint) = &problem.hint {
                eprintln!("hint: {hint}");
            }
        }
    }
    let mut alike: Vec<(&str, u64)> = alike.into_iter().filter(|(_, seen)| *seen > NAMED).collect();
    alike.sort_unstable();
    for (reason, seen) in alike {
        eprintln!("error: and {} more: {reason}", count(seen - NAMED));
    }
}

/// What a file would land as.
pub fn preview(name: &str, preview: &Preview) -> Result<()> {
    println!("{name}: {}", preview.report.format);
    say_guesses(&preview.report);
    if let Some(landed) = &preview.landed {
        println!("lands in {}", landed.table.replace('/', "."));
        let batch = landed.batch.project(&mapped_columns(&landed.batch))?;
        crate::commands::show_table(batch)?;
    }
    say_notes(&preview.report);
    if !preview.null_columns.is_empty() {
        println!("always NULL: {}", preview.null_columns.join(", "));
    }
    Ok(())
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
