//! Struct results: rows of optional numbers as one Arrow struct.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion_common::utils::SingleRowListArrayBuilder;
use datafusion_common::{Result, ScalarValue};

/// A field of a record.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    /// Float64
    Number(&'static str),
    /// Int64
    Count(&'static str),
}

/// The values of one record, in the order of its fields; a count is a whole number below 2⁵³.
pub(super) type Row = Vec<Option<f64>>;

/// The fields of a struct result.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record(pub &'static [Column]);

impl Record {
    fn fields(&self) -> Fields {
        self.0
            .iter()
            .map(|column| match column {
                Column::Number(name) => Field::new(*name, DataType::Float64, true),
                Column::Count(name) => Field::new(*name, DataType::Int64, true),
            })
            .collect()
    }

    pub fn data_type(&self) -> DataType {
        DataType::Struct(self.fields())
    }

    pub fn list_type(&self) -> DataType {
        DataType::List(Arc::new(Field::new_list_field(self.data_type(), true)))
    }

    /// `None` is a NULL struct with NULL in every field.
    pub fn array(&self, rows: &[Option<Row>]) -> Result<StructArray> {
        let columns = self.0.iter().enumerate().map(|(position, column)| -> ArrayRef {
            let values = rows.iter().map(|row| row.as_ref().and_then(|row| row[position]));
            match column {
                Column::Number(_) => Arc::new(values.collect::<Float64Array>()),
                Column::Count(_) => {
                    Arc::new(values.map(|value| value.map(|v| v as i64)).collect::<Int64Array>())
                }
            }
        });
        let validity: NullBuffer = rows.iter().map(Option::is_some).collect();
        Ok(StructArray::try_new(self.fields(), columns.collect(), Some(validity))?)
    }

    pub fn scalar(&self, row: Option<Row>) -> Result<ScalarValue> {
        Ok(ScalarValue::Struct(Arc::new(self.array(&[row])?)))
    }

    /// A list of records; `None` is a NULL list.
    pub fn list(&self, rows: Option<Vec<Option<Row>>>) -> Result<ScalarValue> {
        match rows {
            Some(rows) => {
                let records = Arc::new(self.array(&rows)?);
                Ok(SingleRowListArrayBuilder::new(records).build_list_scalar())
            }
            None => ScalarValue::try_new_null(&self.list_type()),
        }
    }
}
