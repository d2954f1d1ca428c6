//! Functions of the values of one row as SQL functions, with arguments that may be left out.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion_common::{Result, ScalarValue, internal_err, plan_err};
use datafusion_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::parameter::Parameter;
use crate::text::Texts;

/// What a row function computes. `Ok(None)` is SQL NULL.
pub(super) enum Body {
    Float(fn(Row<'_>) -> Result<Option<f64>>),
    Integer(fn(Row<'_>) -> Result<Option<i64>>),
    Text(fn(Row<'_>) -> Result<Option<String>>),
}

/// An SQL function of several values: a name, a plain function, its documentation.
pub(super) struct RowFunction {
    name: &'static str,
    body: Body,
    parameters: Vec<Parameter>,
    required: usize,
    signature: Signature,
    documentation: Documentation,
}

impl RowFunction {
    /// Parameters after the first `required` may be left out.
    pub(super) fn new(
        name: &'static str,
        body: Body,
        parameters: Vec<Parameter>,
        required: usize,
        documentation: Documentation,
    ) -> Self {
        let signature = Signature::user_defined(Volatility::Immutable);
        Self { name, body, parameters, required, signature, documentation }
    }
}

impl PartialEq for RowFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for RowFunction {}

impl Hash for RowFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for RowFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowFunction").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ScalarUDFImpl for RowFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let (name, most) = (self.name, self.parameters.len());
        if !(self.required..=most).contains(&given.len()) {
            return plan_err!(
                "{name} takes {} to {most} arguments, not {}",
                self.required,
                given.len()
            );
        }
        let arguments = given.iter().zip(&self.parameters);
        arguments
            .map(|(given, Parameter { name: argument, kind })| match kind.coerced(given) {
                Some(coerced) => Ok(coerced),
                None => plan_err!("{argument} of {name} is {}, not {given}", kind.describe()),
            })
            .collect()
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.body {
            Body::Float(_) => DataType::Float64,
            Body::Integer(_) => DataType::Int64,
            Body::Text(_) => DataType::Utf8,
        })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays: Vec<(ArrayRef, bool)> = arguments
            .args
            .into_iter()
            .map(|argument| match argument {
                ColumnarValue::Array(array) => Ok((array, false)),
                ColumnarValue::Scalar(value) => Ok((value.to_array()?, true)),
            })
            .collect::<Result<_>>()?;
        let columns: Vec<Column<'_>> = arrays
            .iter()
            .map(|(array, is_constant)| Column::new(array, *is_constant))
            .collect::<Result<_>>()?;
        let is_constant = columns.iter().all(|column| column.is_constant);
        let rows = if is_constant { 1 } else { arguments.number_rows };
        let rows = (0..rows).map(|index| Row { columns: &columns, index });
        let answers: ArrayRef = match self.body {
            Body::Float(body) => Arc::new(rows.map(body).collect::<Result<Float64Array>>()?),
            Body::Integer(body) => Arc::new(rows.map(body).collect::<Result<Int64Array>>()?),
            Body::Text(body) => Arc::new(rows.map(body).collect::<Result<StringArray>>()?),
        };
        if is_constant {
            return ScalarValue::try_from_array(&answers, 0).map(ColumnarValue::Scalar);
        }
        Ok(ColumnarValue::Array(answers))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

/// The arguments of one row, by position. An argument that was left out, is NULL or has another
/// type is `None`.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    columns: &'a [Column<'a>],
    index: usize,
}

impl<'a> Row<'a> {
    pub(super) fn text(self, argument: usize) -> Option<&'a str> {
        let (values, index) = self.value(argument)?;
        match values {
            Values::Text(texts) => texts.get(index),
            _ => None,
        }
    }

    pub(super) fn integer(self, argument: usize) -> Option<i64> {
        let (values, index) = self.value(argument)?;
        match values {
            Values::Integer(integers) => integers.is_valid(index).then(|| integers.value(index)),
            _ => None,
        }
    }

    pub(super) fn float(self, argument: usize) -> Option<f64> {
        let (values, index) = self.value(argument)?;
        match values {
            Values::Float(floats) => floats.is_valid(index).then(|| floats.value(index)),
            _ => None,
        }
    }

    pub(super) fn flag(self, argument: usize) -> Option<bool> {
        let (values, index) = self.value(argument)?;
        match values {
            Values::Flag(flags) => flags.is_valid(index).then(|| flags.value(index)),
            _ => None,
        }
    }

    fn value(self, argument: usize) -> Option<(&'a Values<'a>, usize)> {
        let column = self.columns.get(argument)?;
        Some((&column.values, if column.is_constant { 0 } else { self.index }))
    }
}

struct Column<'a> {
    values: Values<'a>,
    is_constant: bool,
}

enum Values<'a> {
    Text(Texts<'a>),
    Integer(&'a Int64Array),
    Float(&'a Float64Array),
    Flag(&'a BooleanArray),
}

impl<'a> Column<'a> {
    fn new(array: &'a ArrayRef, is_constant: bool) -> Result<Self> {
        let values = match array.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                Values::Text(Texts::new(array)?)
            }
            DataType::Int64 => Values::Integer(array.as_primitive::<Int64Type>()),
            DataType::Float64 => Values::Float(array.as_primitive::<Float64Type>()),
            DataType::Boolean => Values::Flag(array.as_boolean()),
            other => return internal_err!("row functions do not read {other}"),
        };
        Ok(Self { values, is_constant })
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Array, LargeStringArray, StringViewArray};

    use super::*;

    fn call(name: &str, arguments: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
        let functions = crate::money::scalar_functions();
        let function = functions.iter().find(|function| function.name() == name).unwrap();
        crate::tests::call(function, arguments, rows)
    }

    fn constant(value: impl Into<ScalarValue>) -> ColumnarValue {
        ColumnarValue::Scalar(value.into())
    }

    #[test]
    fn columns_of_any_encoding_meet_constants() {
        let amounts = LargeStringArray::from(vec![Some("100"), Some("200"), None, Some("5")]);
        let usage = StringViewArray::from(vec![None, Some("licensed"), None, Some("metered")]);
        let answer = call(
            "monthly_minor",
            &[
                ColumnarValue::Array(Arc::new(amounts)),
                constant("month"),
                constant(1i8),
                ColumnarValue::Array(Arc::new(Int32Array::from(vec![1, 2, 3, 4]))),
                ColumnarValue::Array(Arc::new(usage)),
            ],
            4,
        );
        let expected = Float64Array::from(vec![Some(100.0), Some(400.0), None, Some(0.0)]);
        let answer = answer.unwrap().into_array(4).unwrap();
        assert_eq!(answer.as_primitive::<Float64Type>(), &expected);
    }

    #[test]
    fn constants_give_a_constant() {
        let text =
            |minor: ScalarValue| match call("money_text", &[constant(minor), constant("usd")], 7)
                .unwrap()
            {
                ColumnarValue::Scalar(ScalarValue::Utf8(text)) => text,
                other => panic!("{other:?}"),
            };
        assert_eq!(text(4900i64.into()).as_deref(), Some("49.00"));
        assert_eq!(text(i64::MAX.into()).as_deref(), Some("92233720368547758.07"));
        assert_eq!(text(ScalarValue::UInt8(Some(7))).as_deref(), Some("0.07"));
        assert_eq!(text(ScalarValue::Float64(Some(-0.5))).as_deref(), Some("-0.01"));
        assert_eq!(text(ScalarValue::Float64(Some(f64::NAN))), None);
        assert_eq!(text(ScalarValue::Decimal128(Some(12345), 10, 1)).as_deref(), Some("12.35"));
        assert_eq!(text(ScalarValue::Null), None);
    }

    #[test]
    fn what_does_not_fit_does_not_plan() {
        let message =
            |arguments: &[_]| call("monthly_minor", arguments, 1).unwrap_err().to_string();
        let few = message(&[constant("1"), constant("month")]);
        assert!(few.contains("monthly_minor takes 4 to 9 arguments, not 2"), "{few}");
        let odd = message(&[constant(true), constant("month"), constant(1i64), constant(1i64)]);
        assert!(odd.contains("unit_amount_decimal of monthly_minor is decimal text"), "{odd}");
        let float = message(&[constant(0.1), constant("month"), constant(1i64), constant(1i64)]);
        assert!(float.contains("not Float64"), "{float}");
    }

    #[test]
    fn an_unknown_policy_is_an_error() {
        let arguments = [constant(4900.0), constant("[]"), constant("forevr")];
        let error = call("discounted_minor", &arguments, 1).unwrap_err().to_string();
        assert!(error.contains("no policy `forevr`, only none, forever, all"), "{error}");
    }
}
