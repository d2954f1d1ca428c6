//! Of each Stripe object the one version that counts at the as-of time: the latest observed by
//! then, else the earliest later one. Ties: created before the rest, then content, never the order
//! of landing. A deletion empties the object, so it counts only where there is nothing else; what
//! it says stands in `is_deleted`.
//!
//! Nearly all objects have one version. The others are found once, and a scan then skips the rows
//! that do not count: no query sorts the log.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef, TimestampMicrosecondType};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, ScalarValue, internal_datafusion_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use futures::TryStreamExt;
use parquet::arrow::arrow_reader::RowSelection;
use tokio::sync::OnceCell;

use crate::config::Mode;
use crate::engine::landed::LandedTable;
use crate::engine::options::Settings;

const IS_DELETED: &str = "is_deleted";
/// Columns that decide.
const READ: [&str; 6] = ["id", "livemode", "deleted", "observed_at", "event_type", "key"];
/// Choices that are remembered.
const REMEMBERED: usize = 8;

/// A Stripe log as it counts at the session's as-of time, with a column `is_deleted`.
#[derive(Debug)]
pub struct VersionTable {
    log: Arc<LandedTable>,
    schema: TableSchema,
    contested: OnceCell<Contested>,
    chosen: Mutex<Chosen>,
}

/// What counts at a time and in a mode, the latest last.
type Chosen = VecDeque<(i64, Mode, Arc<Vec<Choice>>)>;

/// The versions of objects that have several, and deletions; all other rows count at any time.
#[derive(Debug)]
struct Contested {
    versions: Vec<Version>,
    /// Rows of each file.
    rows: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Version {
    object: u128,
    livemode: Option<bool>,
    is_deletion: bool,
    observed_at: i64,
    is_creation: bool,
    key: u128,
    file: usize,
    row: usize,
}

/// Rows of one file, in order: those that do not count, and those whose object is deleted.
#[derive(Debug, Clone, Default)]
struct Choice {
    left_out: Vec<usize>,
    deleted: Vec<usize>,
}

impl VersionTable {
    pub fn new(log: Arc<LandedTable>) -> Self {
        let is_deleted = Arc::new(Field::new(IS_DELETED, DataType::Boolean, false));
        let schema = TableSchema::builder(log.schema());
        let schema = schema.with_table_partition_cols(vec![is_deleted]).build();
        Self { log, schema, contested: OnceCell::new(), chosen: Mutex::default() }
    }

    pub fn log(&self) -> &LandedTable {
        &self.log
    }

    async fn chosen(&self, session: &dyn Session) -> Result<Arc<Vec<Choice>>> {
        let settings = Settings::of(session.config_options())?;
        let (as_of, mode) = (settings.as_of, settings.mode);
        let known = |chosen: &Chosen| {
            let found = chosen.iter().find(|(at, of, _)| (*at, *of) == (as_of, mode));
            found.map(|(.., choices)| Arc::clone(choices))
        };
        let remembered = || self.chosen.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(choices) = known(&remembered()) {
            return Ok(choices);
        }
        let contested = self.contested.get_or_try_init(|| self.contested(session)).await?;
        let choices = Arc::new(contested.choose(as_of, mode == Mode::Live));
        let mut remembered = remembered();
        remembered.push_back((as_of, mode, Arc::clone(&choices)));
        if remembered.len() > REMEMBERED {
            remembered.pop_front();
        }
        Ok(choices)
    }

    /// Reads what decides of all rows, and keeps what can be decided in more than one way.
    async fn contested(&self, session: &dyn Session) -> Result<Contested> {
        let schema = self.log.schema();
        let columns = READ.map(|name| schema.index_of(name));
        let columns = columns.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
        let mut versions = vec![];
        let mut rows = vec![];
        for (file, part) in self.log.files().iter().enumerate() {
            let mut batches = self.log.read(session, part.clone(), &columns)?;
            let mut row = 0;
            while let Some(batch) = batches.try_next().await? {
                let ids = batch.column(0).as_string_view();
                let (livemode, deleted) =
                    (batch.column(1).as_boolean(), batch.column(2).as_boolean());
                let observed = batch.column(3).as_primitive::<TimestampMicrosecondType>();
                let types = batch.column(4).as_string_view();
                let keys = batch.column(5).as_binary_view();
                for at in 0..batch.num_rows() {
                    let key = keys.value(at).try_into().map_err(|_| {
                        internal_datafusion_err!("a key of the log has not 16 bytes")
                    })?;
                    versions.push(Version {
                        object: hash(ids.value(at)),
                        livemode: livemode.is_valid(at).then(|| livemode.value(at)),
                        is_deletion: deleted.value(at),
                        observed_at: if observed.is_valid(at) {
                            observed.value(at)
                        } else {
                            i64::MAX
                        },
                        is_creation: types.is_valid(at) && types.value(at).ends_with(".created"),
                        key: u128::from_be_bytes(key),
                        file,
                        row: row + at,
                    });
                }
                row += batch.num_rows();
            }
            rows.push(row);
        }
        versions.sort_unstable_by_key(|version| (version.object, version.key));
        let contested = versions
            .chunk_by(|one, next| one.object == next.object)
            .filter(|versions| versions.len() > 1 || versions[0].is_deletion)
            .flatten();
        Ok(Contested { versions: contested.copied().collect(), rows })
    }
}

/// 128 bits that are the same for the same id.
fn hash(id: &str) -> u128 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..16]);
    u128::from_le_bytes(bytes)
}

