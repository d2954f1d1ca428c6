//! PostHog's Parquet exports, a column at a time: a row that needs no second look lands as it is.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, BooleanArray, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray, make_array, new_null_array,
};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{cast, filter, is_not_null, nullif};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::common::{HashMap, HashSet};

use super::columnar::texts;
use super::events::{SCHEMA, key_of_id, looks_like_email};
use super::posthog_plain::Said;
use super::time::MAX_MICROS;
use crate::sync::stripe::time_type;

/// The columns of text, in the order of [`Columns`].
const TEXTS: [&str; 6] =
    ["uuid", "event", "distinct_id", "person_id", "properties", "person_properties"];
/// People that are remembered at a time.
const MAX_PEOPLE: usize = 100_000;

/// What can be read of a batch without looking at its rows one by one.
pub struct PlainRows {
    /// Rows of the log.
    pub rows: RecordBatch,
    /// Rows of the batch that are among them.
    pub is_plain: BooleanArray,
    /// How many show an e-mail in their distinct_id only.
    pub email_only_in_distinct_id: u64,
}

/// One person, as kept from event to event.
#[derive(Debug)]
struct Person {
    email: Option<Box<str>>,
    customer: Option<Box<str>>,
}

/// People by the text of their properties, which most of their events repeat; `None` is one whose
/// text is not plain.
#[derive(Debug, Default)]
pub struct People {
    known: Vec<Option<Person>>,
    by_text: HashMap<Box<str>, usize>,
}

impl People {
    /// The place of a person in `known`.
    fn find(&mut self, properties: &str) -> usize {
        if let Some(&place) = self.by_text.get(properties) {
            return place;
        }
        let place = self.known.len();
        self.known.push(Said::of(properties).map(|said| Person {
            email: said.email.or(said.dollar_email).map(Box::from),
            customer: said.customer.map(Box::from),
        }));
        self.by_text.insert(properties.into(), place);
        place
    }

    /// Makes room between batches.
    fn forget(&mut self) {
        if self.known.len() >= MAX_PEOPLE {
            *self = Self::default();
        }
    }
}

/// Who is behind one event: a place among the people, and what the event itself says.
struct Who<'a> {
    person: Option<usize>,
    said: Said<'a>,
}

/// The plain rows of a batch; `None` if its columns are not those of an export.
pub fn plain_rows(
    batch: &RecordBatch,
    landed_at: i64,
    people: &mut People,
) -> Result<Option<PlainRows>, ArrowError> {
    let Some(columns) = Columns::new(batch)? else { return Ok(None) };
    people.forget();
    let who: Vec<Option<Who<'_>>> =
        (0..batch.num_rows()).map(|row| columns.who(row, people)).collect();
    let is_plain: BooleanArray = who.iter().map(|who| Some(who.is_some())).collect();
    let (rows, email_only_in_distinct_id) = columns.rows(&who, &is_plain, landed_at, people)?;
    Ok(Some(PlainRows { rows, is_plain, email_only_in_distinct_id }))
}

/// The columns of an export; those that it may lack are NULL.
struct Columns {
    uuid: StringArray,
    event: StringArray,
    distinct_id: StringArray,
    person_id: StringArray,
    properties: StringArray,
    person_properties: StringArray,
    occurred_at: TimestampMicrosecondArray,
    ingested_at: TimestampMicrosecondArray,
    /// Rows with bytes that are no text.
    unread: HashSet<usize>,
}

impl Columns {
    fn new(batch: &RecordBatch) -> Result<Option<Self>, ArrowError> {
        let is_time = |name: &str| {
            batch
                .column_by_name(name)
                .is_none_or(|column| matches!(column.data_type(), DataType::Timestamp(..)))
        };
        let times = ["timestamp", "_inserted_at", "created_at"];
        let is_there = |name: &&str| batch.column_by_name(name).is_some();
        if !["uuid", "event", "distinct_id", "timestamp"].iter().all(is_there)
            || !times.into_iter().all(is_time)
            // Stripe's objects say what they are by a column of that name.
            || is_there(&"object")
        {
            return Ok(None);
        }
        let schema = batch.schema();
        let mut unread = HashSet::new();
        let mut columns = Vec::new();
        for name in TEXTS {
            let Some((place, field)) = schema.column_with_name(name) else {
                columns.push(StringArray::new_null(batch.num_rows()));
                continue;
            };
            let Some((text, rows)) = texts(field, batch.column(place))? else { return Ok(None) };
            unread.extend(rows.into_iter().map(|(row, _)| row));
            columns.push(text);
        }
        let Ok([uuid, event, distinct_id, person_id, properties, person_properties]) =
            <[StringArray; TEXTS.len()]>::try_from(columns)
        else {
            return Ok(None);
        };
        let time = |name: &str| match batch.column_by_name(name) {
            Some(column) => cast(column, &time_type()),
            None => Ok(new_null_array(&time_type(), batch.num_rows())),
        };
        let inserted_at = time("_inserted_at")?;
        let ingested_at = match inserted_at.null_count() {
            0 => inserted_at,
            _ => {
                let is_known = is_not_null(&inserted_at)?;
                zip(&is_known, &inserted_at, &time("created_at")?)?
            }
        };
        Ok(Some(Self {
            uuid,
            event,
            distinct_id,
            person_id,
            properties,
            person_properties,
            occurred_at: time("timestamp")?.as_primitive().clone(),
            ingested_at: ingested_at.as_primitive().clone(),
            unread,
        }))
    }

