//! The state of aggregates that need every row: its columns, kept until the end.

use std::mem::{size_of, size_of_val};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion_common::cast::{as_float64_array, as_list_array};
use datafusion_common::utils::SingleRowListArrayBuilder;
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::Accumulator;

use super::aggregate::AggregateFunction;
use crate::stats::function::Kind;

/// Rows as one vector of numbers per argument; a setting is kept once. Truth is 1 or 0.
pub(super) struct ColumnAccumulator {
    function: &'static AggregateFunction,
    columns: Vec<Vec<f64>>,
}

impl ColumnAccumulator {
    pub fn new(function: &'static AggregateFunction) -> Self {
        let columns = vec![Vec::new(); function.declaration.arguments.len()];
        Self { function, columns }
    }

    fn push(&mut self, position: usize, value: f64) -> Result<()> {
        let argument = &self.function.declaration.arguments[position];
        let column = &mut self.columns[position];
        match (argument.kind, column.first()) {
            (Kind::Setting, Some(&first)) if first == value => {}
            (Kind::Setting, Some(&first)) => {
                let name = self.function.declaration.name;
                let argument = argument.name;
                return exec_err!(
                    "{name}: {argument} must be the same in all rows, found {first} and {value}"
                );
            }
            _ => column.push(value),
        }
        Ok(())
    }
}

impl Accumulator for ColumnAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let arrays: Vec<_> = values
            .iter()
            .map(|array| Ok(cast(array, &DataType::Float64)?))
            .collect::<Result<_>>()?;
        let columns: Vec<&Float64Array> =
            arrays.iter().map(|array| as_float64_array(array)).collect::<Result<_>>()?;
        for row in 0..columns[0].len() {
            // A row with a NULL anywhere does not take part.
            if columns.iter().all(|column| column.is_valid(row)) {
                for (position, column) in columns.iter().enumerate() {
                    self.push(position, column.value(row))?;
                }
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for (position, state) in states.iter().enumerate() {
            for partial in as_list_array(state)?.iter().flatten() {
                for value in as_float64_array(&partial)?.values() {
                    self.push(position, *value)?;
                }
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let list = |column: &mut Vec<f64>| {
            let array = Float64Array::from(std::mem::take(column));
            SingleRowListArrayBuilder::new(Arc::new(array)).build_list_scalar()
        };
        Ok(self.columns.iter_mut().map(list).collect())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        (self.function.compute)(&self.columns)
    }

    fn size(&self) -> usize {
        let rows: usize = self.columns.iter().map(Vec::capacity).sum();
        size_of_val(self) + size_of_val(self.columns.as_slice()) + rows * size_of::<f64>()
    }
}

impl std::fmt::Debug for ColumnAccumulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows = self.columns.first().map_or(0, Vec::len);
        write!(f, "{} of {rows} rows", self.function.declaration.name)
    }
}
