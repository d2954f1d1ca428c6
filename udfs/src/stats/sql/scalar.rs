//! Scalar SQL functions over numbers.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array};
use arrow::datatypes::DataType;
use datafusion_common::cast::as_float64_array;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::record::{Record, Row};
use crate::stats::function::{Argument, Declaration, Declared, Declares};

/// The computation of one row: all arguments, defaults filled in, none of them NULL.
pub(super) enum Compute {
    Number(fn(&[f64]) -> Option<f64>),
    Record(Record, fn(&[f64]) -> Option<Row>),
}

/// A line of the table of functions.
pub(super) struct ScalarFunction {
    pub declaration: Declaration,
    pub compute: Compute,
}

pub(super) fn declare(function: &'static ScalarFunction) -> ScalarUDF {
    ScalarUDF::from(Declared::new(function, ""))
}

impl Declares for ScalarFunction {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }
}

impl Declared<ScalarFunction> {
    fn evaluate(&self, columns: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let mut arguments = Arguments::new(&self.function.declaration, columns)?;
        Ok(match self.function.compute {
            Compute::Number(compute) => {
                let results = (0..rows).map(|row| compute(arguments.of_row(row)?));
                Arc::new(results.collect::<Float64Array>())
            }
            Compute::Record(record, compute) => {
                let results: Vec<_> =
                    (0..rows).map(|row| compute(arguments.of_row(row)?)).collect();
                Arc::new(record.array(&results)?)
            }
        })
    }
}

/// The arguments of one row after another.
struct Arguments<'a> {
    columns: Vec<&'a Float64Array>,
    values: Vec<f64>,
}

impl<'a> Arguments<'a> {
    fn new(declaration: &Declaration, columns: &'a [ArrayRef]) -> Result<Self> {
        let columns =
            columns.iter().map(|column| as_float64_array(column)).collect::<Result<_>>()?;
        // What was not given keeps its default; all other places are written for every row.
        let default = |argument: &Argument| argument.default.unwrap_or(f64::NAN);
        Ok(Self { columns, values: declaration.arguments.iter().map(default).collect() })
    }

    /// `None` if any of them is NULL.
    fn of_row(&mut self, row: usize) -> Option<&[f64]> {
        for (value, column) in self.values.iter_mut().zip(&self.columns) {
            *value = column.is_valid(row).then(|| column.value(row))?;
        }
        Some(&self.values)
    }
}

impl ScalarUDFImpl for Declared<ScalarFunction> {
    fn name(&self) -> &str {
        Declared::name(self)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match &self.function.compute {
            Compute::Number(_) => DataType::Float64,
            Compute::Record(record, _) => record.data_type(),
        })
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { args.number_rows };
        let columns = args.args.iter().map(|arg| arg.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let result = self.evaluate(&columns, rows)?;
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}
