//! Of each Stripe object the one version that counts at the as-of time: the latest observed by
//! then, else the earliest later one. Within a second the order is that of [`super::ties`], then
//! content, never the order of landing. An id that was given a second time after a deletion, as those
//! of coupons, plans and products may be, is the newer object from its creation on. A deletion empties
//! the object, so it counts only where there is nothing else; what it says stands in `is_deleted`.
//!
//! Nearly all objects have one version. The others are found once, and a scan then skips the rows
//! that do not count: no query sorts the log.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef, TimestampMicrosecondType};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, ScalarValue, internal_datafusion_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use futures::TryStreamExt;
use parquet::arrow::arrow_reader::RowSelection;
use tokio::sync::OnceCell;

use crate::config::Mode;
use crate::engine::contested::{
    Choice, Contested, Place, Tie, UNKNOWN, Version, fill_births, ties_of,
};
use crate::engine::landed::LandedTable;
use crate::engine::options::Settings;
use crate::engine::ties::{self, Class, State};

const IS_DELETED: &str = "is_deleted";
/// Columns that decide.
const READ: [&str; 7] =
    ["id", "livemode", "deleted", "observed_at", "event_type", "key", "api_version"];
const CREATED: &str = "created_at";
/// Times that an invoice only ever gets more of: of two of its states the one with more is the later.
const PROGRESS: [&str; 4] = ["finalized_at", "paid_at", "voided_at", "marked_uncollectible_at"];
/// What tells the order within a second where the columns that decide do not.
const TOLD: [&str; 2] = ["raw", "previous_attributes"];
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
        let has = |name: &str| schema.index_of(name).is_ok();
        let mut names = READ.to_vec();
        let created = has(CREATED).then_some(names.len());
        names.extend(created.map(|_| CREATED));
        let progress = names.len();
        if PROGRESS.iter().all(|name| has(name)) {
            names.extend(PROGRESS);
        }
        let progress = progress..names.len();
        let columns = self.columns(&names)?;
        let mut versions = vec![];
        let mut rows = vec![];
        for (file, part) in self.log.files().iter().enumerate() {
            let mut batches = self.log.read(session, part.clone(), &columns)?;
            let mut row = 0;
            while let Some(batch) = batches.try_next().await? {
                let time = |at| batch.column(at).as_primitive::<TimestampMicrosecondType>();
                let ids = batch.column(0).as_string_view();
                let (livemode, deleted) =
                    (batch.column(1).as_boolean(), batch.column(2).as_boolean());
                let observed = time(3);
                let types = batch.column(4).as_string_view();
                let keys = batch.column(5).as_binary_view();
                let dated = batch.column(6);
                let born = created.map(time);
                let progress: Vec<_> = progress.clone().map(|at| batch.column(at)).collect();
                for at in 0..batch.num_rows() {
                    let key = keys.value(at).try_into().map_err(|_| {
                        internal_datafusion_err!("a key of the log has not 16 bytes")
                    })?;
                    let is_deletion = deleted.value(at);
                    let event_type = types.is_valid(at).then(|| types.value(at));
                    versions.push(Version {
                        object: hash(ids.value(at)),
                        key: u128::from_be_bytes(key),
                        observed_at: match observed.is_valid(at) {
                            true => observed.value(at),
                            false if is_deletion => UNKNOWN,
                            false => i64::MAX,
                        },
                        born_at: born
                            .filter(|born| born.is_valid(at))
                            .map_or(UNKNOWN, |born| born.value(at)),
                        place: Place {
                            class: Class::of(event_type, dated.is_valid(at)),
                            progress: progress.iter().filter(|p| p.is_valid(at)).count() as u8,
                            within: event_type.is_some_and(ties::is_update).into(),
                        },
                        file: file as u32,
                        row: (row + at) as u32,
                        livemode: livemode.is_valid(at).then(|| livemode.value(at)),
                        is_deletion,
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
        let mut versions: Vec<Version> = contested.copied().collect();
        fill_births(&mut versions);
        let ties = ties_of(&versions, !progress.is_empty());
        let states = self.states(session, &versions, &ties, &rows).await?;
        for tie in &ties {
            let told: Vec<&State> = tie.versions.iter().filter_map(|at| states.get(at)).collect();
            let before = tie.before.and_then(|at| states.get(&at));
            let places = ties::order(&told, before);
            for (&at, place) in tie.versions.iter().zip(places) {
                versions[at].place.within = u16::try_from(place).unwrap_or(u16::MAX);
            }
        }
        Ok(Contested { versions, rows })
    }

    fn columns(&self, names: &[&str]) -> Result<Vec<usize>> {
        let schema = self.log.schema();
        names.iter().map(|name| Ok(schema.index_of(name)?)).collect()
    }

    /// What the versions of the ties and those before them say, by their place in `versions`; `totals`
    /// are the rows of each file.
    async fn states(
        &self,
        session: &dyn Session,
        versions: &[Version],
        ties: &[Tie],
        totals: &[usize],
    ) -> Result<HashMap<usize, State>> {
        let mut wanted: Vec<usize> =
            ties.iter().flat_map(|tie| tie.versions.iter().copied().chain(tie.before)).collect();
        wanted.sort_unstable_by_key(|&at| (versions[at].file, versions[at].row));
        wanted.dedup();
        let columns = self.columns(&TOLD)?;
        let mut states = HashMap::new();
        for of_file in wanted.chunk_by(|&one, &next| versions[one].file == versions[next].file) {
            let number = versions[of_file[0]].file as usize;
            let file = &self.log.files()[number];
            let rows: Vec<usize> = of_file.iter().map(|&at| versions[at].row as usize).collect();
            let part = PartitionedFile::new_from_meta(file.object_meta.clone())
                .with_extension(ParquetRowSelection::new(only(&rows, totals[number])));
            let mut batches = self.log.read(session, part, &columns)?;
            let mut of_file = of_file.iter();
            while let Some(batch) = batches.try_next().await? {
                let (raw, before) =
                    (batch.column(0).as_string_view(), batch.column(1).as_string_view());
                for (row, &at) in (0..batch.num_rows()).zip(of_file.by_ref()) {
                    let before = before.is_valid(row).then(|| before.value(row));
                    states.insert(at, State::parse(raw.value(row), before));
                }
            }
        }
        Ok(states)
    }
}

/// 128 bits that are the same for the same id.
fn hash(id: &str) -> u128 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..16]);
    u128::from_le_bytes(bytes)
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
