//! Values that keep their meaning or are refused.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Decimal128Array, Float64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::data_type::{ByteArrayType, FixedLenByteArrayType, Int96, Int96Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use paydirt::sync::land::Outcome;

use super::land;
use crate::command::paydirt;
use crate::company::Company;

const EVENTS: &str = "select event, occurred_at from files_log.events order by occurred_at";

fn parquet(columns: &[(&str, ArrayRef)]) -> Vec<u8> {
    let fields = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect::<Vec<_>>();
    let arrays = columns.iter().map(|(_, array)| Arc::clone(array)).collect();
    written(&[RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()])
}

fn written(batches: &[RecordBatch]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batches[0].schema(), None).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.close().unwrap();
    bytes
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn doubles(values: &[Option<f64>]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

/// µs of days of March 2025.
fn days(days: &[i64]) -> ArrayRef {
    let at = days.iter().map(|day| (1_740_787_200 + (day - 1) * 86_400) * 1_000_000);
    Arc::new(TimestampMicrosecondArray::from_iter_values(at).with_timezone("UTC"))
}

/// What could not be read, as `line field: reason`.
fn unread(outcome: &Outcome) -> Vec<String> {
    let all = outcome.report.diagnostics.iter();
    all.map(|one| format!("{} {}: {}", one.line.unwrap_or_default(), one.field, one.reason))
        .collect()
}

/// What was refused, with the hint and how many more there are.
fn refused(outcome: &Outcome) -> Vec<String> {
    let all = outcome.report.problems.iter();
    let all = all.map(|one| {
        let field = one.field.as_deref().unwrap_or("-");
        let hint = one.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("{} {field}: {}{hint} (+{})", one.line.unwrap_or_default(), one.reason, one.alike)
    });
    all.collect()
}

#[test]
fn case_06_binary_columns_are_the_text_that_they_hold() {
    let company = Company::new("");
    let outcome = &land(&company, &["06-parquet-binary-text/binary.parquet"])[0];
    assert_eq!((refused(outcome), unread(outcome)), (vec![], vec![]));
    assert_eq!(
        company.open().rows("select event, email, properties from product.events order by event"),
        ["built", "invited", "signed_up"]
            .map(|event| format!(r#"{event} | a@oakline-studio.com | {{"plan":"pro"}}"#))
    );
}

#[test]
fn case_06_times_that_are_decimals_or_of_96_bits_are_exact() {
    for (file, expected, missing) in [
        ("decimal-time.parquet", "2025-03-01T10:00:00.123456Z", vec![]),
        ("int96.parquet", "2025-03-01T10:00:00Z", vec!["2 score: is inf, which is no number"]),
    ] {
        let company = Company::new("");
        let outcome = &land(&company, &[&format!("06-parquet-binary-text/{file}")])[0];
        assert_eq!(unread(outcome), missing, "{file}");
        assert_eq!((refused(outcome), outcome.new_rows), (vec![], 3), "{file}");
        let first = "select min(occurred_at) from files_log.events";
        assert_eq!(company.open().value(first), expected, "{file}");
    }
}

/// ClickHouse, on which PostHog runs, wrote all text so.
#[test]
fn case_06_posthog_lands_alike_with_and_without_the_mark_of_text() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/posthog_events.parquet.zst");
    // The name is that of the codec inside.
    let marked = std::fs::read(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(marked.clone())).unwrap();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let unmarked = |batch: &RecordBatch| {
        let columns = batch.columns().iter().map(|column| match column.data_type() {
            DataType::Utf8 => cast(column, &DataType::Binary).unwrap(),
            _ => Arc::clone(column),
        });
        let schema = batch.schema();
        let columns: Vec<(&str, ArrayRef)> =
            schema.fields().iter().map(|field| field.name().as_str()).zip(columns).collect();
        RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, column)| (name, column, true)),
        )
        .unwrap()
    };
    let unmarked: Vec<RecordBatch> = batches.iter().map(unmarked).collect();
    let [one, other] = [(); 2].map(|()| Company::new(""));
    one.land_text("events.parquet", &marked);
    let outcome = other.land_text("events.parquet", written(&unmarked));
    assert_eq!(outcome.report.format, "posthog parquet");
    assert_eq!((refused(&outcome), unread(&outcome)), (vec![], vec![]));
    let rows = "select * exclude (landed_at) from posthog_log.events order by key";
    assert_eq!(other.open().rows(rows), one.open().rows(rows));
}

