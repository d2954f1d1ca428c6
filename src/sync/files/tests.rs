//! Files of every arrangement, whole and broken.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;

use super::*;
use crate::sync::{FileReport, Landed};

const LANDED_AT: i64 = 1_764_547_200_000_000;

type Tables = BTreeMap<&'static str, RecordBatch>;

fn land_path(path: &Path, mappings: &[FileMapping], chunk_rows: usize) -> (Tables, FileReport) {
    let mut chunks: BTreeMap<&'static str, Vec<RecordBatch>> = BTreeMap::new();
    let mut sink = |chunk: Vec<Landed>| {
        for landed in chunk {
            chunks.entry(landed.table).or_default().push(landed.batch);
        }
        Ok(())
    };
    let report = land_file(path, mappings, LANDED_AT, chunk_rows, &mut sink).unwrap();
    let whole = |batches: Vec<RecordBatch>| concat_batches(&batches[0].schema(), &batches).unwrap();
    (chunks.into_iter().map(|(table, batches)| (table, whole(batches))).collect(), report)
}

fn land_bytes(bytes: &[u8], mappings: &[FileMapping]) -> (Tables, FileReport) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("upload");
    std::fs::write(&path, bytes).unwrap();
    land_path(&path, mappings, 1000)
}

fn land(text: &str) -> (Tables, FileReport) {
    land_bytes(text.as_bytes(), &[])
}

fn strings<'a>(batch: &'a RecordBatch, column: &str) -> Vec<Option<&'a str>> {
    batch.column_by_name(column).unwrap().as_string::<i32>().iter().collect()
}

/// The distinct keys of the rows.
fn keys(batch: &RecordBatch) -> BTreeSet<&[u8]> {
    batch["key"].as_binary::<i32>().iter().flatten().collect()
}

/// Problems as `line field: reason`.
fn problems(report: &FileReport) -> Vec<String> {
    let place = |line: Option<u64>| line.map_or("-".to_owned(), |line| line.to_string());
    let problems = report.problems.iter();
    problems
        .map(|p| format!("{} {}: {}", place(p.line), p.field.as_deref().unwrap_or("-"), p.reason))
        .collect()
}

