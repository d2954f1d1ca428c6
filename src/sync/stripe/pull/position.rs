//! How far the reading of a resource has come, as it is kept in the commits of its table.

use super::ranges::Range;
use crate::error::Result;
use crate::lake::Table;
use crate::time::SECOND_US;

/// What is known and what is still to be read of one resource; times are unix seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// Everything that was created before is read or among the ranges; 0 before the first page.
    pub bound: i64,
    /// Everything that was created before is read.
    pub complete: i64,
    /// The gap in the events after which all is listed again; 0 for the first listing.
    pub gap: i64,
    /// The newest event.
    pub seen: i64,
    /// What is unread.
    pub ranges: Vec<Range>,
}

impl Position {
    /// The position that the table's commits tell; `None` if it was never read.
    pub async fn load(table: &Table, scope: &str) -> Result<Option<Self>> {
        let Some(open) = table.transaction(&name(scope, "open")).await? else { return Ok(None) };
        let read = async |what: &str| -> Result<i64> {
            Ok(table.transaction(&name(scope, what)).await?.unwrap_or_default())
        };
        let mut ranges = vec![];
        for range in 0..open {
            let from = read(&format!("range {range} from")).await?;
            let to = read(&format!("range {range} to")).await?;
            ranges.push(Range { from, to });
        }
        Ok(Some(Self {
            bound: read("bound").await?,
            complete: read("complete").await?,
            gap: read("gap").await?,
            seen: read("seen").await?,
            ranges,
        }))
    }

    /// The moment up to which everything is read, µs; a shorter look than [`Position::load`].
    pub async fn complete(table: &Table, scope: &str) -> Result<Option<i64>> {
        let complete = table.transaction(&name(scope, "complete")).await?;
        Ok(complete.filter(|at| *at > 0).map(|at| at * SECOND_US))
    }

    /// What a commit is to say, so that [`Position::load`] finds it again.
    pub fn to_commit(&self, scope: &str) -> Vec<(String, i64)> {
        let open = i64::try_from(self.ranges.len()).unwrap_or(i64::MAX);
        let mut positions = vec![
            (name(scope, "bound"), self.bound),
            (name(scope, "complete"), self.complete),
            (name(scope, "gap"), self.gap),
            (name(scope, "seen"), self.seen),
            (name(scope, "open"), open),
        ];
        for (number, range) in self.ranges.iter().enumerate() {
            positions.push((name(scope, &format!("range {number} from")), range.from));
            positions.push((name(scope, &format!("range {number} to")), range.to));
        }
        positions
    }
}

fn name(scope: &str, what: &str) -> String {
    format!("{scope} {what}")
}
