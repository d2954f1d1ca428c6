//! A table that lands as it is: every version of every row, told apart by what it says.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::builder::Builder;
use super::column::Column;
use super::events::key_text;
use super::latest::Latest;
use super::plan::Plan;
use super::tally::Tally;
use super::value::{Form, Value};
use super::{EVENTS, LOG};
use crate::error::{Error, Result};
use crate::lake::{Lake, TableSpec};
use crate::sync::journal::key;
use crate::sync::report::Refusal;
use crate::sync::stripe::time_type;
use crate::time::DAY_US;

/// Columns that tell of the version, in front of the table's own.
pub const OF_THE_VERSION: [&str; 7] =
    ["key", "row_id", "known_from", "observed_at", "landed_at", "deleted", "content_hash"];

/// The name of a table's own column in the lake.
pub fn own_name(name: &str) -> String {
    match OF_THE_VERSION.contains(&name) {
        true => format!("{name}_"),
        false => name.to_owned(),
    }
}

/// The declaration of a table whose own columns are these.
pub fn spec(lake_table: &str, own: &[Field]) -> TableSpec {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let time = |name| Field::new(name, time_type(), true);
    let mut fields = vec![
        Field::new("key", DataType::Binary, false),
        text("row_id"),
        time("known_from"),
        time("observed_at"),
        time("landed_at"),
        Field::new("deleted", DataType::Boolean, true),
        Field::new("content_hash", DataType::Binary, true),
    ];
    fields.extend(own.iter().cloned());
    TableSpec {
        name: lake_table.to_owned(),
        schema: Arc::new(Schema::new(fields)),
        time_column: Some("known_from".to_owned()),
        repeats_within: None,
        split_by_time: false,
        sort_by: vec!["row_id".to_owned(), "known_from".to_owned()],
        marking: None,
    }
}

/// Every table that has landed as it is, whether or not an entry names it today.
pub async fn specs(lake: &Lake) -> Result<Vec<TableSpec>> {
    let mut specs = vec![];
    for name in lake.tables_in(LOG).await?.into_iter().filter(|name| name != EVENTS) {
        let Some(stored) = lake.stored_schema(&name).await? else { continue };
        let own = stored.fields().iter().filter(|field| is_own(field));
        let own: Vec<Field> = own.map(|field| field.as_ref().clone()).collect();
        specs.push(spec(&name, &own));
    }
    Ok(specs)
}

fn is_own(field: &Field) -> bool {
    !OF_THE_VERSION.contains(&field.name().as_str())
}

/// The fields of a relation's columns.
pub fn own_fields(columns: &[Column]) -> Vec<Field> {
    let own = columns.iter();
    own.map(|column| Field::new(own_name(&column.name), column.data_type(), true)).collect()
}

/// The declaration that adds a relation's columns to those that have landed. Fails where one has
/// another type now.
pub fn grown(plan: &Plan, lake_table: &str, stored: Option<&SchemaRef>) -> Result<TableSpec> {
    let mut own = own_fields(&plan.columns);
    let Some(stored) = stored else { return Ok(spec(lake_table, &own)) };
    for known in stored.fields().iter().filter(|field| is_own(field)) {
        match own.iter().position(|field| field.name() == known.name()) {
            None => own.push(known.as_ref().clone()),
            Some(place) if own[place].data_type() != known.data_type() => {
                let column = &plan.columns[place];
                return Err(Error::new(format!(
                    "{}: column {} is {} now, which becomes {}, and landed as {} before",
                    plan.label,
                    column.name,
                    column.declared,
                    column.becomes(),
                    known.data_type()
                ))
                .hint(
                    "a landed column keeps its type: give the source a new name, which reads the \
                     table anew, or read it by a query that converts the column",
                ));
            }
            Some(_) => {}
        }
    }
    Ok(spec(lake_table, &own))
}

/// Columns that have landed and are no longer there.
pub fn dropped(plan: &Plan, stored: Option<&SchemaRef>) -> Vec<String> {
    let stored = stored.into_iter().flat_map(|schema| schema.fields().iter());
    let is_gone = |name: &String| plan.columns.iter().all(|column| own_name(&column.name) != *name);
    let own = stored.filter(|field| is_own(field)).map(|field| field.name());
    own.filter(|name| is_gone(name)).cloned().collect()
}

/// Rows on their way to one landed table.
pub struct Versions {
    schema: SchemaRef,
    /// In the order of the plan's columns.
    own: Vec<Builder>,
    keys: BinaryBuilder,
    ids: StringBuilder,
    known_from: Vec<i64>,
    contents: BinaryBuilder,
    /// Places of the columns, by name: the order of columns is no content.
    by_name: Vec<usize>,
    observed_at: i64,
    landed_at: i64,
    pub latest: Latest,
    bytes: usize,
    json: String,
}

