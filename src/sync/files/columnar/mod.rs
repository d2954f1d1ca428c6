//! Parquet: each row becomes a record of its columns, text borrowed from the arrays.

mod json;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};
use arrow::error::ArrowError;
use arrow::json::writer::make_encoder;
use memchr::memchr;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{LogicalType, Type};
use parquet::file::reader::ChunkReader;
use parquet::schema::types::ColumnDescPtr;
use uuid::Uuid;

use crate::sync::json::Json;
use crate::sync::report::Fault;

use json::Values;

const ROWS: usize = 8192;
/// By these Arrow marks what the bytes of a column are.
const EXTENSION: &str = "ARROW:extension:name";
const UUID: &str = "arrow.uuid";

/// Opens a Parquet file; the error says what is wrong with it.
pub fn reader(file: impl ChunkReader + 'static) -> Result<ParquetRecordBatchReader, String> {
    let options = ArrowReaderOptions::new();
    ArrowReaderMetadata::load(&file, options.clone())
        .and_then(|read| match marked(&read) {
            Some(schema) => {
                let metadata = read.metadata().clone();
                ArrowReaderMetadata::try_new(metadata, options.with_schema(schema.into()))
            }
            None => Ok(read),
        })
        .and_then(|read| {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, read);
            builder.with_batch_size(ROWS).build()
        })
        .map_err(|error| format!("is not a readable Parquet file: {error}"))
}

/// The schema by which nothing is lost, if it is not the one that the columns have by themselves.
fn marked(read: &ArrowReaderMetadata) -> Option<Schema> {
    let leaves = read.parquet_schema().columns();
    let is_marked =
        |leaf: &ColumnDescPtr| is_uuid_leaf(leaf) || leaf.physical_type() == Type::INT96;
    if !leaves.iter().any(is_marked) {
        return None;
    }
    let fields = mark_all(read.schema().fields(), &mut leaves.iter());
    Some(Schema::new_with_metadata(fields, read.schema().metadata().clone()))
}

fn is_uuid_leaf(leaf: &ColumnDescPtr) -> bool {
    leaf.logical_type_ref() == Some(&LogicalType::Uuid)
}

type Leaves<'a> = std::slice::Iter<'a, ColumnDescPtr>;

fn mark_all(fields: &Fields, leaves: &mut Leaves<'_>) -> Fields {
    fields.iter().map(|field| mark(field, leaves)).collect()
}

/// The columns of Parquet are the innermost fields of Arrow, in order.
fn mark(field: &FieldRef, leaves: &mut Leaves<'_>) -> FieldRef {
    let mut field = Field::clone(field);
    let data_type = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(mark_all(fields, leaves)),
        DataType::List(item) => DataType::List(mark(item, leaves)),
        DataType::LargeList(item) => DataType::LargeList(mark(item, leaves)),
        DataType::ListView(item) => DataType::ListView(mark(item, leaves)),
        DataType::LargeListView(item) => DataType::LargeListView(mark(item, leaves)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(mark(item, leaves), *size),
        DataType::Map(entries, is_sorted) => DataType::Map(mark(entries, leaves), *is_sorted),
        innermost => {
            let leaf = leaves.next();
            if leaf.is_some_and(is_uuid_leaf) {
                field.metadata_mut().insert(EXTENSION.to_owned(), UUID.to_owned());
                return field.into();
            }
            match (innermost, leaf.map(|leaf| leaf.physical_type())) {
                // In ns, what lies outside of 1677 to 2262 would come out as another time.
                (DataType::Timestamp(TimeUnit::Nanosecond, zone), Some(Type::INT96)) => {
                    DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
                }
                _ => return field.into(),
            }
        }
    };
    field.set_data_type(data_type);
    field.into()
}

/// Rows whose bytes are no text, and why.
pub type Unread = Vec<(usize, String)>;