#[test]
fn case_06_bytes_that_are_no_text_are_named() {
    let company = Company::new("");
    let events: &[&[u8]] = &[b"built", b"\xff\xfe", b"sent"];
    let properties: &[&[u8]] = &[br#"{"plan":"pro"}"#, b"{}", b"\x80"];
    let binary =
        |values: &[&[u8]]| -> ArrayRef { Arc::new(BinaryArray::from_vec(values.to_vec())) };
    let file = parquet(&[
        ("event", binary(events)),
        ("timestamp", days(&[1, 2, 3])),
        ("email", binary(&[b"a@x.io", b"b@x.io", b"c\xe9@x.io"])),
        ("properties", binary(properties)),
    ]);
    let outcome = company.land_text("events.parquet", file);
    let bytes = |count| format!("is {count} bytes that are not UTF-8 text");
    assert_eq!(refused(&outcome), [format!("2 event: {} (+0)", bytes(2))]);
    assert_eq!(
        unread(&outcome),
        [format!("3 email: {}", bytes(7)), format!("3 properties: {}", bytes(1))]
    );
    let rows = "select event, email, properties from files_log.events order by occurred_at";
    assert_eq!(
        company.open().rows(rows),
        [r#"built | a@x.io | {"plan":"pro"}"#, "sent | NULL | NULL"]
    );
    // The columns of PostHog, of which rows go another way if all can be read.
    let file = parquet(&[
        ("uuid", binary(&[b"u1", b"u2", b"u3"])),
        ("event", binary(events)),
        ("distinct_id", binary(&[b"d", b"d", b"d"])),
        ("timestamp", days(&[1, 2, 3])),
        ("properties", binary(properties)),
    ]);
    let outcome = company.land_text("posthog.parquet", file);
    assert_eq!(refused(&outcome), [format!("2 event: {} (+0)", bytes(2))]);
    assert_eq!(unread(&outcome), [format!("3 properties: {}", bytes(1))]);
    let rows = "select uuid, event, properties from posthog_log.events order by uuid";
    assert_eq!(company.open().rows(rows), [r#"u1 | built | {"plan":"pro"}"#, "u3 | sent | NULL"]);
    // And Stripe's.
    let file = parquet(&[
        ("id", binary(&[b"cus_1"])),
        ("object", binary(&[b"customer"])),
        ("name", binary(&[b"\xff"])),
    ]);
    let outcome = company.land_text("customers.parquet", file);
    assert_eq!((outcome.new_rows, unread(&outcome)), (1, vec![format!("1 name: {}", bytes(1))]));
    assert_eq!(outcome.report.diagnostics[0].table, "stripe_log/customers");
}

/// As programs write files that know nothing of Arrow.
#[test]
fn case_06_marks_of_parquet_itself_count() {
    let schema = "message schema {
        required binary event; required int96 time;
        required fixed_len_byte_array(16) id (uuid);
        required group tags (list) {
            repeated group list { required fixed_len_byte_array(16) element (uuid); } } }";
    let mut bytes = Vec::new();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut at = Int96::new();
    // 2500-01-01 at 01:00, which is no number of ns of 64 bits; days count from 4713 BC.
    at.set_data(
        (3_600_000_000_000_u64 & 0xffff_ffff) as u32,
        (3_600_000_000_000_u64 >> 32) as u32,
        2_634_167,
    );
    let uuid: Vec<u8> = (0..16).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&["built".into()], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int96Type>().write_batch(&[at], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let value = [uuid.clone().into()];
    column.typed::<FixedLenByteArrayType>().write_batch(&value, None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<FixedLenByteArrayType>().write_batch(&value, Some(&[1]), Some(&[0])).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    let company = Company::new("");
    let outcome = company.land_text("events.parquet", bytes);
    assert_eq!((refused(&outcome), unread(&outcome)), (vec![], vec![]));
    let uuid = "00010203-0405-0607-0809-0a0b0c0d0e0f";
    assert_eq!(
        company.open().rows("select event, occurred_at, properties from files_log.events"),
        [format!(r#"built | 2500-01-01T01:00:00Z | {{"id":"{uuid}","tags":["{uuid}"]}}"#)]
    );
}

#[test]
fn case_08_numbers_that_are_no_epoch_are_refused_with_what_they_would_mean() {
    let looks = |number: &str, day: &str, unit: &str, looks: &str, format: &str| {
        format!(
            "{number} would be {day} as {unit} and looks like {looks}; set time_format = \
             \"{format}\" in [[source.files]]"
        )
    };
    for (file, format, why, landed) in [
        (
            "events.csv",
            "%Y%m%d",
            format!(
                "2 date: {} (+1)",
                looks("20250304", "1970-08-23", "seconds", "a date", "%Y%m%d")
            ),
            &["signed_up | 2025-03-04T00:00:00Z", "invited | 2025-03-05T00:00:00Z"][..],
        ),
        (
            "excel-serial.csv",
            "excel",
            format!(
                "2 date: {} (+0)",
                looks(
                    "45720.5",
                    "1970-01-01",
                    "seconds",
                    "the day number of a spreadsheet",
                    "excel"
                )
            ),
            &["signed_up | 2025-03-04T12:00:00Z"],
        ),
        (
            "dotnet-ticks.ndjson",
            "dotnet",
            format!(
                "1 time: {} (+0)",
                looks("638765000000000000", "1990-03-30", "nanoseconds", "ticks of .NET", "dotnet")
            ),
            &["signed_up | 2025-03-02T08:13:20Z"],
        ),
    ] {
        let path = format!("08-compact-dates/{file}");
        let company = Company::new("");
        let outcome = &land(&company, &[&path])[0];
        assert_eq!((refused(outcome), outcome.new_rows), (vec![why], 0));
        company.write(
            "paydirt.toml",
            format!("[[source.files]]\nname = \"a\"\ntime_format = \"{format}\"\n"),
        );
        let outcome = &land(&company, &[&path])[0];
        assert_eq!(refused(outcome), Vec::<String>::new(), "{file}");
        assert_eq!(company.open().rows(EVENTS), landed, "{file}");
    }
    // Of two rows one says what it is.
    let company = Company::new("");
    let outcome = &land(&company, &["08-compact-dates/events.ndjson"])[0];
    let why =
        looks("20250304101500", "2611-09-16", "milliseconds", "a date and time", "%Y%m%d%H%M%S");
    assert_eq!(refused(outcome), [format!("1 time: {why} (+0)")]);
    assert_eq!(company.open().rows(EVENTS), ["invited | 2025-03-04T10:15:00Z"]);
}

#[test]
fn case_08_one_reason_for_all_rows_is_told_once() {
    let company = Company::new("");
    // More than one block of a file that is read side by side.
    let rows =
        (0..60_000).map(|row| format!("{{\"event\":\"e\",\"time\":2025030{}}}\n", row % 9 + 1));
    company.write("events.ndjson", rows.collect::<String>());
    let said = paydirt(company.root(), &["sync", "files", "events.ndjson"]);
    assert_eq!(said.code, 2);
    assert_eq!(said.err.matches("would be").count(), 1, "{}", said.err);
    let told = "events.ndjson:1: field `time`: 20250301 would be 1970-08-23 as seconds and looks like a \
                date; 59999 more rows are alike\nhint: set time_format = \"%Y%m%d\" in \
                [[source.files]]\n";
    assert!(said.err.contains(told), "{}", said.err);
    assert!(
        said.out.contains("rejected: 60,000") || said.err.contains("rejected: 60,000"),
        "{said:?}"
    );
    let diagnostics = company.open().rows("select line, field, reason from system.diagnostics");
    assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
    assert!(
        diagnostics[0].contains("59999 more rows are alike; set time_format"),
        "{diagnostics:?}"
    );
}

#[test]
fn case_08_a_format_is_checked_when_the_project_is_opened() {
    let company = Company::new("[[source.files]]\nname = \"a\"\ntime_format = \"YYYYMMDD\"\n");
    let said = paydirt(company.root(), &["status"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("`YYYYMMDD` is no time format") && said.err.contains("hint:"),
        "{said:?}"
    );
}

/// A wall clock is that of the zone; when an event came in may be written in another way.
#[test]
fn case_08_formats_are_read_in_the_zone_of_the_entry() {
    let company = Company::new(
        "[[source.files]]\nname = \"a\"\ntime_format = \"%d/%m/%Y %H:%M\"\n\
         time_zone = \"Europe/Berlin\"\n",
    );
    let csv = "event,time,ingested_at\na,04/03/2025 10:15,2025-03-04T09:20:00Z\n\
               b,04/03/2025 10:16,soon\nc,2025-04-03 10:15,\n";
    let outcome = company.land_text("events.csv", csv);
    let why = "4 time: \"2025-04-03 10:15\" is no time as %d/%m/%Y %H:%M says it; set time_format in \
               [[source.files]] to how times are written (+0)";
    assert_eq!(refused(&outcome), [why]);
    assert_eq!(unread(&outcome).len(), 1, "{:?}", unread(&outcome));
    let rows = "select event, occurred_at, ingested_at from files_log.events order by event";
    assert_eq!(
        company.open().rows(rows),
        ["a | 2025-03-04T09:15:00Z | 2025-03-04T09:20:00Z", "b | 2025-03-04T09:16:00Z | NULL"]
    );
}

/// Seconds as a decimal of a database, and a fraction beyond what a double holds.
#[test]
fn case_08_decimals_are_exact() {
    let company = Company::new("");
    let at = Decimal128Array::from(vec![1_741_083_300_123_456_789_i128 * 1_000]);
    let at: ArrayRef = Arc::new(at.with_precision_and_scale(38, 12).unwrap());
    let file = parquet(&[("event", texts(&["a"])), ("time", at)]);
    let outcome = company.land_text("events.parquet", file);
    assert_eq!(refused(&outcome), Vec::<String>::new());
    assert_eq!(company.open().rows(EVENTS), ["a | 2025-03-04T10:15:00.123457Z"]);
}

#[test]
fn case_28_whole_numbers_of_floating_columns_are_ids() {
    let company = Company::new("[identity]\naccount_metadata_keys = [\"account_id\"]\n");
    let folder = "28-ids-that-became-floats";
    let files = ["stripe.ndjson", "events.csv", "events.parquet"].map(|f| format!("{folder}/{f}"));
    let outcomes = land(&company, &files.each_ref().map(String::as_str));
    for outcome in &outcomes {
        assert_eq!((refused(outcome), unread(outcome)), (vec![], vec![]));
    }
    let rows = company.open().rows(
        "select account_id, status, count(*) from product.event_links group by 1, 2 order by 1",
    );
    assert_eq!(rows.iter().filter(|row| row.contains(" | linked | ")).count(), 2, "{rows:?}");
    let ids =
        "select distinct account_id from files_log.events where account_id is not null order by 1";
    assert_eq!(company.open().rows(ids), ["41", "42"]);
}

/// One export as CSV, as JSON and as Parquet, with and without missing ids: an event is one event.
#[test]
fn case_28_an_event_is_one_however_its_ids_are_written() {
    let company = Company::new("");
    let csv = "event,timestamp,user_id,account_id,seats\n\
               a,2025-03-01T00:00:00Z,1234567891.0,41.0,3\nb,2025-03-02T00:00:00Z,,42.0,4\n";
    assert_eq!(company.land_text("events.csv", csv).new_rows, 2);
    let whole = csv.replace("41.0", "41").replace("7891.0", "7891");
    assert_eq!(company.land_text("whole.csv", whole).duplicates, 2);
    let json = r#"{"event":"a","timestamp":"2025-03-01T00:00:00Z","user_id":1.234567891e9,"account_id":41.0,"seats":3}"#;
    assert_eq!(company.land_text("events.ndjson", json).duplicates, 1);
    let seats: ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![3, 4]));
    let file = parquet(&[
        ("event", texts(&["a", "b"])),
        ("timestamp", days(&[1, 2])),
        ("user_id", doubles(&[Some(1_234_567_891.0), None])),
        ("account_id", doubles(&[Some(41.0), Some(42.0)])),
        ("seats", seats),
    ]);
    assert_eq!(company.land_text("events.parquet", file).duplicates, 2);
    let rows = "select event, distinct_id, account_id from files_log.events order by event";
    assert_eq!(company.open().rows(rows), ["a | 1234567891 | 41", "b | NULL | 42"]);
}

#[test]
fn case_28_an_id_that_lost_digits_names_nobody() {
    let company = Company::new("");
    let csv = "event,time,account_id,user_id\na,2025-03-01,1e+16,1.23457E+11\n\
               b,2025-03-02,12345678901234567168.0,1.10\nc,2025-03-03,12345678901234567168,5e10\n";
    let outcome = company.land_text("events.csv", csv);
    let lost = |id: &str| format!("{id} is an id that lost digits as a floating-point number");
    assert_eq!(
        unread(&outcome),
        [
            format!("2 user_id: {}", lost("1.23457E+11")),
            format!("2 account_id: {}", lost("1e+16")),
            format!("3 account_id: {}", lost("12345678901234567168.0")),
        ]
    );
    let file = parquet(&[
        ("event", texts(&["d", "e"])),
        ("timestamp", days(&[4, 5])),
        ("account_id", doubles(&[Some(9_007_199_254_740_992.0), Some(9_007_199_254_740_991.0)])),
    ]);
    let outcome = company.land_text("events.parquet", file);
    assert_eq!(unread(&outcome), [format!("1 account_id: {}", lost("9.007199254740992e+15"))]);
    let rows = "select event, distinct_id, account_id from files_log.events order by event";
    assert_eq!(
        company.open().rows(rows),
        [
            "a | NULL | NULL",
            "b | 1.10 | NULL",
            "c | 5e10 | 12345678901234567168",
            "d | NULL | NULL",
            "e | NULL | 9007199254740991"
        ]
    );
}

/// The groups of PostHog hold account ids too.
#[test]
fn case_28_groups_are_ids() {
    let company = Company::new("");
    let event = r#"{"event":"a","uuid":"u","distinct_id":7.0,"timestamp":"2025-03-01T00:00:00Z","properties":{"$groups":{"company":41.0}}}"#;
    company.land_text("events.ndjson", event);
    let row = "select distinct_id, group_key(groups, NULL) from posthog_log.events";
    assert_eq!(company.open().rows(row), ["7 | 41"]);
}

/// A field of an entry that is not set makes nothing that has landed new.
#[test]
fn what_has_landed_is_known_by_what_its_entry_sets() {
    let company = Company::new("[[source.files]]\nname = \"a\"\nuser = \"who\"\n");
    let csv = "event,time,who\na,2025-03-01,u\n";
    assert!(!company.land_text("events.csv", csv).was_known);
    assert!(company.land_text("events.csv", csv).was_known);
    company.write(
        "paydirt.toml",
        "[[source.files]]\nname = \"a\"\nuser = \"who\"\ntime_format = \"%Y-%m-%d\"\n",
    );
    let outcome = company.land_text("events.csv", csv);
    assert_eq!((outcome.was_known, outcome.duplicates), (false, 1));
}
