//! Parquet: each row becomes a record of its columns, text borrowed from the arrays.

use std::borrow::Cow;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef};
use arrow::error::ArrowError;
use arrow::json::writer::{EncoderOptions, make_encoder};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::reader::ChunkReader;

use crate::sync::json::Json;

const ROWS: usize = 8192;

/// Opens a Parquet file; the error says what is wrong with it.
pub fn reader(file: impl ChunkReader + 'static) -> Result<ParquetRecordBatchReader, String> {
    ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.with_batch_size(ROWS).build())
        .map_err(|error| format!("is not a readable Parquet file: {error}"))
}

/// The rows of a batch as records.
pub struct Records {
    names: Vec<String>,
    columns: Vec<Cells>,
    rows: usize,
}

enum Cells {
    Text(StringArray),
    /// JSON text of everything that is not text; empty for NULL.
    Encoded(Vec<String>),
}

impl Records {
    pub fn new(batch: &RecordBatch) -> Result<Self, ArrowError> {
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns());
        Ok(Self {
            names: schema.fields().iter().map(|field| field.name().clone()).collect(),
            columns: columns.map(|(field, array)| cells(field, array)).collect::<Result<_, _>>()?,
            rows: batch.num_rows(),
        })
    }

    /// All rows in order.
    pub fn iter(&self) -> impl Iterator<Item = Json<'_>> {
        (0..self.rows).map(|row| {
            let fields = self.names.iter().zip(&self.columns);
            let fields = fields.map(|(name, cells)| (Cow::Borrowed(&**name), cells.value(row)));
            Json::Object(fields.collect())
        })
    }
}

impl Cells {
    fn value(&self, row: usize) -> Json<'_> {
        match self {
            Cells::Text(text) if text.is_null(row) => Json::Null,
            Cells::Text(text) => Json::String(Cow::Borrowed(text.value(row))),
            Cells::Encoded(json) => Json::parse(&json[row]).unwrap_or(Json::Null),
        }
    }
}

fn cells(field: &FieldRef, array: &ArrayRef) -> Result<Cells, ArrowError> {
    let is_text = |data_type: &DataType| {
        matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
    };
    let is_text = match field.data_type() {
        DataType::Dictionary(_, value) => is_text(value),
        other => is_text(other),
    };
    if is_text {
        let text = cast(array, &DataType::Utf8)?;
        return Ok(Cells::Text(text.as_string().clone()));
    }
    let options = EncoderOptions::default();
    let mut encoder = make_encoder(field, array, &options)?;
    let encoded = (0..array.len()).map(|row| {
        let mut json = Vec::new();
        if !encoder.is_null(row) {
            encoder.encode(row, &mut json);
        }
        String::from_utf8(json).map_err(|error| ArrowError::JsonError(error.to_string()))
    });
    Ok(Cells::Encoded(encoded.collect::<Result<_, _>>()?))
}