/// A column of text, also where only its bytes say that it is one: old and other programs do not
/// mark it. `None` if it is none.
pub fn texts(
    field: &Field,
    array: &dyn Array,
) -> Result<Option<(StringArray, Unread)>, ArrowError> {
    let data_type = match array.data_type() {
        DataType::Dictionary(_, value) => value,
        other => other,
    };
    let is_fixed = match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            return Ok(Some((cast(array, &DataType::Utf8)?.as_string().clone(), Vec::new())));
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => false,
        DataType::FixedSizeBinary(_) => true,
        _ => return Ok(None),
    };
    let bytes = cast(array, &DataType::Binary)?;
    let bytes = bytes.as_binary::<i32>();
    if !is_fixed
        && memchr(0, bytes.values()).is_none()
        && let Ok(text) = StringArray::try_from_binary(bytes.clone())
    {
        return Ok(Some((text, Vec::new())));
    }
    let is_uuid = is_uuid(field);
    let mut unread = Vec::new();
    let text = bytes.iter().enumerate().map(|(row, bytes)| {
        let bytes = bytes?;
        if is_uuid && let Ok(uuid) = Uuid::from_slice(bytes) {
            return Some(Cow::Owned(uuid.hyphenated().to_string()));
        }
        // Text of a fixed size is filled up; a zero anywhere else stands in no text.
        let end = if is_fixed { trimmed(bytes) } else { bytes };
        let text = std::str::from_utf8(end).ok().filter(|text| !text.contains('\0'));
        if text.is_none() {
            unread.push((row, format!("is {} bytes that are not UTF-8 text", bytes.len())));
        }
        text.map(Cow::Borrowed)
    });
    let text: StringArray = text.collect();
    Ok(Some((text, unread)))
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..end]
}

/// Whether the column holds ids of 16 bytes; the items of a list come with the list's own field.
fn is_uuid(field: &Field) -> bool {
    match field.data_type() {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => is_uuid(item),
        _ => field.metadata().get(EXTENSION).is_some_and(|name| name == UUID),
    }
}

/// The rows of a batch as records.
pub struct Records {
    names: Vec<String>,
    columns: Vec<Cells>,
    rows: usize,
    faults: BTreeMap<usize, Vec<Fault>>,
}

enum Cells {
    Text(StringArray),
    /// JSON text of everything that is not text; empty for NULL.
    Encoded(Vec<String>),
}

impl Records {
    pub fn new(batch: &RecordBatch) -> Result<Self, ArrowError> {
        let schema = batch.schema();
        let mut records = Self {
            names: schema.fields().iter().map(|field| field.name().clone()).collect(),
            columns: Vec::new(),
            rows: batch.num_rows(),
            faults: BTreeMap::new(),
        };
        for (field, array) in schema.fields().iter().zip(batch.columns()) {
            let (cells, unread) = match texts(field, array)? {
                Some((text, unread)) => (Cells::Text(text), unread),
                None => encoded(field, array)?,
            };
            records.columns.push(cells);
            for (row, why) in unread {
                records.faults.entry(row).or_default().push((field.name().clone(), why));
            }
        }
        Ok(records)
    }

    /// All rows in order.
    pub fn iter(&self) -> impl Iterator<Item = Json<'_>> {
        (0..self.rows).map(|row| {
            let fields = self.names.iter().zip(&self.columns);
            let fields = fields.map(|(name, cells)| (Cow::Borrowed(&**name), cells.value(row)));
            Json::Object(fields.collect())
        })
    }

    /// What could not be read of a row.
    pub fn faults(&self, row: usize) -> &[Fault] {
        self.faults.get(&row).map_or(&[], Vec::as_slice)
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

fn encoded(field: &FieldRef, array: &ArrayRef) -> Result<(Cells, Unread), ArrowError> {
    let values = Values::default();
    let options = values.options();
    let mut encoder = make_encoder(field, array, &options)?;
    let (mut encoded, mut unread) = (Vec::with_capacity(array.len()), Vec::new());
    for row in 0..array.len() {
        let mut json = Vec::new();
        if !encoder.is_null(row) {
            encoder.encode(row, &mut json);
        }
        encoded.push(String::from_utf8(json).map_err(|e| ArrowError::JsonError(e.to_string()))?);
        unread.extend(values.take_faults().into_iter().map(|why| (row, why)));
    }
    Ok((Cells::Encoded(encoded), unread))
}
