//! How far the reading of a project has come, as it is kept in the commits of its tables.

use super::settings::Settings;
use crate::error::Result;
use crate::lake::Table;

/// Everything that was ingested between these is there, µs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub from: i64,
    pub through: i64,
}

/// Under which name the lake keeps how far a project has come.
pub fn scope(settings: &Settings) -> Option<String> {
    let host = settings.base().ok()?;
    let host = host.as_str().trim_end_matches('/').to_owned();
    Some(format!("posthog {host} {}", settings.project?))
}

/// The moment up to which everything that the project took in is in this table of the lake, µs.
pub async fn complete_through(table: &Table, settings: &Settings) -> Result<Option<i64>> {
    let Some(scope) = scope(settings) else { return Ok(None) };
    let position = Position::load(table, &scope).await?;
    Ok(position.map(|position| position.through))
}

impl Position {
    /// The position that the table's commits tell; `None` if it was never read.
    pub async fn load(table: &Table, scope: &str) -> Result<Option<Self>> {
        let read = async |what: &str| table.transaction(&format!("{scope} {what}")).await;
        Ok(match (read("from").await?, read("through").await?) {
            (Some(from), Some(through)) => Some(Self { from, through }),
            _ => None,
        })
    }

    /// What a commit is to say, so that [`Position::load`] finds it again.
    pub fn to_commit(self, scope: &str) -> Vec<(String, i64)> {
        vec![(format!("{scope} from"), self.from), (format!("{scope} through"), self.through)]
    }
}
