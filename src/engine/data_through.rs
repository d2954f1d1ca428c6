//! Up to when the data are there: where the default as-of time comes from.
//!
//! Of an API it is known; of files it follows from what their rows say, which the log keeps beside
//! them. No row decides that is later than its own landing: those are counted, and named.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};

use super::TABLES_AT_ONCE;
use super::log::LogTables;
use crate::clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::lake::{Marked, Marks, Table, TableSpec};
use crate::sync::files::POSTHOG_EVENTS;
use crate::sync::postgres::{self, Position};
use crate::sync::posthog;
use crate::sync::stripe::pull;
use crate::sync::watermark::{self, Ahead, Apart, Objects};

const STRIPE: &str = "stripe";
const PRODUCT: &str = "product";

/// Up to when the data of a project are there; all times in µs.
#[derive(Debug, Clone, Default)]
pub struct DataThrough {
    /// The oldest over all sources; the clock's time where there is none.
    pub at: i64,
    /// The sources that say something, by name.
    pub sources: BTreeMap<String, i64>,
    /// The relations of product events that say something.
    pub relations: BTreeMap<String, i64>,
    /// Rows later than their landing: of Stripe, and of each relation of product events.
    pub ahead: BTreeMap<String, Ahead>,
    /// Few product events far behind all others of their relation.
    pub apart: BTreeMap<String, Apart>,
}

/// The oldest, over the sources that have rows, of the latest fact in each. An API tells more:
/// up to when nothing happened that is not here.
pub(super) async fn data_through(log: &Arc<LogTables>, config: &Config) -> Result<DataThrough> {
    let now = clock::now_us();
    let mut data = DataThrough::default();
    let mut objects = Objects::default();
    let mut complete = None;
    for (source, spec, table) in tables(log).await? {
        let mut marks = Marks::default();
        for file in table.marked()? {
            marks.merge(&marks_of(&spec, &table, file).await?);
        }
        if source == STRIPE {
            objects.add(&spec.schema, &marks);
            if table.name() == pull::EVENTS_TABLE {
                complete = pull::complete_through(&table, config).await?;
            }
            continue;
        }
        let relation = spec.name.replace('/', ".");
        let known = match table.name() {
            POSTHOG_EVENTS => posthog::complete_through(&table, &config.source.posthog).await?,
            _ => None,
        };
        if let Some(through) = known.or_else(|| watermark::of_product(&marks)) {
            data.see(PRODUCT, through.min(now));
            data.relations.insert(relation.clone(), through.min(now));
        }
        let apart = watermark::events_apart(&marks).filter(|_| known.is_none());
        data.apart.extend(apart.map(|apart| (relation.clone(), apart)));
        data.ahead.extend(watermark::events_ahead(&marks).map(|ahead| (relation, ahead)));
    }
    if let Some(through) = complete.or_else(|| objects.through(config.mode)) {
        data.see(STRIPE, through.min(now));
    }
    data.ahead.extend(objects.ahead(config.mode).map(|ahead| (STRIPE.to_owned(), ahead)));
    // Deleted entries tell no more up to when they are complete.
    for source in config.source.postgres.iter().filter(|source| !source.is_events()) {
        let name = source.lake_table();
        let Some(spec) = log.specs().find(|spec| spec.name == name) else { continue };
        if let Some(complete) = Position::complete(&log.table(spec).await?, source).await? {
            data.see(&name.replace('/', "."), complete.min(now));
        }
    }
    data.at = data.sources.values().copied().min().unwrap_or(now);
    Ok(data)
}

impl DataThrough {
    fn see(&mut self, source: &str, through: i64) {
        let latest = self.sources.entry(source.to_owned()).or_insert(through);
        *latest = through.max(*latest);
    }
}

/// The landed tables whose rows are facts, each with its source.
async fn tables(log: &Arc<LogTables>) -> Result<Vec<(&'static str, TableSpec, Table)>> {
    let sourced = log.specs().filter_map(|spec| {
        let source = match spec.name.split_once('/')? {
            ("stripe_log", _) => STRIPE,
            // Persons and groups are as they were when somebody looked: no fact of the product's.
            ("posthog_log" | "files_log", "events") => PRODUCT,
            ("postgres_log", _) if spec.name == postgres::EVENTS => PRODUCT,
            _ => return None,
        };
        Some((source, spec.clone()))
    });
    // Owned futures: borrowing ones in a stream would keep the engine from being `Send`.
    let opening: Vec<_> = sourced
        .map(|(source, spec)| {
            let log = Arc::clone(log);
            async move {
                let table = log.table(&spec).await?;
                Ok::<_, Error>((source, spec, table))
            }
        })
        .collect();
    stream::iter(opening).buffer_unordered(TABLES_AT_ONCE).try_collect().await
}

/// What a file says. An older paydirt, or another writer, left the extremes of its times only: they
/// hold unless they are later than the file, and then it is read.
async fn marks_of(spec: &TableSpec, table: &Table, marked: Marked) -> Result<Marks> {
    let Marked { file, written_at, marks } = marked;
    match (marks, file.times) {
        (Some(marks), _) => Ok(marks),
        (None, Some((_, latest))) if latest <= written_at => Ok(watermark::of_latest(spec, latest)),
        (None, _) => table.read_marks(&file).await,
    }
}
