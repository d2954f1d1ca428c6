//! How far the reading of an entry has come, as it is kept in the commits of its table.

use crate::error::Result;
use crate::lake::Table;
use crate::sync::journal::key as key_of;

use super::settings::PostgresSource;

/// What is known of an entry; times are the server's, µs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// Every row up to this value of the cursor is read (µs, where the cursor is a time).
    pub cursor: Option<i64>,
    /// Everything that was visible at this moment is read.
    pub complete: Option<i64>,
    /// When the whole table was last compared.
    pub full: Option<i64>,
    /// The oldest transaction that was under way when the cursor's last value was read.
    pub under_way: Option<i64>,
}

/// Values of a position and their names in the lake.
const NAMES: [&str; 4] = ["cursor", "complete", "full", "under way"];
/// Stands for nothing: a commit cannot take a value back.
const NOTHING: i64 = i64::MIN;

impl Position {
    /// The position that the table's commits tell. Another relation, cursor or key under the same
    /// name starts over.
    pub async fn load(table: &Table, source: &PostgresSource, label: &str) -> Result<Self> {
        let definition = table.transaction(&name(source, "definition")).await?;
        if definition != Some(hash(source, label)) {
            return Ok(Self::default());
        }
        let mut values = [None; 4];
        for (value, what) in values.iter_mut().zip(NAMES) {
            let found = table.transaction(&name(source, what)).await?;
            *value = found.filter(|value| *value != NOTHING);
        }
        let [cursor, complete, full, under_way] = values;
        Ok(Self { cursor, complete, full, under_way })
    }

    /// What a commit is to say, so that [`Position::load`] finds it again.
    pub fn to_commit(self, source: &PostgresSource, label: &str) -> Vec<(String, i64)> {
        let values = [self.cursor, self.complete, self.full, self.under_way];
        let named = NAMES.iter().zip(values);
        let named = named.map(|(what, value)| (name(source, what), value.unwrap_or(NOTHING)));
        named.chain([(name(source, "definition"), hash(source, label))]).collect()
    }

    /// The moment up to which everything is read, whatever the entry named then.
    pub async fn complete(table: &Table, source: &PostgresSource) -> Result<Option<i64>> {
        let found = table.transaction(&name(source, "complete")).await?;
        Ok(found.filter(|value| *value != NOTHING))
    }
}

fn name(source: &PostgresSource, what: &str) -> String {
    format!("postgres {} {what}", source.name)
}

fn hash(source: &PostgresSource, label: &str) -> i64 {
    let cursor = source.cursor.as_deref().unwrap_or_default();
    let key = source.key.join(" ");
    let bytes = key_of(&[label.as_bytes(), cursor.as_bytes(), key.as_bytes()]);
    bytes[..8].iter().fold(0, |number, byte| (number << 8) | i64::from(*byte))
}