impl Versions {
    pub fn new(plan: &Plan, spec: &TableSpec, latest: Latest, landed_at: i64) -> Self {
        let mut by_name: Vec<usize> = (0..plan.columns.len()).collect();
        by_name.sort_by(|a, b| plan.columns[*a].name.cmp(&plan.columns[*b].name));
        Self {
            schema: Arc::clone(&spec.schema),
            own: plan.columns.iter().map(|column| Builder::new(&column.data_type())).collect(),
            keys: BinaryBuilder::new(),
            ids: StringBuilder::new(),
            known_from: vec![],
            contents: BinaryBuilder::new(),
            by_name,
            observed_at: landed_at,
            landed_at,
            latest,
            bytes: 0,
            json: String::new(),
        }
    }

    /// What follows was so at this moment of the server, µs.
    pub fn observe(&mut self, at: i64) {
        self.observed_at = at;
    }

    pub fn len(&self) -> usize {
        self.known_from.len()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a row if it says something new.
    pub fn push(&mut self, plan: &Plan, values: &[Value<'_>], tally: &mut Tally) -> Result<()> {
        let Some(id) = key_text(plan, values) else {
            tally.reject(None, Refusal::of(&plan.columns[plan.key[0]].name, "no key: it is NULL"));
            return Ok(());
        };
        let content = self.content(plan, values);
        let changed_at =
            plan.cursor.and_then(|place| changed_at(&plan.columns[place], &values[place]));
        let Some(known_from) = self.latest.see(&id, content, changed_at, self.observed_at) else {
            return Ok(());
        };
        self.keys.append_value(key(&[id.as_bytes(), &content, &known_from.to_le_bytes()]));
        self.bytes += id.len() + 64;
        self.ids.append_value(&id);
        self.known_from.push(known_from);
        self.contents.append_value(content);
        for ((own, column), value) in self.own.iter_mut().zip(&plan.columns).zip(values) {
            match own.push(value) {
                Ok(bytes) => self.bytes += bytes,
                Err(why) => tally.unread(Some(&id), &column.name, why),
            }
        }
        Ok(())
    }

    /// 128 bits over what the row says; a column that is NULL is as good as none.
    fn content(&mut self, plan: &Plan, values: &[Value<'_>]) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        for &place in self.by_name.iter().filter(|place| values[**place] != Value::Null) {
            self.json.clear();
            values[place].write_json(&mut self.json);
            for part in [&plan.columns[place].name, &self.json] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part.as_bytes());
            }
        }
        crate::sync::stripe::first_128(&hasher)
    }

    /// The rows so far, if there are any.
    pub fn finish(&mut self) -> Result<Option<RecordBatch>> {
        self.bytes = 0;
        if self.len() == 0 {
            return Ok(None);
        }
        let known_from = std::mem::take(&mut self.known_from);
        let contents: ArrayRef = Arc::new(self.contents.finish());
        let mut columns = self.of_the_version(known_from, false, contents);
        columns.extend(self.own.iter_mut().map(Builder::finish));
        self.batch(columns).map(Some)
    }

    /// Versions that end rows: they were there before and are not any more.
    pub fn tombstones(&mut self, ids: &[String]) -> Result<Option<RecordBatch>> {
        if ids.is_empty() {
            return Ok(None);
        }
        for id in ids {
            let at = self.observed_at.to_le_bytes();
            self.keys.append_value(key(&[id.as_bytes(), b"deleted", &at]));
            self.ids.append_value(id);
        }
        let nothing = arrow::array::new_null_array(&DataType::Binary, ids.len());
        let columns = self.of_the_version(vec![self.observed_at; ids.len()], true, nothing);
        self.batch(columns).map(Some)
    }

    fn of_the_version(
        &mut self,
        known_from: Vec<i64>,
        is_deleted: bool,
        contents: ArrayRef,
    ) -> Vec<ArrayRef> {
        let rows = known_from.len();
        let times = |times: Vec<i64>| -> ArrayRef {
            let mut column = TimestampMicrosecondBuilder::new().with_timezone("UTC");
            column.append_slice(&times);
            Arc::new(column.finish())
        };
        let mut deleted = BooleanBuilder::new();
        deleted.append_n(rows, is_deleted);
        vec![
            Arc::new(self.keys.finish()),
            Arc::new(self.ids.finish()),
            times(known_from),
            times(vec![self.observed_at; rows]),
            times(vec![self.landed_at; rows]),
            Arc::new(deleted.finish()),
            contents,
        ]
    }

    /// The columns are the first of the schema; the lake takes what is missing as NULL.
    fn batch(&self, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
        let fields: Vec<_> = self.schema.fields().iter().take(columns.len()).cloned().collect();
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
    }
}

/// When the row changed, if its cursor tells: µs. A day is over before what happened on it is known.
fn changed_at(column: &Column, value: &Value<'_>) -> Option<i64> {
    match (column.form, value) {
        (Form::Date, Value::Date(days)) => Some((i64::from(*days) + 1) * DAY_US),
        (_, Value::Time(at, _)) => Some(*at),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_columns_keep_clear_of_those_of_the_version() {
        assert_eq!(own_name("email"), "email");
        assert_eq!(own_name("deleted"), "deleted_");
    }
}
