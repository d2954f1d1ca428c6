//! One landed table as a relation: the files of a Delta snapshot, scanned as plain Parquet.
//!
//! Sizes, rows and times of the files come from the snapshot, so that planning asks the store
//! nothing, and a question about some time opens the files of that time only.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::DateTime;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{
    ColumnStatistics, DFSchema, Result, ScalarValue, Statistics, project_schema,
};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfigBuilder, ParquetFileReaderFactory, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{
    EmptyRelation, Expr, LogicalPlan, TableProviderFilterPushDown, TableType,
};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::ObjectMeta;
use object_store::path::Path;
use url::Position;

use crate::error;
use crate::lake::{DataFile, FileReaders, Lake, TableSpec};

/// Log statistics of other writers are cut down to whole milliseconds.
const CUT_OFF_US: i64 = 999;

/// A landed table at one snapshot.
#[derive(Debug)]
pub struct LandedTable {
    schema: SchemaRef,
    store: ObjectStoreUrl,
    files: Vec<PartitionedFile>,
}

/// A file on this machine, with nothing known of it but its size in bytes.
pub fn local_file(path: Path, size: u64) -> PartitionedFile {
    PartitionedFile::new_from_meta(meta(path, size))
}

impl LandedTable {
    pub fn new(lake: &Lake, spec: &TableSpec, files: &[DataFile]) -> error::Result<Self> {
        let schema = readable(&spec.schema);
        let time = spec.time_column.as_deref().map(|name| schema.index_of(name)).transpose()?;
        let files = files.iter().map(|file| {
            let meta = meta(file.path.clone(), file.size);
            PartitionedFile::new_from_meta(meta)
                .with_statistics(Arc::new(statistics(&schema, time, file)))
        });
        let files = files.collect();
        let store = ObjectStoreUrl::parse(&lake.url()[..Position::BeforePath])?;
        Ok(Self { schema, store, files })
    }

    /// Files on this machine.
    pub fn of_local_files(schema: SchemaRef, files: Vec<PartitionedFile>) -> Self {
        Self { schema, store: ObjectStoreUrl::local_filesystem(), files }
    }

    /// The same for the same files, whose names are never used twice.
    pub fn digest(&self) -> [u8; 32] {
        let mut names: Vec<&str> =
            self.files.iter().map(|file| file.object_meta.location.as_ref()).collect();
        names.sort_unstable();
        blake3::hash(names.join("\n").as_bytes()).into()
    }

    pub fn files(&self) -> &[PartitionedFile] {
        &self.files
    }

    /// The same table with some of its files.
    #[must_use]
    pub fn with_files(&self, files: Vec<PartitionedFile>) -> Self {
        Self { schema: Arc::clone(&self.schema), store: self.store.clone(), files }
    }

