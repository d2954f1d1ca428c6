//! The columns of a relation: how each is asked for, and what it becomes in the lake.

use std::fmt::Write;

use arrow::datatypes::DataType;
use tokio_postgres::types::{Kind, Type};

use super::value::Form;
use crate::sync::stripe::time_type;

/// Digits that a decimal of the lake can hold.
const DIGITS: i32 = 38;

/// One selected column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// The type, as people write it.
    pub declared: String,
    pub form: Form,
    /// The expression that is selected.
    pub sql: String,
    /// Digits behind the point, of a numeric that declares them.
    scale: Option<i8>,
    /// Read from inside another column.
    pub is_inside: bool,
}

impl Column {
    pub fn new(column: &tokio_postgres::Column) -> Self {
        let (name, kind) = (column.name(), column.type_());
        let own = quoted(name);
        let (form, sql) = match form(kind) {
            Some(form) => (form, own),
            None => match kind.kind() {
                Kind::Array(_) | Kind::Composite(_) => (Form::Jsonb, format!("to_jsonb({own})")),
                // Labels of enums, and whatever else has a text.
                _ => (Form::Text, format!("{own}::text")),
            },
        };
        let scale = (form == Form::Numeric).then(|| scale(column.type_modifier())).flatten();
        Self { name: name.to_owned(), declared: declared(kind), form, sql, scale, is_inside: false }
    }

    /// The text at a path inside a column of JSON, or the document there.
    pub fn inside(column: &Column, path: &[&str], is_document: bool) -> Self {
        let mut list = String::new();
        for (place, step) in path.iter().enumerate() {
            let step = step.replace('\\', "\\\\").replace('"', "\\\"").replace('\'', "''");
            let _ = write!(list, "{}\"{step}\"", if place > 0 { "," } else { "" });
        }
        let (form, operator) = match is_document {
            true => (Form::Jsonb, "#>"),
            false => (Form::Text, "#>>"),
        };
        Self {
            name: format!("{}.{}", column.name, path.join(".")),
            declared: format!("inside {}", column.declared),
            form,
            sql: format!("({}::jsonb {operator} '{{{list}}}')", quoted(&column.name)),
            scale: None,
            is_inside: true,
        }
    }

    /// What a table of the lake keeps it as.
    pub fn data_type(&self) -> DataType {
        match self.form {
            Form::Bool => DataType::Boolean,
            Form::Int2 | Form::Int4 | Form::Int8 => DataType::Int64,
            Form::Float4 | Form::Float8 => DataType::Float64,
            Form::Numeric => match self.scale {
                Some(scale) => DataType::Decimal128(DIGITS as u8, scale),
                None => DataType::Utf8,
            },
            Form::Text | Form::Uuid | Form::Json | Form::Jsonb => DataType::Utf8,
            Form::Bytea => DataType::Binary,
            Form::Date => DataType::Date32,
            Form::Timestamp | Form::Timestamptz => time_type(),
        }
    }

    /// What it becomes, for people.
    pub fn becomes(&self) -> String {
        match (self.form, self.data_type()) {
            (_, DataType::Boolean) => "boolean".to_owned(),
            (_, DataType::Int64) => "bigint".to_owned(),
            (_, DataType::Float64) => "double".to_owned(),
            (_, DataType::Decimal128(digits, scale)) => format!("decimal({digits}, {scale})"),
            (Form::Numeric, _) => "text, all digits".to_owned(),
            (Form::Json | Form::Jsonb, _) => "text, JSON".to_owned(),
            (_, DataType::Binary) => "binary".to_owned(),
            (_, DataType::Date32) => "date".to_owned(),
            (Form::Timestamp, _) => "timestamp, as UTC".to_owned(),
            (Form::Timestamptz, _) => "timestamp, UTC".to_owned(),
            _ => "text".to_owned(),
        }
    }

    pub fn is_json(&self) -> bool {
        matches!(self.form, Form::Json | Form::Jsonb)
    }

    pub fn is_time(&self) -> bool {
        matches!(self.form, Form::Date | Form::Timestamp | Form::Timestamptz)
    }

    pub fn is_whole_number(&self) -> bool {
        matches!(self.form, Form::Int2 | Form::Int4 | Form::Int8)
    }
}

/// A name as SQL has it, whatever it is made of.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The types whose binary form is read.
fn form(kind: &Type) -> Option<Form> {
    Some(match *kind {
        Type::BOOL => Form::Bool,
        Type::INT2 => Form::Int2,
        Type::INT4 => Form::Int4,
        Type::INT8 => Form::Int8,
        Type::FLOAT4 => Form::Float4,
        Type::FLOAT8 => Form::Float8,
        Type::NUMERIC => Form::Numeric,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => Form::Text,
        Type::UUID => Form::Uuid,
        Type::DATE => Form::Date,
        Type::TIMESTAMP => Form::Timestamp,
        Type::TIMESTAMPTZ => Form::Timestamptz,
        Type::JSON => Form::Json,
        Type::JSONB => Form::Jsonb,
        Type::BYTEA => Form::Bytea,
        _ => return None,
    })
}

fn declared(kind: &Type) -> String {
    match kind.kind() {
        Kind::Array(element) => format!("{}[]", element.name()),
        Kind::Enum(_) => format!("{} (enum)", kind.name()),
        _ => kind.name().to_owned(),
    }
}

/// The digits behind the point that a numeric's modifier declares, if the lake can hold it.
fn scale(modifier: i32) -> Option<i8> {
    let packed = modifier.checked_sub(4).filter(|packed| *packed >= 0)?;
    let precision = packed >> 16;
    // Eleven bits with a sign.
    let scale = ((packed & 0x7FF) ^ 0x400) - 0x400;
    let fits = (0..=DIGITS).contains(&scale) && precision <= DIGITS && precision >= scale;
    fits.then_some(scale as i8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_digits_are_kept() {
        let modifier = |precision: i32, scale: i32| ((precision << 16) | (scale & 0x7FF)) + 4;
        assert_eq!(scale(-1), None);
        assert_eq!(scale(modifier(10, 2)), Some(2));
        assert_eq!(scale(modifier(38, 0)), Some(0));
        assert_eq!(scale(modifier(50, 2)), None);
        assert_eq!(scale(modifier(3, -2)), None);
    }

    #[test]
    fn paths_are_quoted() {
        let payload = Column {
            name: "pay\"load".into(),
            declared: "jsonb".into(),
            form: Form::Jsonb,
            sql: String::new(),
            scale: None,
            is_inside: false,
        };
        let inside = Column::inside(&payload, &["user", "it's"], false);
        assert_eq!(inside.sql, r#"("pay""load"::jsonb #>> '{"user","it''s"}')"#);
    }
}