impl Contested {
    /// What counts of each file. An id may stand in both modes: a row without one is of ours.
    fn choose(&self, as_of: i64, is_live: bool) -> Vec<Choice> {
        let mut choices = vec![Choice::default(); self.rows.len()];
        for object in self.versions.chunk_by(|one, next| one.object == next.object) {
            for mode in [true, false] {
                let is_of_mode = |version: &&Version| version.livemode.unwrap_or(is_live) == mode;
                let versions = || object.iter().filter(is_of_mode);
                let Some(counts) = versions().min_by_key(|version| version.order(as_of)) else {
                    continue;
                };
                let others = versions().filter(|other| !std::ptr::eq(*other, counts));
                others.for_each(|other| choices[other.file].left_out.push(other.row));
                if versions().any(|version| version.is_deletion && version.observed_at <= as_of) {
                    choices[counts.file].deleted.push(counts.row);
                }
            }
        }
        for choice in &mut choices {
            choice.left_out.sort_unstable();
            choice.deleted.sort_unstable();
        }
        choices
    }
}

impl Version {
    /// The least of an object's versions counts.
    fn order(&self, as_of: i64) -> (bool, bool, i64, bool, u128) {
        let is_later = self.observed_at > as_of;
        // Of those observed by then the last one, of later ones the first.
        let distance =
            if is_later { self.observed_at } else { as_of.saturating_sub(self.observed_at) };
        let is_created_last = self.is_creation != is_later;
        (self.is_deletion, is_later, distance, is_created_last, self.key)
    }
}

impl Choice {
    /// The file once for the rows of objects that are there, and once for those that are not.
    fn parts(&self, file: &PartitionedFile, rows: usize) -> Vec<PartitionedFile> {
        let part = |is_deleted: bool, kept: Option<RowSelection>| {
            let values = vec![ScalarValue::Boolean(Some(is_deleted))];
            let part = PartitionedFile::new_from_meta(file.object_meta.clone());
            let part = part.with_partition_values(values);
            match kept {
                Some(kept) => part.with_extension(ParquetRowSelection::new(kept)),
                None => part,
            }
        };
        if self.left_out.is_empty() && self.deleted.is_empty() {
            return vec![part(false, None)];
        }
        let mut skipped: Vec<usize> = [&self.left_out[..], &self.deleted].concat();
        skipped.sort_unstable();
        let mut parts = vec![];
        if skipped.len() < rows {
            parts.push(part(false, Some(all_but(&skipped, rows))));
        }
        if !self.deleted.is_empty() {
            parts.push(part(true, Some(only(&self.deleted, rows))));
        }
        parts
    }
}

/// A selection of the rows, which are in order.
fn only(rows: &[usize], total: usize) -> RowSelection {
    RowSelection::from_consecutive_ranges(rows.iter().map(|&row| row..row + 1), total)
}

fn all_but(rows: &[usize], total: usize) -> RowSelection {
    let starts = std::iter::once(0).chain(rows.iter().map(|row| row + 1));
    let ends = rows.iter().copied().chain([total]);
    let ranges = starts.zip(ends).filter(|(start, end)| start < end).map(|(start, end)| start..end);
    RowSelection::from_consecutive_ranges(ranges, total)
}

#[async_trait]
impl TableProvider for VersionTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        self.log.empty_plan(self.schema.table_schema())
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let choices = self.chosen(session).await?;
        let files = self.log.files().iter().zip(choices.iter());
        let rows = self.contested.get().map(|contested| contested.rows.as_slice());
        let rows = rows.unwrap_or_default().iter();
        let parts = files.zip(rows).flat_map(|((file, choice), &rows)| choice.parts(file, rows));
        self.log.scan_files(session, &self.schema, parts.collect(), projection, limit)
    }
}
