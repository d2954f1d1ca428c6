//! Reads the Parquet files of the lake for scans; a file that is gone is named.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;

use crate::error::Error;

/// Makes readers that know a lost file from other failures.
#[derive(Debug)]
pub struct FileReaders {
    inner: Arc<dyn ParquetFileReaderFactory>,
    store: Arc<dyn ObjectStore>,
}

impl FileReaders {
    pub fn new(inner: Arc<dyn ParquetFileReaderFactory>, store: Arc<dyn ObjectStore>) -> Self {
        Self { inner, store }
    }
}

impl ParquetFileReaderFactory for FileReaders {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> datafusion::common::Result<Box<dyn AsyncFileReader + Send>> {
        let path = file.object_meta.location.clone();
        let inner = self.inner.create_reader(partition, file, size_hint, metrics)?;
        Ok(Box::new(FileReader { inner, store: Arc::clone(&self.store), path }))
    }
}

struct FileReader {
    inner: Box<dyn AsyncFileReader + Send>,
    store: Arc<dyn ObjectStore>,
    path: Path,
}

/// The snapshot names the file: without it, its rows would be missing from every number.
async fn explain(store: &dyn ObjectStore, path: &Path, error: ParquetError) -> ParquetError {
    match store.head(path).await {
        Err(object_store::Error::NotFound { .. }) => {
            let lost = Error::new(format!("the lake has lost the file {path}"))
                .hint("restore the file, or land the source again into a new lake");
            ParquetError::External(Box::new(lost))
        }
        _ => error,
    }
}

impl AsyncFileReader for FileReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        let Self { inner, store, path } = self;
        async move {
            match inner.get_bytes(range).await {
                Err(error) => Err(explain(store, path, error).await),
                read => read,
            }
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        let Self { inner, store, path } = self;
        async move {
            match inner.get_byte_ranges(ranges).await {
                Err(error) => Err(explain(store, path, error).await),
                read => read,
            }
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        let Self { inner, store, path } = self;
        async move {
            match inner.get_metadata(options).await {
                Err(error) => Err(explain(store, path, error).await),
                read => read,
            }
        }
        .boxed()
    }
}
