//! Aggregate SQL functions that are computed at the end from all rows.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, ScalarValue, not_impl_err};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, Signature};

use super::column_accumulator::ColumnAccumulator;
use crate::stats::function::{Declaration, Declared, Declares};

/// A line of the table of functions.
pub(super) struct AggregateFunction {
    pub declaration: Declaration,
    pub output: fn() -> DataType,
    /// All rows without a NULL, one vector per argument.
    pub compute: fn(&[Vec<f64>]) -> Result<ScalarValue>,
}

pub(super) fn declare(function: &'static AggregateFunction) -> AggregateUDF {
    AggregateUDF::from(Declared::new(function, ""))
}

impl Declares for AggregateFunction {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }
}

impl AggregateUDFImpl for Declared<AggregateFunction> {
    fn name(&self) -> &str {
        Declared::name(self)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok((self.function.output)())
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        refuse_distinct(Declared::name(self), &args)?;
        Ok(Box::new(ColumnAccumulator::new(self.function)))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let arguments = self.function.declaration.arguments.iter();
        let list = DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true)));
        let name = |argument: &str| format_state_name(args.name, argument);
        Ok(arguments
            .map(|argument| Arc::new(Field::new(name(argument.name), list.clone(), true)))
            .collect())
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

/// Dropping equal rows would drop subjects: say so instead of computing something else.
pub(super) fn refuse_distinct(name: &str, args: &AccumulatorArgs) -> Result<()> {
    if args.is_distinct {
        return not_impl_err!("{name} has no DISTINCT form: every row is a subject");
    }
    Ok(())
}
