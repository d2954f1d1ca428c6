//! What an argument of a row function may be, and what it is cast to.

use arrow::datatypes::DataType;
use datafusion_common::types::NativeType;

/// A name of an argument and the values it takes. Other types than these do not plan.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text of any encoding.
    Text,
    /// Text, or a number that has an exact text.
    Decimal,
    /// Any integer, read as Int64.
    Integer,
    /// An integer, read as Int64, or another number, read as Float64.
    Number,
    /// Any number, read as Float64.
    Float,
    Flag,
}

impl Kind {
    /// The type an argument is cast to; `None` if the parameter does not take it.
    pub(super) fn coerced(self, given: &DataType) -> Option<DataType> {
        let native = NativeType::from(given);
        let is_null = native == NativeType::Null;
        match self {
            Self::Text | Self::Decimal if native == NativeType::String => Some(match given {
                DataType::LargeUtf8 | DataType::Utf8View => given.clone(),
                _ => DataType::Utf8,
            }),
            Self::Text if is_null => Some(DataType::Utf8),
            Self::Decimal if is_null || native.is_integer() || native.is_decimal() => {
                Some(DataType::Utf8)
            }
            Self::Integer | Self::Number if is_null || native.is_integer() => Some(DataType::Int64),
            Self::Number | Self::Float if is_null || native.is_numeric() => Some(DataType::Float64),
            Self::Flag if is_null || native == NativeType::Boolean => Some(DataType::Boolean),
            _ => None,
        }
    }

    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Decimal => "decimal text, an integer or a decimal",
            Self::Integer => "an integer",
            Self::Number | Self::Float => "a number",
            Self::Flag => "a boolean",
        }
    }
}
