//! Rows of one resource on their way into a RecordBatch.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Int64Builder, ListArray, NullBufferBuilder,
    RecordBatch, StringArray, StringBuilder, StructArray, TimestampMicrosecondArray,
    TimestampMicrosecondBuilder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::SchemaRef;

use super::column::{Extraction, Kind, Place, Value, element_field, element_fields};
use super::object::{EMBEDDED, Origin};
use super::resources::{Resource, schema};
use crate::error::Result;
use crate::sync::json::Json;
use crate::sync::report::Fault;

/// The version of an object that a row keeps.
pub struct Version<'a> {
    pub key: [u8; 16],
    pub id: &'a str,
    pub known_from: Option<i64>,
    /// When the source said so; `None` if it says so of all time.
    pub observed_at: Option<i64>,
    pub landed_at: i64,
    pub deleted: bool,
    /// `list`, `event` or `embedded`.
    pub source: &'static str,
    pub event_id: Option<&'a str>,
    pub event_type: Option<&'a str>,
    pub api_version: Option<&'a str>,
    pub livemode: Option<bool>,
    pub previous_attributes: Option<String>,
    pub raw: &'a str,
}

/// The rows of one log table.
pub struct Rows {
    pub resource: &'static Resource,
    schema: SchemaRef,
    columns: Vec<(Extraction, Cells)>,
    common: Common,
    /// Bytes of `raw` in the batch before: memory that grows is moved again and again.
    expected: usize,
    /// Row of each version, in the batch, for [`Rows::merge`].
    rows: HashMap<[u8; 16], usize>,
}

#[derive(Default)]
struct Common {
    key: BinaryBuilder,
    id: StringBuilder,
    known_from: Vec<Option<i64>>,
    observed_at: Vec<Option<i64>>,
    landed_at: Vec<i64>,
    deleted: BooleanBuilder,
    source: Vec<&'static str>,
    event_id: StringBuilder,
    event_type: StringBuilder,
    api_version: StringBuilder,
    livemode: BooleanBuilder,
    previous_attributes: StringBuilder,
    raw: StringBuilder,
}

impl Rows {
    pub fn new(resource: &'static Resource) -> Self {
        let columns = Extraction::all(resource.columns).into_iter();
        Self {
            resource,
            schema: schema(resource),
            columns: columns.map(|e| (Cells::new(&e), e)).map(|(cells, e)| (e, cells)).collect(),
            common: Common::default(),
            expected: 0,
            rows: HashMap::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.common.observed_at.len()
    }

    /// The time of the latest thing that happened to the object until `landed_at`, µs.
    pub fn latest_fact(&self, object: &Json<'_>, landed_at: i64) -> Option<i64> {
        let place = Place { json: object, outer: None, position: 0 };
        let facts = self.columns.iter().filter(|(extraction, _)| extraction.column.is_fact);
        facts
            .filter_map(|(extraction, _)| match extraction.value(place) {
                Ok(Value::Int(micros)) => Some(micros),
                _ => None,
            })
            .filter(|&micros| micros <= landed_at)
            .max()
    }

    /// True if the batch holds the version already: its row then keeps the earliest time of
    /// observation, and what a list says about itself counts more than a copy inside a carrier.
    pub fn merge(&mut self, key: &[u8; 16], origin: &Origin<'_>, observed_at: i64) -> bool {
        let Some(&row) = self.rows.get(key) else { return false };
        let common = &mut self.common;
        common.observed_at[row] = common.observed_at[row].map(|known| known.min(observed_at));
        if common.source[row] == EMBEDDED && origin.source != EMBEDDED {
            common.source[row] = origin.source;
            common.known_from[row] = origin.known_from;
        }
        true
    }

    /// Adds a row. Fields that cannot be read are NULL.
    pub fn push(&mut self, object: &Json<'_>, version: Version<'_>, faults: &mut Vec<Fault>) {
        let place = Place { json: object, outer: None, position: 0 };
        for (extraction, cells) in &mut self.columns {
            cells.push(extraction, place, faults);
        }
        let common = &mut self.common;
        if common.observed_at.is_empty() {
            common.raw = StringBuilder::with_capacity(0, self.expected);
        }
        self.rows.insert(version.key, common.observed_at.len());
        common.key.append_value(version.key);
        common.id.append_value(version.id);
        common.known_from.push(version.known_from);
        common.observed_at.push(version.observed_at);
        common.landed_at.push(version.landed_at);
        common.deleted.append_value(version.deleted);
        common.source.push(version.source);
        common.event_id.append_option(version.event_id);
        common.event_type.append_option(version.event_type);
        common.api_version.append_option(version.api_version);
        common.livemode.append_option(version.livemode);
        common.previous_attributes.append_option(version.previous_attributes);
        common.raw.append_value(version.raw);
    }

    /// The batch, and empty rows to go on with.
    pub fn finish(&mut self) -> Result<RecordBatch> {
        self.rows.clear();
        let common = &mut self.common;
        let raw = common.raw.values_slice().len();
        self.expected = raw + raw / 8;
        let landed_at = TimestampMicrosecondArray::from(std::mem::take(&mut common.landed_at));
        let observed_at = TimestampMicrosecondArray::from(std::mem::take(&mut common.observed_at));
        let known_from = TimestampMicrosecondArray::from(std::mem::take(&mut common.known_from));
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(common.key.finish()),
            Arc::new(common.id.finish()),
            Arc::new(known_from.with_timezone("UTC")),
            Arc::new(observed_at.with_timezone("UTC")),
            Arc::new(landed_at.with_timezone("UTC")),
            Arc::new(common.deleted.finish()),
            Arc::new(StringArray::from(std::mem::take(&mut common.source))),
            Arc::new(common.event_id.finish()),
            Arc::new(common.event_type.finish()),
            Arc::new(common.api_version.finish()),
            Arc::new(common.livemode.finish()),
            Arc::new(common.previous_attributes.finish()),
            Arc::new(common.raw.finish()),
        ];
        for (extraction, cells) in &mut self.columns {
            arrays.push(cells.finish(extraction)?);
        }
        Ok(RecordBatch::try_new(self.schema.clone(), arrays)?)
    }
}

