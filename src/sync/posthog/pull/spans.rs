//! Spans of ingestion time, by export or by query; with the last rows of one goes how far we are.

use super::super::api::{Ended, Failure, Kind};
use super::super::export::export;
use super::super::query;
use super::super::report::Reading;
use super::super::slices::{NARROWEST, Slice, Slices, WEEK};
use super::{Plan, Pull};
use crate::error::Result;
use crate::time::DAY_US;

/// The first span of a query; where it holds little, the next one is wider.
const QUERY_WIDTH: i64 = DAY_US;
const QUERY_WIDEST: i64 = 28 * DAY_US;

impl Pull {
    /// Reads by exports, a week at most each.
    pub(super) async fn exports(
        &self,
        reading: &mut Reading,
        plan: Plan,
    ) -> Result<Result<(), Failure>> {
        let mut slices = Slices::new(plan.at, plan.to, WEEK, WEEK);
        while let Some(slice) = slices.next() {
            self.show(reading, plan, slice);
            let exported = match export(&self.api, reading.datum.name, slice).await {
                Err(failure)
                    if failure.kind == Kind::Export(Ended::TimedOut) && slices.narrow(slice) =>
                {
                    continue;
                }
                Err(failure) => return Ok(Err(failure)),
                Ok(exported) => exported,
            };
            let positions = self.reached(plan, slice);
            let Some((last, others)) = exported.files.split_last() else {
                self.commit(reading, positions).await?;
                slices.read(slice, true);
                reading.through = Some(slice.to);
                continue;
            };
            let others = others.iter().map(|file| (file, vec![]));
            for (file, positions) in others.chain([(last, positions)]) {
                let path = match exported.download(&self.api, &self.folder, file).await? {
                    Ok(path) => path,
                    Err(failure) => return Ok(Err(failure)),
                };
                if let Err(failure) = self.land(reading, slice, &path, positions).await? {
                    return Ok(Err(failure));
                }
            }
            slices.read(slice, true);
            reading.through = Some(slice.to);
        }
        Ok(Ok(()))
    }

    /// Reads events by queries, in spans that hold no more than an answer does.
    pub(super) async fn queries(
        &self,
        reading: &mut Reading,
        plan: Plan,
    ) -> Result<Result<(), Failure>> {
        let mut slices = Slices::new(plan.at, plan.to, QUERY_WIDTH, QUERY_WIDEST);
        while let Some(slice) = slices.next() {
            self.show(reading, plan, slice);
            let mut page = match query::events(&self.api, slice, 0).await {
                Err(failure) if is_too_wide(&failure) && slices.narrow(slice) => continue,
                Ok(page) => page,
                Err(failure) => return Ok(Err(failure)),
            };
            if page.has_more && slice.to - slice.from > NARROWEST {
                // The answer holds the beginning of the span, up to some second.
                match page.cut().filter(|at| *at <= slice.to) {
                    Some(at) if at > slice.from => {
                        let slice = Slice { to: at, ..slice };
                        let path = self.folder.write(page.records.into_iter())?;
                        let positions = self.reached(plan, slice);
                        if let Err(failure) = self.land(reading, slice, &path, positions).await? {
                            return Ok(Err(failure));
                        }
                        slices.read(slice, false);
                        reading.through = Some(slice.to);
                    }
                    _ => slices.narrow_most(),
                }
                continue;
            }
            // What one second holds is read to its end, page by page.
            let is_roomy = page.records.len() < query::LIMIT / 4;
            let mut offset = 0;
            loop {
                offset += page.records.len();
                let has_more = page.has_more && !page.records.is_empty();
                let positions = if has_more { vec![] } else { self.reached(plan, slice) };
                let path = self.folder.write(page.records.into_iter())?;
                if let Err(failure) = self.land(reading, slice, &path, positions).await? {
                    return Ok(Err(failure));
                }
                if !has_more {
                    break;
                }
                page = match query::events(&self.api, slice, offset).await {
                    Ok(page) => page,
                    Err(failure) => return Ok(Err(failure)),
                };
            }
            slices.read(slice, is_roomy);
            reading.through = Some(slice.to);
        }
        Ok(Ok(()))
    }
}

/// Whether a narrower span may succeed.
fn is_too_wide(failure: &Failure) -> bool {
    // A server that gives up says so in many ways.
    let is_slow = failure.kind == Kind::Transient && failure.message.contains("in time");
    failure.kind == Kind::TooMuch || is_slow
}
