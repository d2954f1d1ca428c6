//! People by query and groups: as they are now, read whole.

use super::super::api::{Failure, Kind};
use super::super::position::Position;
use super::super::report::{Reading, Way};
use super::super::settings::Datum;
use super::super::slices::{NARROWEST, Slice};
use super::super::{groups, query};
use super::{Pull, whole_seconds};
use crate::error::Result;
use crate::time::DAY_US;

/// People are read whole by query, once a day at most.
const PEOPLE_AGAIN: i64 = DAY_US;

impl Pull {
    /// Reads people by queries: all of them, since a query does not tell who has changed.
    pub(super) async fn people(
        &self,
        reading: &mut Reading,
        position: Option<Position>,
    ) -> Result<Result<(), Failure>> {
        let now = whole_seconds(self.api.now());
        if position.is_some_and(|position| now - position.through < PEOPLE_AGAIN) {
            return Ok(Ok(()));
        }
        let whole = Slice { from: now, to: now + NARROWEST };
        let mut after = String::new();
        loop {
            self.progress.show(0.0, "persons".to_owned());
            let page = match query::persons(&self.api, &after).await {
                Ok(page) => page,
                Err(failure) => return Ok(Err(failure)),
            };
            let last = page.records.last().and_then(|record| record["distinct_id"].as_str());
            let next = last.filter(|last| page.has_more && *last != after).map(str::to_owned);
            let from = position.map_or(now, |position| position.from);
            let reached = Position { from, through: now }.to_commit(&self.scope);
            let positions = if next.is_some() { vec![] } else { reached };
            let path = self.folder.write(page.records.into_iter())?;
            if let Err(failure) = self.land(reading, whole, &path, positions).await? {
                return Ok(Err(failure));
            }
            match next {
                Some(next) => after = next,
                None => break,
            }
        }
        reading.through = Some(now);
        Ok(Ok(()))
    }

    /// Reads all groups, type by type.
    pub(super) async fn groups(&self, datum: &'static Datum) -> Result<Reading> {
        let mut reading = Reading::new(datum, Way::List);
        let types = match groups::types(&self.api).await {
            Ok(types) => types,
            // No groups have ever been sent, or they are not part of the plan.
            Err(failure) if failure.kind == Kind::NotThere => return Ok(reading),
            Err(failure) => return Ok(reading.fail(failure)),
        };
        let now = whole_seconds(self.api.now());
        let span = Slice { from: now, to: now + NARROWEST };
        for of in &types {
            let mut cursor = None;
            loop {
                self.progress.show(0.0, "groups".to_owned());
                let (records, next) = match groups::page(&self.api, of, cursor.as_deref()).await {
                    Ok(page) => page,
                    Err(failure) => return Ok(reading.fail(failure)),
                };
                let path = self.folder.write(records.into_iter())?;
                if let Err(failure) = self.land(&mut reading, span, &path, vec![]).await? {
                    return Ok(reading.fail(failure));
                }
                match next {
                    Some(next) => cursor = Some(next),
                    None => break,
                }
            }
        }
        reading.through = Some(now);
        Ok(reading)
    }
}
