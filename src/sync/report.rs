//! What landing gives back: batches to write, and a plain account of what could not be read.

use std::collections::HashMap;
use std::path::PathBuf;

use arrow::array::RecordBatch;

/// How many rejected records of one file, and diagnostics of one field, are kept word for word.
/// All are counted.
pub const KEPT: usize = 20;

/// Rows for one table of the landed log, e.g. `stripe_log/invoices`.
#[derive(Debug, Clone)]
pub struct Landed {
    pub table: &'static str,
    pub batch: RecordBatch,
}

/// A record that did not land, or a file that could not be read (`line` is then `None`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rejected {
    pub path: PathBuf,
    /// Line (Parquet: row) where the record starts, from 1.
    pub line: Option<u64>,
    pub field: Option<String>,
    pub reason: String,
    pub hint: Option<String>,
    /// How many more the same hint is for, which are not kept one by one.
    pub alike: u64,
}

impl Rejected {
    /// Whether the same is to be done about both.
    pub fn is_alike(&self, other: &Self) -> bool {
        self.hint == other.hint && self.field == other.field
    }

    /// The reason, and for how many more it is.
    pub fn whole_reason(&self) -> String {
        match self.alike {
            0 => self.reason.clone(),
            1 => format!("{}; 1 more row is alike", self.reason),
            more => format!("{}; {more} more rows are alike", self.reason),
        }
    }
}

/// Why one record did not land, for its reader to place in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub field: Option<String>,
    pub reason: String,
    /// What to do, where one thing mends all records that have the fault.
    pub hint: Option<String>,
}

impl Refusal {
    /// A refusal over one field.
    pub fn of(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: Some(field.into()), reason: reason.into(), hint: None }
    }

    /// The same with what could not be read of the field, which is why it is missing.
    pub fn because(self, faults: &[Fault]) -> Self {
        match faults.iter().find(|(field, _)| self.field.as_ref() == Some(field)) {
            Some((_, why)) => Self { reason: why.clone(), ..self },
            None => self,
        }
    }

    /// A refusal of the record as such.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { field: None, reason: reason.into(), hint: None }
    }
}

/// A field that could not be read, and why; the row lands without it.
pub type Fault = (String, String);

/// A record that landed with a field that could not be read; the column is NULL.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    pub table: &'static str,
    pub id: String,
    pub field: String,
    pub reason: String,
    pub line: Option<u64>,
}

/// A column whose source was guessed by its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    pub column: &'static str,
    pub from: String,
}

/// What became of one file.
#[derive(Debug, Clone, Default)]
pub struct FileReport {
    pub path: PathBuf,
    /// What the content proved to be, e.g. `stripe json`; `unknown` if nothing was recognised.
    pub format: &'static str,
    /// Size of the file on disk.
    pub bytes: u64,
    /// Rows landed, over all tables.
    pub rows: u64,
    /// Records that did not land.
    pub rejected: u64,
    /// The first of them.
    pub problems: Vec<Rejected>,
    /// From some place on nothing could be read.
    pub is_cut: bool,
    pub diagnostics: Vec<Diagnostic>,
    pub guesses: Vec<Guess>,
    pub notes: Vec<String>,
}

impl FileReport {
    /// True if nothing landed, and not because there was nothing.
    pub fn is_refused(&self) -> bool {
        self.rows == 0 && self.rejected > 0
    }
}

/// Collects diagnostics in bounded memory: the first of each field, and a count of the rest.
#[derive(Debug, Default)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    counts: HashMap<(&'static str, String), u64>,
}

impl Diagnostic {
    /// `lines[3].amount` and `lines[4].amount` are one field.
    fn column(&self) -> (&'static str, String) {
        (self.table, self.field.chars().filter(|c| !c.is_ascii_digit()).collect())
    }
}

impl Diagnostics {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let count = self.counts.entry(diagnostic.column()).or_default();
        *count += 1;
        if *count <= KEPT as u64 {
            self.kept.push(diagnostic);
        }
    }

    /// Adds those of a later part of the same file.
    pub fn append(&mut self, later: Self) {
        for diagnostic in later.kept {
            let column = diagnostic.column();
            if self.kept.iter().filter(|kept| kept.column() == column).count() < KEPT {
                self.kept.push(diagnostic);
            }
        }
        for (column, count) in later.counts {
            *self.counts.entry(column).or_default() += count;
        }
    }

    /// The kept ones, and a sentence for each field that had more.
    pub fn finish(self) -> (Vec<Diagnostic>, Vec<String>) {
        let mut notes: Vec<String> = self
            .counts
            .into_iter()
            .filter(|(_, count)| *count > KEPT as u64)
            .map(|((table, field), count)| {
                format!("{table}: {field} could not be read in {count} rows; {KEPT} are listed")
            })
            .collect();
        notes.sort();
        (self.kept, notes)
    }
}