    /// A scan of files, or of parts of them, on all cores; `schema` may add columns that are one
    /// value a file.
    pub fn scan_files(
        &self,
        session: &dyn Session,
        schema: &TableSchema,
        files: Vec<PartitionedFile>,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if files.is_empty() {
            let schema = project_schema(schema.table_schema(), projection)?;
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let statistics = total(schema.table_schema(), &files);
        let groups = FileGroup::new(files).split_files(session.config().target_partitions());
        let options = TableParquetOptions {
            global: session.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        let mut source = ParquetSource::new(schema.clone())
            .with_parquet_file_reader_factory(self.readers(session)?);
        if let Some(hint) = options.global.metadata_size_hint {
            source = source.with_metadata_size_hint(hint);
        }
        let source = Arc::new(source.with_table_parquet_options(options));
        let scan = FileScanConfigBuilder::new(self.store.clone(), source)
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }

    /// Columns of one file in the order of its rows.
    pub fn read(
        &self,
        session: &dyn Session,
        file: PartitionedFile,
        columns: &[usize],
    ) -> Result<SendableRecordBatchStream> {
        let source = ParquetSource::new(Arc::clone(&self.schema))
            .with_parquet_file_reader_factory(self.readers(session)?);
        let scan = FileScanConfigBuilder::new(self.store.clone(), Arc::new(source))
            .with_file(file)
            .with_projection_indices(Some(columns.to_vec()))?
            .build();
        DataSourceExec::from_data_source(scan).execute(0, session.task_ctx())
    }

    /// Footers are read once for all sessions.
    fn readers(&self, session: &dyn Session) -> Result<Arc<dyn ParquetFileReaderFactory>> {
        let runtime = session.runtime_env();
        let store = runtime.object_store(&self.store)?;
        let footers = runtime.cache_manager.get_file_metadata_cache();
        let cached = Arc::new(CachedParquetFileReaderFactory::new(Arc::clone(&store), footers));
        Ok(Arc::new(FileReaders::new(cached, store)))
    }

    /// The files that may hold rows of which the filters are true.
    fn files_for(&self, session: &dyn Session, filters: &[Expr]) -> Result<Vec<PartitionedFile>> {
        let Some(filter) = conjunction(filters.to_vec()) else { return Ok(self.files.clone()) };
        let columns = DFSchema::try_from(Arc::clone(&self.schema))?;
        let filter = session.create_physical_expr(filter, &columns)?;
        let predicate =
            PruningPredicateBuilder::new().with_file_schema(Arc::clone(&self.schema)).build(filter);
        let Some(predicate) = predicate else { return Ok(self.files.clone()) };
        let known = self.files.iter().filter_map(|file| file.statistics.clone()).collect();
        let keep = predicate.prune(&PrunableStatistics::new(known, Arc::clone(&self.schema)))?;
        let kept = self.files.iter().zip(keep).filter(|(_, keep)| *keep);
        Ok(kept.map(|(file, _)| file.clone()).collect())
    }
}

#[async_trait]
impl TableProvider for LandedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
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
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.files_for(session, filters)?;
        let schema = TableSchema::from(Arc::clone(&self.schema));
        self.scan_files(session, &schema, files, projection, limit)
    }
}

/// No rows, as the planner understands it.
pub fn nothing(schema: &SchemaRef) -> Result<LogicalPlan> {
    let schema = Arc::new(DFSchema::try_from(Arc::clone(schema))?);
    Ok(LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema }))
}

/// A file never changes, so whatever is remembered of it stays right.
fn meta(location: Path, size: u64) -> ObjectMeta {
    let last_modified = DateTime::UNIX_EPOCH;
    ObjectMeta { location, last_modified, size, e_tag: None, version: None }
}

/// What the log says of a file. Only pruning reads it, so the bounds may be wide.
fn statistics(schema: &Schema, time: Option<usize>, file: &DataFile) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    statistics.num_rows = usize::try_from(file.rows).map_or(Precision::Absent, Precision::Exact);
    if let (Some(time), Some((min, max))) = (time, file.times) {
        let moment =
            |us| Precision::Exact(ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into())));
        statistics.column_statistics[time] = ColumnStatistics {
            min_value: moment(min),
            max_value: moment(max.saturating_add(CUT_OFF_US)),
            ..ColumnStatistics::new_unknown()
        };
    }
    statistics
}

/// About how much there is to read. Nothing of it is exact: no answer is taken from the log, so
/// that a file that is gone is always found out.
fn total(schema: &Schema, files: &[PartitionedFile]) -> Statistics {
    let rows = files.iter().filter_map(|file| file.statistics.as_ref()?.num_rows.get_value());
    let bytes = files.iter().map(|file| file.object_meta.size as usize).sum();
    Statistics {
        num_rows: Precision::Inexact(rows.sum()),
        total_byte_size: Precision::Inexact(bytes),
        column_statistics: Statistics::unknown_column(schema),
    }
}

/// The schema that SQL sees: text as Utf8View, which is what DataFusion's own literals are. Text
/// inside lists stays as it is: whoever takes rows of a list of views takes all their buffers along.
fn readable(schema: &Schema) -> SchemaRef {
    let fields: Fields = schema.fields().iter().map(view_field).collect();
    Arc::new(Schema::new(fields))
}

fn view_field(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Utf8 => DataType::Utf8View,
        DataType::Binary => DataType::BinaryView,
        other => other.clone(),
    };
    Arc::new(Field::new(field.name(), data_type, field.is_nullable()))
}