    /// Who a row is about, if it can land as it is: what it needs is there, its JSON is compact.
    fn who(&self, row: usize, people: &mut People) -> Option<Who<'_>> {
        let is_time = |times: &TimestampMicrosecondArray| {
            times.is_valid(row) && (0..=MAX_MICROS).contains(&times.value(row))
        };
        let is_some = |texts: &StringArray| texts.is_valid(row) && !texts.value(row).is_empty();
        let is_usable = is_some(&self.uuid)
            && is_some(&self.event)
            && is_time(&self.occurred_at)
            && (self.ingested_at.is_null(row) || is_time(&self.ingested_at))
            && (self.distinct_id.is_null(row) || is_some(&self.distinct_id))
            && (self.person_id.is_null(row) || is_some(&self.person_id));
        if !is_usable || self.unread.contains(&row) {
            return None;
        }
        let person = text(&self.person_properties, row).map(|text| people.find(text));
        if person.is_some_and(|place| people.known[place].is_none()) {
            return None;
        }
        let said = match text(&self.properties, row) {
            Some(properties) => Said::of(properties)?,
            None => Said::default(),
        };
        Some(Who { person, said })
    }

    /// The plain rows as rows of the log, and how many show an e-mail in their distinct_id only.
    fn rows(
        &self,
        who: &[Option<Who<'_>>],
        is_plain: &BooleanArray,
        landed_at: i64,
        people: &People,
    ) -> Result<(RecordBatch, u64), ArrowError> {
        let rows = is_plain.true_count();
        let mut key = BinaryBuilder::with_capacity(rows, rows * 16);
        let (mut email, mut customer, mut groups) =
            (StringBuilder::new(), StringBuilder::new(), StringBuilder::new());
        let mut email_only_in_distinct_id = 0;
        for (row, Who { person, said }) in
            who.iter().enumerate().filter_map(|(row, who)| Some((row, who.as_ref()?)))
        {
            key.append_value(key_of_id(self.uuid.value(row)));
            let person = person.and_then(|place| people.known[place].as_ref());
            let address = person.and_then(|person| person.email.as_deref());
            let address = address.or(said.set_email).or(said.email).or(said.dollar_email);
            email.append_option(address);
            let of_person = person.and_then(|person| person.customer.as_deref());
            customer.append_option(of_person.or(said.customer));
            groups.append_option(said.groups);
            if address.is_none() && text(&self.distinct_id, row).is_some_and(looks_like_email) {
                email_only_in_distinct_id += 1;
            }
        }
        let plain = |column: &dyn Array| -> Result<ArrayRef, ArrowError> {
            if rows == column.len() {
                return Ok(make_array(column.to_data()));
            }
            filter(column, is_plain)
        };
        let landed_at = TimestampMicrosecondArray::from(vec![landed_at; rows]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(key.finish()),
            plain(&self.uuid)?,
            plain(&self.event)?,
            plain(&self.occurred_at)?,
            plain(&self.ingested_at)?,
            Arc::new(landed_at.with_timezone("UTC")),
            plain(&self.distinct_id)?,
            plain(&self.person_id)?,
            Arc::new(email.finish()),
            new_null_array(&DataType::Utf8, rows),
            Arc::new(customer.finish()),
            Arc::new(groups.finish()),
            without_empty(plain(&self.properties)?)?,
            without_empty(plain(&self.person_properties)?)?,
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n("posthog", rows))),
        ];
        Ok((RecordBatch::try_new(SCHEMA.clone(), columns)?, email_only_in_distinct_id))
    }
}

