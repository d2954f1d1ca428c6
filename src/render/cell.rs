//! One value as text: times without noise, nested values as compact JSON.

use std::fmt::Write;
use std::sync::LazyLock;

use arrow::array::{Array, AsArray, UnionArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, FieldRef};
use arrow::json::writer::{EncoderOptions, NullableEncoder, make_encoder};
use arrow::util::display::{ArrayFormatter, DurationFormat, FormatOptions};

use super::json;
use crate::error::{Error, Result};

/// Who reads the text: a person, or a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// `2025-09-01 12:00:00`
    Person,
    /// `2025-09-01T12:00:00Z`
    Program,
}

/// The values of one column.
pub struct Cells<'a> {
    nulls: Option<NullBuffer>,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Flat(ArrayFormatter<'a>),
    Nested(NullableEncoder<'a>, Vec<u8>),
    Union(&'a UnionArray, Vec<(i8, Cells<'a>)>),
}

static JSON: LazyLock<EncoderOptions> = LazyLock::new(json::options);

impl<'a> Cells<'a> {
    pub fn new(field: &'a FieldRef, array: &'a dyn Array, reader: Reader) -> Result<Self> {
        let nulls = array.logical_nulls();
        let kind = match array.data_type() {
            DataType::Union(fields, _) => {
                let union = array.as_union();
                let children = fields.iter().map(|(id, field)| {
                    Cells::new(field, union.child(id), reader).map(|cells| (id, cells))
                });
                Kind::Union(union, children.collect::<Result<_>>()?)
            }
            data_type if data_type.is_nested() => {
                Kind::Nested(make_encoder(field, array, &JSON)?, Vec::new())
            }
            data_type => {
                Kind::Flat(ArrayFormatter::try_new(array, &flat_options(data_type, reader))?)
            }
        };
        Ok(Self { nulls, kind })
    }

    /// Replaces `text` with the row's value. False: the value is NULL and `text` is empty.
    pub fn read(&mut self, row: usize, text: &mut String) -> Result<bool> {
        text.clear();
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(false);
        }
        match &mut self.kind {
            Kind::Flat(formatter) => write!(text, "{}", formatter.value(row))
                .map_err(|_| Error::new(format!("row {row} holds a value that has no text")))?,
            Kind::Nested(encoder, buffer) => {
                buffer.clear();
                encoder.encode(row, buffer);
                text.push_str(&String::from_utf8_lossy(buffer));
            }
            Kind::Union(union, children) => {
                let id = union.type_id(row);
                let Some((_, cells)) = children.iter_mut().find(|(child, _)| *child == id) else {
                    return Ok(false);
                };
                return cells.read(union.value_offset(row), text);
            }
        }
        Ok(true)
    }
}

fn flat_options(data_type: &DataType, reader: Reader) -> FormatOptions<'static> {
    const MOMENT: &str = "%Y-%m-%d %H:%M:%S%.f";
    const MOMENT_AND_ZONE: &str = "%Y-%m-%d %H:%M:%S%.f %:z";
    let options =
        FormatOptions::new().with_display_error(true).with_duration_format(DurationFormat::Pretty);
    if reader == Reader::Program {
        return options;
    }
    let zoned = match data_type {
        DataType::Timestamp(_, Some(zone)) if !is_utc(zone) => MOMENT_AND_ZONE,
        _ => MOMENT,
    };
    options
        .with_timestamp_format(Some(MOMENT))
        .with_timestamp_tz_format(Some(zoned))
        .with_datetime_format(Some("%Y-%m-%d %H:%M:%S"))
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Z" | "Etc/UTC" | "+00:00" | "+0000" | "+00")
}

/// Whether values are read from the right: all numbers, also inside a dictionary.
pub fn is_number(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => values.is_numeric(),
        other => other.is_numeric(),
    }
}

/// Whether a shortened value would lie: `1234…` and `2025-0…` are other values than meant.
pub fn is_whole(data_type: &DataType) -> bool {
    is_number(data_type) || data_type.is_temporal() || *data_type == DataType::Boolean
}
