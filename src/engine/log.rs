//! Landed tables as DataFusion relations: the files of a Delta snapshot, scanned as plain Parquet.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use object_store::ObjectStoreExt;
use tokio::sync::Mutex;

use crate::error::{Error, Result};
use crate::lake::{DataFile, Lake, TableSpec};

/// The landed tables of a project, at the snapshot that was current when they were first asked for.
#[derive(Debug)]
pub struct LogTables {
    lake: Lake,
    specs: HashMap<String, TableSpec>,
    opened: Mutex<HashMap<String, Arc<dyn TableProvider>>>,
}

impl LogTables {
    /// `specs` are named `<schema>/<table>`.
    pub fn new(lake: Lake, specs: Vec<TableSpec>) -> Self {
        let specs = specs.into_iter().map(|spec| (spec.name.clone(), spec)).collect();
        Self { lake, specs, opened: Mutex::default() }
    }

    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    pub fn specs(&self) -> impl Iterator<Item = &TableSpec> {
        self.specs.values()
    }

    /// Table names of one schema, sorted.
    pub fn names(&self, schema: &str) -> Vec<String> {
        let split = self.specs.keys().filter_map(|name| name.split_once('/'));
        let mut names: Vec<String> = split
            .filter(|(folder, _)| *folder == schema)
            .map(|(_, table)| table.to_owned())
            .collect();
        names.sort();
        names
    }

    pub fn contains(&self, schema: &str, table: &str) -> bool {
        self.specs.contains_key(&format!("{schema}/{table}"))
    }

    /// Sees what was committed to the tables of a schema since.
    pub async fn refresh(&self, schema: &str) {
        let prefix = format!("{schema}/");
        self.opened.lock().await.retain(|name, _| !name.starts_with(&prefix));
    }

    /// The relation, or `None` where no such table is declared. One without files is empty.
    pub async fn provider(
        &self,
        schema: &str,
        table: &str,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        let name = format!("{schema}/{table}");
        let Some(spec) = self.specs.get(&name) else { return Ok(None) };
        let mut opened = self.opened.lock().await;
        if let Some(provider) = opened.get(&name) {
            return Ok(Some(Arc::clone(provider)));
        }
        let table = self.lake.table(spec).await?;
        let files = table.files();
        let schema = readable(&spec.schema);
        let provider: Arc<dyn TableProvider> = if files.is_empty() {
            Arc::new(EmptyTable::new(schema))
        } else {
            self.require(spec, files).await?;
            let urls = files.iter().map(|file| ListingTableUrl::parse(file.url.as_str()));
            let urls = urls.collect::<Result<Vec<_>, _>>()?;
            let options = ListingOptions::new(Arc::new(ParquetFormat::default()))
                .with_file_extension(".parquet");
            let config = ListingTableConfig::new_with_multi_paths(urls)
                .with_listing_options(options)
                .with_schema(schema);
            Arc::new(ListingTable::try_new(config)?)
        };
        opened.insert(name, Arc::clone(&provider));
        Ok(Some(provider))
    }
}

impl LogTables {
    /// A file that the snapshot names and that is gone would read as no rows: a wrong number.
    async fn require(&self, spec: &TableSpec, files: &[DataFile]) -> Result<()> {
        for file in files {
            if let Err(error) = self.lake.store().head(&file.path).await {
                return Err(Error::new(format!(
                    "table {} of the lake has lost the file {}: {error}",
                    spec.name, file.path
                ))
                .hint("restore the file, or land the source again into a new lake"));
            }
        }
        Ok(())
    }
}

/// The schema that SQL sees: text as Utf8View, which is what DataFusion's own literals are.
fn readable(schema: &Schema) -> SchemaRef {
    let fields: Fields = schema.fields().iter().map(view_field).collect();
    Arc::new(Schema::new(fields))
}

fn view_field(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Utf8 => DataType::Utf8View,
        DataType::Binary => DataType::BinaryView,
        DataType::List(item) => DataType::List(view_field(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(view_field).collect()),
        other => other.clone(),
    };
    Arc::new(Field::new(field.name(), data_type, field.is_nullable()))
}