fn text(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// An object without fields is NULL.
fn without_empty(objects: ArrayRef) -> Result<ArrayRef, ArrowError> {
    let is_empty = |text: Option<&str>| Some(text == Some("{}"));
    let is_empty: BooleanArray = objects.as_string::<i32>().iter().map(is_empty).collect();
    if is_empty.true_count() == 0 { Ok(objects) } else { nullif(&objects, &is_empty) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use arrow::compute::concat_batches;
    use arrow::datatypes::{Field, Schema, TimeUnit};
    use parquet::arrow::ArrowWriter;
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::sync::files::land_file;

    type Row = (Option<String>, Option<String>, Option<i64>, Option<i64>, [Option<String>; 4]);

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        let name = || option::weighted(0.9, "[a-c]{0,2}");
        let time = || {
            option::weighted(
                0.9,
                prop_oneof![4 => 0..2_000_000_000_000_000_i64, 1 => -90_000_000_000_000_000..900_000_000_000_000_000_i64],
            )
        };
        let id = || option::weighted(0.8, prop_oneof!["[a-z]{0,3}", "[a-z]@x\\.io"]);
        let value = prop_oneof![
            Just("\"a@x.io\"".to_owned()),
            Just("\"\"".to_owned()),
            Just("\" \"".to_owned()),
            Just("7".to_owned()),
            Just("null".to_owned()),
            Just("{}".to_owned()),
            Just("{\"email\":\"b@x.io\"}".to_owned()),
            Just("{\"company\":\"acme inc\"}".to_owned()),
            Just("\"\\u0061\"".to_owned()),
            Just("[1,2".to_owned()),
        ];
        let key =
            prop_oneof!["email", "\\$email", "\\$set", "\\$groups", "stripe_customer_id", "x"];
        let object = vec((key, value), 0..4).prop_map(|fields| {
            let fields: Vec<String> =
                fields.into_iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            format!("{{{}}}", fields.join(","))
        });
        let json = move || {
            let other = prop_oneof!["", " ", "\\{ \\}", "null", "\\[\\]", "\\{\"a\": 1\\}"];
            option::weighted(0.9, prop_oneof![5 => object.clone(), 1 => other])
        };
        let texts = (id(), id(), json(), json()).prop_map(|(a, b, c, d)| [a, b, c, d]);
        vec((name(), name(), time(), time(), texts), 1..20)
    }

    fn batch(rows: &[Row], with_object: bool) -> RecordBatch {
        let text = |pick: &dyn Fn(&Row) -> Option<String>| -> ArrayRef {
            Arc::new(rows.iter().map(pick).collect::<StringArray>())
        };
        let time = |pick: &dyn Fn(&Row) -> Option<i64>| -> ArrayRef {
            Arc::new(rows.iter().map(pick).collect::<TimestampMicrosecondArray>())
        };
        let mut columns = vec![
            ("uuid", text(&|row| row.0.clone())),
            ("event", text(&|row| row.1.clone())),
            ("timestamp", time(&|row| row.2)),
            ("_inserted_at", time(&|row| row.3)),
            ("created_at", time(&|row| row.2)),
            ("distinct_id", text(&|row| row.4[0].clone())),
            ("person_id", text(&|row| row.4[1].clone())),
            ("properties", text(&|row| row.4[2].clone())),
            ("person_properties", text(&|row| row.4[3].clone())),
        ];
        if with_object {
            columns.push(("object", new_null_array(&DataType::Utf8, rows.len())));
        }
        let time = DataType::Timestamp(TimeUnit::Microsecond, None);
        let field = |(name, array): &(&str, ArrayRef)| {
            let data_type =
                if array.data_type() == &DataType::Utf8 { &DataType::Utf8 } else { &time };
            Field::new(*name, data_type.clone(), true)
        };
        let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        RecordBatch::try_new(Arc::new(schema), arrays).unwrap()
    }

    /// The rows that land, as sorted texts, and the account of the rest.
    fn landed(path: &Path, batch: &RecordBatch) -> (Vec<String>, u64, Vec<String>, usize) {
        let file = std::fs::File::create(path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        let mut batches = Vec::new();
        let mut sink = |chunk: Vec<crate::sync::Landed>| {
            batches.extend(chunk.into_iter().map(|landed| landed.batch));
            Ok(())
        };
        let report = land_file(path, &[], 5, 1000, &mut sink).unwrap();
        let all = concat_batches(&SCHEMA, &batches).unwrap();
        let mut rows: Vec<String> =
            (0..all.num_rows()).map(|row| format!("{:?}", all.slice(row, 1).columns())).collect();
        rows.sort();
        let problems = report.problems.iter();
        let problems = problems.map(|p| format!("{:?} {:?} {}", p.line, p.field, p.reason));
        (rows, report.rejected, problems.collect(), report.diagnostics.len())
    }

    proptest! {
        /// A column that Stripe's objects have sends every row the long way.
        #[test]
        fn columns_and_rows_say_the_same(rows in rows()) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("events.parquet");
            let by_column = landed(&path, &batch(&rows, false));
            prop_assert_eq!(by_column, landed(&path, &batch(&rows, true)));
        }
    }
}
