//! The Delta form of a schema, how a table's schema may grow, and what it has grown to.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::engine::arrow_conversion::{TryIntoArrow, TryIntoKernel};
use deltalake_core::kernel::{ArrayType, DataType, StructField, StructType};

use super::Lake;
use super::table::log_of;
use crate::error::{Error, Result};

/// The Delta form of an Arrow schema.
pub(super) fn delta_schema(schema: &SchemaRef) -> Result<StructType> {
    Ok(schema.as_ref().try_into_kernel()?)
}

/// The schema of a table as its log tells it; `None` if it has none.
pub(super) async fn stored(lake: &Lake, name: &str) -> Result<Option<SchemaRef>> {
    let log = log_of(lake, name)?;
    if !log.is_delta_table_location().await? {
        return Ok(None);
    }
    let mut delta = DeltaTable::new(log);
    delta.load().await?;
    let found = delta.snapshot()?.schema();
    let schema: Schema = found.as_ref().try_into_arrow()?;
    Ok(Some(Arc::new(schema)))
}

/// The table's schema with the declared columns that it lacks, or `None` when it lacks none.
///
/// Columns that only the table has stay: a newer paydirt put them there. Fails when a column
/// exists with another type.
pub(super) fn grow(found: &StructType, declared: &StructType) -> Result<Option<StructType>> {
    let grown = grow_struct("", found, declared)?;
    Ok((grown != *found).then_some(grown))
}

fn grow_struct(path: &str, found: &StructType, declared: &StructType) -> Result<StructType> {
    let mut fields: Vec<StructField> = found.fields().cloned().collect();
    for field in declared.fields() {
        match fields.iter_mut().find(|known| known.name() == field.name()) {
            None => fields.push(field.clone()),
            Some(known) => {
                let path = if path.is_empty() {
                    field.name().clone()
                } else {
                    format!("{path}.{}", field.name())
                };
                known.data_type = grow_type(&path, &known.data_type, &field.data_type)?;
            }
        }
    }
    StructType::try_new(fields).map_err(|error| Error::new(error.to_string()))
}

fn grow_type(path: &str, found: &DataType, declared: &DataType) -> Result<DataType> {
    match (found, declared) {
        (DataType::Struct(found), DataType::Struct(declared)) => {
            Ok(grow_struct(path, found, declared)?.into())
        }
        (DataType::Array(found), DataType::Array(declared)) => {
            let path = format!("{path}[]");
            let element = grow_type(&path, found.element_type(), declared.element_type())?;
            Ok(ArrayType::new(element, found.contains_null()).into())
        }
        (found, declared) if found == declared => Ok(found.clone()),
        (found, declared) => Err(Error::new(format!(
            "column '{path}' is {found} in the lake and {declared} in this paydirt"
        ))
        .hint("a column never changes its type: give the new one another name")),
    }
}