/// The cells of one column.
enum Cells {
    Time(TimestampMicrosecondBuilder),
    Int(Int64Builder),
    Bool(BooleanBuilder),
    Text(StringBuilder),
    List { offsets: Vec<i32>, nulls: NullBufferBuilder, children: Vec<Cells> },
}

impl Cells {
    fn new(extraction: &Extraction) -> Self {
        match extraction.column.kind {
            Kind::Time => Cells::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            Kind::Int | Kind::Whole | Kind::Position => Cells::Int(Int64Builder::new()),
            Kind::Bool => Cells::Bool(BooleanBuilder::new()),
            Kind::Text | Kind::Id | Kind::Decimal | Kind::Json => Cells::Text(StringBuilder::new()),
            Kind::List(_) => Cells::List {
                offsets: vec![0],
                nulls: NullBufferBuilder::new(0),
                children: extraction.children.iter().map(Cells::new).collect(),
            },
        }
    }

    /// Adds the cell of one object.
    fn push(&mut self, extraction: &Extraction, place: Place<'_, '_>, faults: &mut Vec<Fault>) {
        if let Cells::List { offsets, nulls, children } = self {
            let elements = extraction.elements(place).unwrap_or_else(|(path, why)| {
                faults.push((path.to_owned(), why));
                None
            });
            nulls.append(elements.is_some());
            let elements = elements.unwrap_or_default().iter().enumerate();
            let mut count = 0;
            for (position, element) in elements.filter(|(_, element)| **element != Json::Null) {
                let before = faults.len();
                let inner = Place { json: element, outer: Some(place.json), position };
                for (child, cells) in extraction.children.iter().zip(children.iter_mut()) {
                    cells.push(child, inner, faults);
                }
                for (field, _) in &mut faults[before..] {
                    *field = format!("{}[{position}].{field}", extraction.column.name);
                }
                count += 1;
            }
            let last = offsets.last().copied().unwrap_or_default();
            offsets.push(last + count);
            return;
        }
        let value = extraction.value(place).unwrap_or_else(|(path, why)| {
            faults.push((path.to_owned(), why));
            Value::Null
        });
        match (self, value) {
            (Cells::Time(cells), Value::Int(micros)) => cells.append_value(micros),
            (Cells::Time(cells), _) => cells.append_null(),
            (Cells::Int(cells), Value::Int(value)) => cells.append_value(value),
            (Cells::Int(cells), _) => cells.append_null(),
            (Cells::Bool(cells), Value::Bool(value)) => cells.append_value(value),
            (Cells::Bool(cells), _) => cells.append_null(),
            (Cells::Text(cells), Value::Text(value)) => cells.append_value(value),
            (Cells::Text(cells), _) => cells.append_null(),
            (Cells::List { .. }, _) => {}
        }
    }

    fn finish(&mut self, extraction: &Extraction) -> Result<ArrayRef> {
        Ok(match self {
            Cells::Time(cells) => Arc::new(cells.finish()),
            Cells::Int(cells) => Arc::new(cells.finish()),
            Cells::Bool(cells) => Arc::new(cells.finish()),
            Cells::Text(cells) => Arc::new(cells.finish()),
            Cells::List { offsets, nulls, children } => {
                let Kind::List(columns) = extraction.column.kind else {
                    return Err(crate::error::Error::new("a list column without elements"));
                };
                let pairs = extraction.children.iter().zip(children);
                let arrays = pairs.map(|(child, cells)| cells.finish(child));
                let arrays = arrays.collect::<Result<Vec<_>>>()?;
                let structs = StructArray::try_new(element_fields(columns), arrays, None)?;
                let offsets = OffsetBuffer::new(std::mem::replace(offsets, vec![0]).into());
                Arc::new(ListArray::try_new(
                    element_field(columns),
                    offsets,
                    Arc::new(structs),
                    nulls.finish(),
                )?)
            }
        })
    }
}
