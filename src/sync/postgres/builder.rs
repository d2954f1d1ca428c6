//! A column of a landed table while its rows come.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder,
    Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::DataType;

use super::value::Value;

/// One column, of one of the types that columns become.
pub enum Builder {
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Decimal(Decimal128Builder, i8),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Date(Date32Builder),
    Time(TimestampMicrosecondBuilder),
}

impl Builder {
    pub fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Builder::Bool(BooleanBuilder::new()),
            DataType::Int64 => Builder::Int(Int64Builder::new()),
            DataType::Float64 => Builder::Float(Float64Builder::new()),
            DataType::Decimal128(_, scale) => {
                Builder::Decimal(Decimal128Builder::new().with_data_type(data_type.clone()), *scale)
            }
            DataType::Binary => Builder::Bytes(BinaryBuilder::new()),
            DataType::Date32 => Builder::Date(Date32Builder::new()),
            DataType::Timestamp(..) => {
                Builder::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
            _ => Builder::Text(StringBuilder::new()),
        }
    }

    /// Adds a value, or NULL and the reason; gives the bytes that it takes.
    pub fn push(&mut self, value: &Value<'_>) -> Result<usize, String> {
        match (&mut *self, value) {
            (Builder::Bool(column), Value::Bool(value)) => column.append_value(*value),
            (Builder::Int(column), Value::Int(value)) => column.append_value(*value),
            (Builder::Float(column), Value::Float(value)) => column.append_value(*value),
            (Builder::Date(column), Value::Date(days)) => column.append_value(*days),
            (Builder::Time(column), Value::Time(at, _)) => column.append_value(*at),
            (Builder::Bytes(column), Value::Bytes(bytes)) => {
                column.append_value(bytes);
                return Ok(bytes.len());
            }
            (Builder::Decimal(column, scale), Value::Number(digits)) => {
                let value = decimal(digits, *scale);
                column.append_option(value);
                if value.is_none() {
                    return Err(format!("{digits} does not fit its type"));
                }
            }
            (Builder::Text(column), Value::Text(text)) => {
                column.append_value(text);
                return Ok(text.len());
            }
            (Builder::Text(column), Value::Json(_)) => {
                let mut json = String::new();
                value.write_json(&mut json);
                column.append_value(&json);
                return Ok(json.len());
            }
            (Builder::Text(column), Value::Number(digits)) => column.append_value(digits),
            (_, Value::Null) => self.push_null(),
            (_, other) => {
                self.push_null();
                let text = other.text().unwrap_or_default().into_owned();
                return Err(format!("{text} does not fit its type"));
            }
        }
        Ok(8)
    }

    fn push_null(&mut self) {
        match self {
            Builder::Bool(column) => column.append_null(),
            Builder::Int(column) => column.append_null(),
            Builder::Float(column) => column.append_null(),
            Builder::Decimal(column, _) => column.append_null(),
            Builder::Text(column) => column.append_null(),
            Builder::Bytes(column) => column.append_null(),
            Builder::Date(column) => column.append_null(),
            Builder::Time(column) => column.append_null(),
        }
    }

    pub fn finish(&mut self) -> ArrayRef {
        match self {
            Builder::Bool(column) => Arc::new(column.finish()),
            Builder::Int(column) => Arc::new(column.finish()),
            Builder::Float(column) => Arc::new(column.finish()),
            Builder::Decimal(column, _) => Arc::new(column.finish()),
            Builder::Text(column) => Arc::new(column.finish()),
            Builder::Bytes(column) => Arc::new(column.finish()),
            Builder::Date(column) => Arc::new(column.finish()),
            Builder::Time(column) => Arc::new(column.finish()),
        }
    }
}

/// The digits without their point; they have as many behind it as their type declares.
fn decimal(digits: &str, scale: i8) -> Option<i128> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scale = usize::try_from(scale).ok()?;
    (fraction.len() <= scale).then_some(())?;
    let value: i128 = format!("{whole}{fraction:0<scale$}").parse().ok()?;
    (value.unsigned_abs() < 10_u128.pow(38)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal("12.34", 2), Some(1234));
        assert_eq!(decimal("-0.5", 4), Some(-5000));
        assert_eq!(decimal("7", 2), Some(700));
        assert_eq!(decimal("1.234", 2), None);
        assert_eq!(decimal("NaN", 2), None);
        assert_eq!(decimal(&"9".repeat(39), 0), None);
    }
}
