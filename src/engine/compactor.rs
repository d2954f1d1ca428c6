//! Batches to be kept: few, and holding their own text. A view of text keeps alive whatever was read
//! with it, and each further step over many small batches drags all their buffers along.

use datafusion::arrow::compute::BatchCoalescer;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

const ROWS: usize = 8 << 10;

/// Takes batches as they come.
pub struct Compactor {
    coalescer: BatchCoalescer,
    batches: Vec<RecordBatch>,
}

impl Compactor {
    pub fn new(schema: SchemaRef) -> Self {
        Self { coalescer: BatchCoalescer::new(schema, ROWS), batches: vec![] }
    }

    pub fn push(&mut self, batch: RecordBatch) -> Result<(), ArrowError> {
        self.coalescer.push_batch(batch)?;
        self.batches.extend(std::iter::from_fn(|| self.coalescer.next_completed_batch()));
        Ok(())
    }

    /// Those that are whole, for whoever does not wait for all.
    pub fn completed(&mut self) -> Vec<RecordBatch> {
        std::mem::take(&mut self.batches)
    }

    pub fn finish(mut self) -> Result<Vec<RecordBatch>, ArrowError> {
        self.coalescer.finish_buffered_batch()?;
        self.batches.extend(std::iter::from_fn(|| self.coalescer.next_completed_batch()));
        Ok(self.batches)
    }
}
