//! JSON: arrow's writer, with every key present and unions as the value they hold.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, AsArray, UnionArray};
use arrow::datatypes::{DataType, FieldRef};
use arrow::error::ArrowError;
use arrow::json::WriterBuilder;
use arrow::json::writer::{
    Encoder, EncoderFactory, EncoderOptions, JsonFormat, NullableEncoder, make_encoder,
};

pub fn writer<W: Write, F: JsonFormat>(out: W) -> arrow::json::Writer<W, F> {
    WriterBuilder::new()
        .with_explicit_nulls(true)
        .with_encoder_factory(Arc::new(UnionValues))
        .build(out)
}

pub fn options() -> EncoderOptions {
    EncoderOptions::default().with_explicit_nulls(true).with_encoder_factory(Arc::new(UnionValues))
}

/// One array, one object a line.
#[derive(Debug, Default)]
pub struct ArrayOfLines;

impl JsonFormat for ArrayOfLines {
    fn start_stream<W: Write>(&self, out: &mut W) -> Result<(), ArrowError> {
        Ok(out.write_all(b"[")?)
    }

    fn start_row<W: Write>(&self, out: &mut W, is_first_row: bool) -> Result<(), ArrowError> {
        if !is_first_row {
            out.write_all(b",\n ")?;
        }
        Ok(())
    }

    fn end_stream<W: Write>(&self, out: &mut W) -> Result<(), ArrowError> {
        Ok(out.write_all(b"]\n")?)
    }
}

/// `json_get` and its kin answer unions: text, number, truth in one column.
#[derive(Debug)]
struct UnionValues;

impl EncoderFactory for UnionValues {
    fn make_default_encoder<'a>(
        &self,
        _field: &'a FieldRef,
        array: &'a dyn Array,
        options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let DataType::Union(fields, _) = array.data_type() else { return Ok(None) };
        let union = array.as_union();
        let children = fields
            .iter()
            .map(|(id, field)| Ok((id, make_encoder(field, union.child(id), options)?)))
            .collect::<Result<_, ArrowError>>()?;
        let encoder = UnionEncoder { union, children };
        Ok(Some(NullableEncoder::new(Box::new(encoder), union.logical_nulls())))
    }
}

struct UnionEncoder<'a> {
    union: &'a UnionArray,
    children: Vec<(i8, NullableEncoder<'a>)>,
}

impl Encoder for UnionEncoder<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let id = self.union.type_id(row);
        let offset = self.union.value_offset(row);
        match self.children.iter_mut().find(|(child, _)| *child == id) {
            Some((_, child)) if !child.is_null(offset) => child.encode(offset, out),
            _ => out.extend_from_slice(b"null"),
        }
    }
}
