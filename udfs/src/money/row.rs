//! Functions of the values of one row as SQL functions, with arguments that may be left out.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion_common::{Result, ScalarValue, internal_err};
use datafusion_expr::{
    Coercion, ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature,
    TypeSignature, Volatility,
};

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
    signature: Signature,
    documentation: Documentation,
}

impl RowFunction {
    /// `forms` are the lists of arguments that the function takes, the best fit first. Every
    /// argument ends up as text (of any encoding but a dictionary), Int64, Float64 or Boolean.
    pub(super) fn new(
        name: &'static str,
        body: Body,
        forms: Vec<Vec<Coercion>>,
        documentation: Documentation,
    ) -> Self {
        let forms = forms.into_iter().map(TypeSignature::Coercible).collect();
        let signature = Signature::one_of(forms, Volatility::Immutable);
        Self { name, body, signature, documentation }
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
