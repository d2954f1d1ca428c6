//! Window functions over the p values of a family of tests.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::Result;
use datafusion_common::cast::as_float64_array;
use datafusion_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion_expr::{Documentation, PartitionEvaluator, Signature, WindowUDF, WindowUDFImpl};

use crate::stats::function::{Argument, Declaration, Declared, Declares, Kind};
use crate::stats::multiple;

type Adjust = fn(&[Option<f64>]) -> Vec<Option<f64>>;

/// A line of the table of functions.
pub(super) struct WindowFunction {
    declaration: Declaration,
    adjust: Adjust,
}

pub(super) static FUNCTIONS: &[WindowFunction] = &[WindowFunction {
    declaration: Declaration {
        name: "bh_adjust",
        arguments: &[Argument::new("p", Kind::Number, "The p value of one test, 0 to 1.")],
        description: "The q value of each test in its partition (Benjamini-Hochberg): the false \
                      discovery rate at which it would be kept, 0 to 1. The partition is the \
                      family; ORDER BY and frames change nothing. A NULL p, or one outside 0 to 1, \
                      is not counted in the family and gives NULL.",
        example: "select bh_adjust(p) over () as q from (values (0.01), (0.04), (0.03), (0.005)) \
                  as t(p) order by q limit 1;\n-- 0.02",
    },
    adjust: multiple::bh,
}];

pub(super) fn declare(function: &'static WindowFunction) -> WindowUDF {
    WindowUDF::from(Declared::new(function, " over ([partition by family])"))
}

impl Declares for WindowFunction {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }
}

impl WindowUDFImpl for Declared<WindowFunction> {
    fn name(&self) -> &str {
        Declared::name(self)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(
        &self,
        _: PartitionEvaluatorArgs,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(WholePartition { adjust: self.function.adjust }))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), DataType::Float64, true)))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

#[derive(Debug)]
struct WholePartition {
    adjust: Adjust,
}

impl PartitionEvaluator for WholePartition {
    fn evaluate_all(&mut self, values: &[ArrayRef], _: usize) -> Result<ArrayRef> {
        let p: Vec<_> = as_float64_array(&values[0])?.iter().collect();
        Ok(Arc::new(Float64Array::from((self.adjust)(&p))))
    }
}
