//! Fits a batch to formats that know less than Arrow does.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};

use super::cell::{Cells, Reader};
use crate::error::Result;

/// Nested columns become JSON text, the others stay: what CSV can hold.
pub fn text_columns(batch: &RecordBatch) -> Result<RecordBatch> {
    replace(batch, batch.schema_ref().fields().to_vec(), DataType::is_nested)
}

/// Equal names get a number, so that no value of a JSON object hides another.
pub fn distinct_names(batch: &RecordBatch) -> Result<RecordBatch> {
    replace(batch, distinct_fields(batch.schema_ref()), |_| false)
}

/// The schema that `parquet_columns` gives: distinct names, all nullable, unions as text.
pub fn parquet_schema(schema: &SchemaRef) -> SchemaRef {
    let fields = distinct_fields(schema).into_iter().map(|field| {
        let field = Field::clone(&field).with_nullable(true);
        if is_union(field.data_type()) { field.with_data_type(DataType::Utf8) } else { field }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// What Parquet can hold.
pub fn parquet_columns(batch: &RecordBatch) -> Result<RecordBatch> {
    let fields = parquet_schema(batch.schema_ref()).fields().to_vec();
    replace(batch, fields, is_union)
}

fn is_union(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Union(..))
}

fn distinct_fields(schema: &SchemaRef) -> Vec<FieldRef> {
    let mut taken: HashSet<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
    let mut used = HashSet::new();
    let fields = schema.fields().iter().map(|field| {
        if used.insert(field.name().clone()) {
            return field.clone();
        }
        let free =
            (1..).map(|n| format!("{}_{n}", field.name())).find(|name| !taken.contains(name));
        let name = free.unwrap_or_default();
        taken.insert(name.clone());
        Arc::new(Field::clone(field).with_name(name))
    });
    fields.collect()
}

fn replace(
    batch: &RecordBatch,
    mut fields: Vec<FieldRef>,
    becomes_text: fn(&DataType) -> bool,
) -> Result<RecordBatch> {
    let mut columns = batch.columns().to_vec();
    for (field, column) in fields.iter_mut().zip(&mut columns) {
        if becomes_text(column.data_type()) {
            let text = text_of(field, column)?;
            *column = text;
            *field =
                Arc::new(Field::clone(field).with_data_type(DataType::Utf8).with_nullable(true));
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?)
}

fn text_of(field: &FieldRef, column: &ArrayRef) -> Result<ArrayRef> {
    let mut cells = Cells::new(field, column, Reader::Program)?;
    let mut builder = StringBuilder::new();
    let mut text = String::new();
    for row in 0..column.len() {
        builder.append_option(cells.read(row, &mut text)?.then_some(&text));
    }
    Ok(Arc::new(builder.finish()))
}