fn mapping(text: &str) -> FileMapping {
    toml::from_str(text).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_arrangement_of_stripe_objects_lands_alike() {
    let [a, b] = [
        r#"{"id":"cus_1","object":"customer","created":1600000000,"email":"a@x.io","n":1.10}"#,
        r#"{"id":"cus_2","object":"customer","created":1600000001,"metadata":{"k":"]}"}}"#,
    ];
    let list =
        |data: &str| format!(r#"{{"object":"list","has_more":false,"data":[{data}],"url":"/"}}"#);
    let pretty = |text: &str| {
        text.replace("{\"", "{\n  \"").replace("\",\"", "\",\n  \"").replace("\":", "\": ")
    };
    let (expected, report) = land(&format!("{a}\n{b}\n"));
    assert_eq!((report.rows, report.format), (2, "stripe json"));
    let texts = [
        list(&format!("{a},{b}")),
        format!("[{a},{b}]"),
        format!("{}\n{}", list(a), list(b)),
        format!("[{},{}]", list(a), list(b)),
        format!("{}{}", pretty(a), pretty(b)),
        pretty(&list(&format!("{a},{b}"))),
        format!("\u{feff}{a}\r\n{b}"),
        format!("{a},\n{b},\n"),
    ];
    for text in &texts {
        let (landed, report) = land(text);
        assert_eq!(problems(&report), Vec::<String>::new(), "{text}");
        assert_eq!(landed, expected, "{text}");
    }
    for packed in [gzip(texts[0].as_bytes()), zstd::encode_all(texts[0].as_bytes(), 1).unwrap()] {
        assert_eq!(land_bytes(&packed, &[]).0, expected);
    }
    let (single, report) = land(&pretty(a));
    assert_eq!((report.rows, single["stripe_log/customers"].num_rows()), (1, 1));
}

#[test]
fn broken_files_land_what_is_whole_and_name_the_rest() {
    let good = r#"{"id":"cus_1","object":"customer"}"#;
    let cut = &gzip(format!("{good}\n").repeat(20_000).as_bytes())[..60];
    let cases: Vec<(&str, Vec<u8>, u64, &str)> = vec![
        ("empty", vec![], 0, "- -: is empty"),
        ("blank", b" \n\n".to_vec(), 0, "- -: is empty"),
        ("empty gzip", gzip(b""), 0, "- -: is empty inside its compression"),
        (
            "cut list",
            format!("{{\"object\":\"list\",\"data\":[{good},\n{{\"id\":\"cus_2\",\"obj").into(),
            1,
            "2 -: truncated JSON: the file ends inside this record",
        ),
        (
            "cut line",
            format!("{good}\n{{\"id\":\"cus_2\",\n{}", good.replace("_1", "_3")).into(),
            2,
            "2 -: truncated JSON: the line ends inside the record",
        ),
        ("cut gzip", cut.to_vec(), 1, "is cut off: its compressed data ends too early"),
        ("wrong type", format!("{good}\n42\n").into(), 1, "2 -: is a number, not a JSON object"),
        ("array inside", format!("[{good},[1]]").into(), 1, "1 -: is an array, not a JSON object"),
        (
            "no id",
            format!("{good}\n{{\"object\":\"invoice\"}}").into(),
            1,
            "2 id: the invoice has no id",
        ),
        (
            "not UTF-8",
            [good.as_bytes(), b"\n{\"id\":\"cus_\xff\",\"object\":\"customer\"}"].concat(),
            1,
            "2 -: not UTF-8: byte 12 of the record",
        ),
        ("not JSON", format!("{good}\n{{id:1}}\n").into(), 1, "2 -: not JSON: "),
        ("first line", format!("ted\"}}\n{good}\n").into(), 1, "1 -: not JSON: "),
        ("prose", b"Dear all,\nno data\n".to_vec(), 0, "- -: is not recognised: "),
        ("binary", vec![0x7f, b'E', b'L', b'F', 0, 0, 1, 2], 0, "- -: is not text: "),
        ("zip", b"PK\x03\x04....".to_vec(), 0, "- -: is a zip archive"),
        ("cut parquet", b"PAR1....PAR1".to_vec(), 0, "- -: is not a readable Parquet file: "),
        (
            "unreadable time",
            br#"{"event":"a","timestamp":"soon","distinct_id":"u","properties":{}}"#.to_vec(),
            0,
            "1 timestamp: \"soon\" is not a time",
        ),
        ("no event", br#"{"when":1}"#.to_vec(), 0, "1 event: no event name: no column is called "),
        ("no time", b"event,when\na,1\n".to_vec(), 0, "- -: is not recognised: "),
        (
            "ragged CSV",
            b"event,time\na,1700000000\nb\nc,1700000001\n".to_vec(),
            2,
            "3 -: 1 columns where the header has 2",
        ),
        (
            "bytes in CSV",
            b"event,time\na,1700000000\n\xff,1700000001\n".to_vec(),
            1,
            "3 event: not UTF-8",
        ),
    ];
    for (name, bytes, rows, problem) in cases {
        let (_, report) = land_bytes(&bytes, &[]);
        let found = problems(&report);
        assert_eq!(report.rows, rows, "{name}: {found:?}");
        assert!(report.rejected >= 1, "{name}");
        assert!(found.iter().any(|p| p.contains(problem)), "{name}: {found:?}");
    }
}

#[test]
fn files_that_are_not_there_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (_, report) = land_path(&folder.path().join("gone"), &[], 10);
    assert_eq!(problems(&report), ["- -: does not exist"]);
    let (_, report) = land_path(folder.path(), &[], 10);
    assert_eq!(problems(&report), ["- -: is a directory, not a file"]);
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    assert_eq!(open::reason(&denied), "may not be read: no permission");
}

#[test]
fn rejected_records_are_counted_and_the_first_are_kept() {
    let (_, report) = land(&"{\"object\":\"invoice\"}\n".repeat(100));
    assert_eq!((report.rejected, report.problems.len()), (100, 20));
    let rows = "{\"id\":\"in_1\",\"object\":\"invoice\",\"total\":[]}\n";
    let rows: String = (0..100).map(|i| rows.replace("in_1", &format!("in_{i}"))).collect();
    let (_, report) = land(&rows);
    assert_eq!((report.rows, report.diagnostics.len()), (100, 20));
    assert_eq!(report.diagnostics[1].line, Some(2));
    let note = "stripe_log/invoices: total could not be read in 100 rows; 20 are listed";
    assert_eq!(report.notes, [note]);
}

#[test]
fn chunks_hold_objects_before_the_events_that_carried_them() {
    let event = |i: u32| {
        format!(
            r#"{{"id":"evt_{i}","object":"event","type":"customer.updated","created":1700000000,
              "data":{{"object":{{"id":"cus_{i}","object":"customer"}}}}}}"#
        )
        .replace('\n', " ")
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events");
    std::fs::write(&path, (0..10).map(event).collect::<Vec<_>>().join("\n")).unwrap();
    let mut chunks = Vec::new();
    let mut sink = |chunk: Vec<Landed>| {
        let rows = chunk.iter().map(|landed| (landed.table, landed.batch.num_rows()));
        chunks.push(rows.collect::<Vec<_>>());
        Ok(())
    };
    let report = land_file(&path, &[], LANDED_AT, 8, &mut sink).unwrap();
    let chunk = |rows| vec![("stripe_log/customers", rows), ("stripe_log/events", rows)];
    assert_eq!(chunks, [chunk(4), chunk(4), chunk(2)]);
    assert_eq!(report.rows, 20);
    let stop = land_file(&path, &[], LANDED_AT, 8, &mut |_| Err(crate::error::Error::new("full")));
    assert_eq!(stop.unwrap_err().message(), "full");
}

#[test]
fn posthog_lands_alike_from_parquet_and_json_lines() {
    let fixture = |name: &str| {
        let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
        land_path(&PathBuf::from(path), &[], 1000)
    };
    let (lines, report) = fixture("posthog_events.jsonl.gz");
    assert_eq!((report.rows, report.format), (100, "posthog json"));
    let (parquet, report) = fixture("posthog_events.parquet.zst");
    assert_eq!((report.rows, report.format), (100, "posthog parquet"));
    assert_eq!((report.problems.len(), report.diagnostics.len(), report.notes.len()), (0, 0, 0));
    assert_eq!(lines, parquet);
    let batch = &lines["posthog_log/events"];
    assert_eq!(strings(batch, "email")[0], Some("user_0000@example.com"));
    assert_eq!(strings(batch, "groups")[0], Some(r#"{"company":"co_18"}"#));
    let tables = table_schemas();
    let table = tables.iter().find(|(name, ..)| *name == "posthog_log/events").unwrap();
    assert_eq!(batch.schema(), table.1);
}

#[test]
fn posthog_finds_the_address_where_it_is() {
    let event = |i: u32, properties: &str, person: &str| {
        format!(
            r#"{{"uuid":"{i}","event":"e","distinct_id":"d@id.io","timestamp":"2025-01-01T00:00:00Z",
            "created_at":"bad","properties":{properties},"person_properties":{person}}}"#
        )
    };
    let events = [
        event(0, r#"{"email":"p@x.io"}"#, r#"{"email":"q@x.io","stripe_customer_id":"cus_1"}"#),
        event(1, r#"{"email":"p@x.io","$set":{"email":"s@x.io"}}"#, r#"{"email":" "}"#),
        event(2, r#"{"$email":"d@x.io","stripe_customer_id":"cus_2"}"#, "null"),
        event(3, "{}", "{}"),
        event(4, r#""{\"email\":\"t@x.io\"}""#, r#""nonsense""#),
    ];
    let text = format!("[{}]", events.join(","));
    let (tables, report) = land(&text);
    let batch = &tables["posthog_log/events"];
    let emails = [Some("q@x.io"), Some("s@x.io"), Some("d@x.io"), None, Some("t@x.io")];
    assert_eq!(strings(batch, "email"), emails);
    let customers = [Some("cus_1"), None, Some("cus_2"), None, None];
    assert_eq!(strings(batch, "stripe_customer_id"), customers);
    assert_eq!(strings(batch, "properties")[3], None);
    assert_eq!(strings(batch, "person_properties")[4], Some("\"nonsense\""));
    assert_eq!(strings(batch, "source")[0], Some("posthog"));
    assert_eq!(report.diagnostics.len(), 6);
    assert!(report.notes.is_empty());

    let mapped = [mapping("name = 'app'\nemail = 'distinct_id'\naccount = 'properties.email'")];
    let (tables, _) = land_bytes(text.as_bytes(), &mapped);
    let batch = &tables["posthog_log/events"];
    assert_eq!(strings(batch, "email"), [Some("d@id.io"); 5]);
    assert_eq!(strings(batch, "account_id")[0], Some("p@x.io"));

    let (_, report) = land(&event(9, "{}", "{}"));
    assert!(report.notes[0].contains("email = \"distinct_id\""), "{:?}", report.notes);
}

#[test]
fn capture_payloads_are_posthog_without_ids() {
    let (tables, report) = land(
        r#"{"api_key":"phc_x","historical_migration":false,"batch":[{"event":"a","distinct_id":"u",
           "timestamp":"2025-01-01T00:00:00+00:00","properties":{"b":1,"$groups":{"company":"acme"}}},
           {"event":"a","distinct_id":"u","timestamp":"2025-01-01T00:00:00+00:00",
           "properties":{"$groups":{"company":"acme"},"b":1}}]}"#,
    );
    assert_eq!(report.format, "posthog json");
    // The same event twice is one event, whatever the order of its keys: the lake keeps it once.
    assert_eq!(keys(&tables["posthog_log/events"]).len(), 1);
}

#[test]
fn events_of_other_tools_land_alike_from_all_formats() {
    let lines = concat!(
        r#"{"action":"signed_up","occurred_at":"2025-01-01 10:00:00","user_id":7,"mail":"a@x.io","#,
        r#""team_id":"t1","props":{"plan":"pro"},"seats":3,"is_trial":true,"note":null}"#,
        "\n",
        r#"{"action":"left","occurred_at":1735725600.5,"user_id":"8","mail":"","team_id":null,"#,
        r#""props":{},"seats":null,"is_trial":false,"note":"a,\"b\""}"#,
    );
    let csv = "action;occurred_at;user_id;mail;team_id;props;seats;is_trial;note\n\
               signed_up;2025-01-01 10:00:00;7;a@x.io;t1;\"{\"\"plan\"\":\"\"pro\"\"}\";3;true;\n\
               left;1735725600.5;8;;;;;false;\"a,\"\"b\"\"\"\n";
    let (from_lines, report) = land(lines);
    assert_eq!((report.format, report.rows, report.diagnostics.len()), ("events json", 2, 0));
    let guesses: Vec<_> = report.guesses.iter().map(|g| (g.column, &*g.from)).collect();
    assert_eq!(
        guesses,
        [
            ("event", "action"),
            ("occurred_at", "occurred_at"),
            ("distinct_id", "user_id"),
            ("email", "mail"),
            ("account_id", "team_id"),
            ("properties", "props")
        ]
    );
    let batch = &from_lines["files_log/events"];
    assert_eq!(
        strings(batch, "properties"),
        [
            Some(r#"{"plan":"pro","seats":3,"is_trial":true}"#),
            Some(r#"{"is_trial":false,"note":"a,\"b\""}"#)
        ]
    );
    assert_eq!(strings(batch, "email"), [Some("a@x.io"), None]);
    let (from_csv, report) = land(csv);
    assert_eq!((report.format, report.problems.len()), ("events csv", 0));
    assert_eq!(from_csv, from_lines);
    assert_eq!(land(&format!("[{}]", lines.replace('\n', ","))).0, from_lines);
    assert_eq!(land_bytes(&parquet_of(lines), &[]).0, from_lines);
}

/// The same rows as a Parquet file with a column of every kind.
fn parquet_of(lines: &str) -> Vec<u8> {
    // A number and a text share the column of times: as text both are read.
    let lines = lines.replace("1735725600.5", "\"1735725600.5\"").replace(":7,", ":\"7\",");
    let schema = arrow::json::reader::infer_json_schema(lines.as_bytes(), None).unwrap().0;
    let mut reader =
        arrow::json::ReaderBuilder::new(schema.into()).build(lines.as_bytes()).unwrap();
    let batch = reader.next().unwrap().unwrap();
    let mut bytes = Vec::new();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn a_mapping_decides_over_names() {
    let text = "when,who,what.kind,timestamp,row\n1700000000000,u1,click,2020-01-01,1\n";
    let web = mapping(
        "name = 'web'\npath = 'upload'\nevent = 'what.kind'\ntime = 'when'\nuser = 'who'\nid = 'row'",
    );
    let (tables, report) = land_bytes(text.as_bytes(), std::slice::from_ref(&web));
    let batch = &tables["files_log/events"];
    assert_eq!(strings(batch, "event"), [Some("click")]);
    assert_eq!(strings(batch, "uuid"), [Some("1")]);
    assert_eq!(strings(batch, "source"), [Some("web")]);
    assert_eq!(strings(batch, "properties"), [Some(r#"{"timestamp":"2020-01-01"}"#)]);
    assert!(report.guesses.is_empty());
    // The same id is the same event, whatever else changed.
    let (tables, _) = land_bytes(format!("{text}1700000000001,u2,view,,1\n").as_bytes(), &[web]);
    assert_eq!(keys(&tables["files_log/events"]).len(), 1);

    let constant = mapping("name = 'x'\nevent_name = 'login'\ntime = 'at.ts'\ntime_unit = 's'");
    let (tables, _) = land_bytes(br#"{"at":{"ts":5},"uid":"u","type":"web"}"#, &[constant]);
    let batch = &tables["files_log/events"];
    assert_eq!(strings(batch, "event"), [Some("login")]);
    let properties = r#"{"at":{"ts":5},"type":"web"}"#;
    assert_eq!(strings(batch, "properties"), [Some(properties)]);
}

#[test]
fn half_a_surrogate_costs_a_character() {
    let (tables, report) = land(r#"{"event":"e","time":1700000000,"title":"cut \ud83d","n":1.0}"#);
    assert_eq!(report.rejected, 0);
    let properties = strings(&tables["files_log/events"], "properties");
    assert_eq!(properties, [Some("{\"title\":\"cut \u{fffd}\",\"n\":1.0}")]);
}

#[test]
fn objects_without_a_table_are_told() {
    let (tables, report) = land(r#"{"id":"po_1","object":"payout","livemode":true}"#);
    assert!(tables.is_empty());
    assert_eq!(report.notes, ["1 objects of kind payout are not kept: no table"]);
    assert_eq!(report.rejected, 0);
}

#[test]
fn a_preview_shows_five_rows_and_lands_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    let rows: String = (0..500).map(|i| format!("e,{},u{i}\n", 1_700_000_000 + i)).collect();
    std::fs::write(&path, format!("event,time,uid\n{rows}")).unwrap();
    let preview = preview_file(&path, &path, &[], LANDED_AT).unwrap();
    let landed = preview.landed.unwrap();
    assert_eq!((landed.table, landed.batch.num_rows()), ("files_log/events", 5));
    assert!(preview.null_columns.contains(&"email".to_owned()));
    assert!(!preview.null_columns.contains(&"distinct_id".to_owned()));
    assert_eq!((preview.report.rows, preview.report.guesses.len()), (50, 3));
    let gone = folder.path().join("gone");
    let none = preview_file(&gone, &gone, &[], LANDED_AT).unwrap();
    assert!(none.landed.is_none());
    assert_eq!(problems(&none.report), ["- -: does not exist"]);
}

#[test]
fn folders_are_walked_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("b/empty")).unwrap();
    for name in ["b/2.json", "a.csv", "b/1.json", ".hidden", "b/x_manifest.json", "README.md"] {
        std::fs::write(at(name), "{}").unwrap();
    }
    let Expanded { files, rejected, .. } =
        expand(&[folder.path().to_owned(), at("gone"), at("b/empty")]);
    assert_eq!(files, [at("a.csv"), at("b/1.json"), at("b/2.json")]);
    let reasons: Vec<_> = rejected.iter().map(|r| (&r.path, &*r.reason)).collect();
    assert_eq!(reasons, [(&at("gone"), "does not exist"), (&at("b/empty"), "holds no data files")]);
    assert_eq!(hash_file(&at("a.csv")).unwrap(), hash_file(&at("b/1.json")).unwrap());
    assert!(hash_file(&at("gone")).unwrap_err().message().ends_with("does not exist"));
}

#[test]
fn the_sample_company_lands_without_a_complaint() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample");
    let Expanded { files, rejected, .. } =
        expand(&[root.join("stripe_clover"), root.join("product_events.json")]);
    assert_eq!((files.len(), rejected.len()), (13, 0));
    for file in files {
        let (tables, report) = land_path(&file, &[], 1000);
        assert_eq!((report.rejected, report.diagnostics.len()), (0, 0), "{}", file.display());
        assert_eq!(report.notes, Vec::<String>::new(), "{}", file.display());
        let rows: usize = tables.values().map(RecordBatch::num_rows).sum();
        assert_eq!(report.rows, rows as u64);
        let schemas = table_schemas();
        for (table, batch) in tables {
            let (_, schema, time) = schemas.iter().find(|(name, ..)| *name == table).unwrap();
            assert_eq!(batch.schema(), *schema);
            assert_eq!(batch.column_by_name(time).unwrap().null_count(), 0, "{table}.{time}");
        }
    }
}

/// A little of everything, for the mutations below.
const MIXED: &str = concat!(
    r#"{"object":"list","data":[{"id":"in_1","object":"invoice","created":1700000000,"lines":"#,
    r#"{"data":[{"id":"il_1","amount":5,"period":{"start":1}}]}}],"url":"\"/v1\""}"#,
    "\n",
    r#"{"id":"evt_1","object":"event","created":1,"data":{"object":{"id":"c","object":"customer"}}}"#,
    "\n",
    r#"[{"uuid":"u","event":"e","distinct_id":"d","timestamp":1700000000,"properties":{"é":"\ud83d"}}]"#,
    "\n",
    r#"{"event":"e","time":"2025-01-01","email":"a@b.c","props":{"a":[1,{}]}}"#,
);

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    #[test]
    fn no_content_makes_it_panic(cut in 0..MIXED.len(), at in 0..MIXED.len(), byte: u8, from in 0..40_usize) {
        let mut bytes = MIXED.as_bytes().to_vec();
        bytes[at] = byte;
        land_bytes(&bytes[from.min(cut)..cut], &[]);
        land_bytes(&gzip(&bytes)[..cut.min(100)], &[]);
    }
}
