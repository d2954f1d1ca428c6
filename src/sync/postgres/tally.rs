//! What could not be read of the rows of one entry, in bounded memory.

use std::collections::BTreeMap;

use crate::sync::journal::DiagnosticRow;
use crate::sync::report::{KEPT, Refusal};

/// Counts of a reading, and the first of what was refused word for word.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Rows that came.
    pub rows: u64,
    pub rejected: u64,
    path: String,
    relation: String,
    /// Of each field how often it could not be read.
    unread: BTreeMap<String, u64>,
    /// Of each field and hint how many rows it is for; the first is told.
    alike: BTreeMap<(Option<String>, String), u64>,
    pub problems: Vec<DiagnosticRow>,
}

impl Tally {
    pub fn new(path: &str, lake_table: &str) -> Self {
        Self { path: path.to_owned(), relation: lake_table.replace('/', "."), ..Self::default() }
    }

    /// A row that did not land.
    pub fn reject(&mut self, id: Option<&str>, refusal: Refusal) {
        self.rejected += 1;
        let Refusal { field, reason, hint } = refusal;
        let (is_told, reason) = match hint {
            Some(hint) => {
                let reason = format!("{reason}; {hint}");
                let count = self.alike.entry((field.clone(), hint)).or_default();
                *count += 1;
                (*count == 1, reason)
            }
            None => (self.rejected <= KEPT as u64, reason),
        };
        if is_told {
            let row = self.row("rejected", id, field, reason);
            self.problems.push(row);
        }
    }

    /// A row that landed without a field.
    pub fn unread(&mut self, id: Option<&str>, field: &str, reason: impl Into<String>) {
        let count = self.unread.entry(field.to_owned()).or_default();
        *count += 1;
        if *count <= KEPT as u64 {
            let row = self.row("unread field", id, Some(field.to_owned()), reason.into());
            self.problems.push(row);
        }
    }

    /// A thing about the relation as such.
    pub fn note(&mut self, kind: &'static str, field: Option<&str>, reason: String) {
        let row = self.row(kind, None, field.map(str::to_owned), reason);
        self.problems.push(row);
    }

    /// A sentence for each field that could not be read now and then.
    pub fn notes(&self) -> Vec<String> {
        let unread = self.unread.iter();
        let unread =
            unread.map(|(field, count)| format!("{field} could not be read in {count} rows"));
        let alike = self.alike.iter().filter(|(_, count)| **count > 1);
        let alike = alike.map(|((field, hint), count)| {
            format!("{count} rows were rejected over {}: {hint}", field.as_deref().unwrap_or("-"))
        });
        unread.chain(alike).collect()
    }

    fn row(
        &self,
        kind: &'static str,
        id: Option<&str>,
        field: Option<String>,
        reason: String,
    ) -> DiagnosticRow {
        DiagnosticRow {
            kind,
            path: self.path.clone(),
            line: None,
            relation: Some(self.relation.clone()),
            id: id.map(str::to_owned),
            field,
            reason,
        }
    }
}
