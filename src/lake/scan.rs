//! Columns of all rows of a table, for who must know what is there before writing.

use arrow::record_batch::RecordBatch;
use deltalake_core::logstore::parquet_reader::ParquetObjectReader;
use futures::TryStreamExt;
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};

use super::{DataFile, Table};
use crate::error::Result;

const ROWS: usize = 64 << 10;

impl Table {
    /// Hands the columns of every row to `take`, in no order of rows. A column that a file lacks is
    /// not in its batches.
    pub async fn scan(
        &self,
        columns: &[&str],
        mut take: impl FnMut(RecordBatch) -> Result<()> + Send,
    ) -> Result<()> {
        for file in self.files() {
            self.scan_file(file, columns, &mut take).await?;
        }
        Ok(())
    }

    /// The same of one file.
    pub(super) async fn scan_file(
        &self,
        file: &DataFile,
        columns: &[&str],
        mut take: impl FnMut(RecordBatch) -> Result<()> + Send,
    ) -> Result<()> {
        let reader = ParquetObjectReader::new(self.lake.store(), file.path.clone());
        let reader = reader.with_file_size(file.size);
        let builder = ParquetRecordBatchStreamBuilder::new(reader).await?;
        let wanted = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        let mut batches = builder.with_projection(wanted).with_batch_size(ROWS).build()?;
        while let Some(batch) = batches.try_next().await? {
            take(batch)?;
        }
        Ok(())
    }
}
