//! Files and formats that are common: compression, separators, raw rows of connectors.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Schema};
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::arrow::ArrowWriter;
use paydirt::sync::files::{FileMapping, land_file};
use paydirt::sync::{FileReport, Landed};

use super::{input, land};
use crate::command::paydirt;
use crate::company::Company;

/// 2025-12-01.
const LANDED_AT: i64 = 1_764_547_200_000_000;

/// What became of a file with that content.
struct Read {
    report: FileReport,
    batches: BTreeMap<&'static str, Vec<RecordBatch>>,
}

fn read_mapped(bytes: impl AsRef<[u8]>, mappings: &[FileMapping]) -> Read {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("upload");
    std::fs::write(&path, bytes).unwrap();
    let mut batches: BTreeMap<&'static str, Vec<RecordBatch>> = BTreeMap::new();
    let mut sink = |chunk: Vec<Landed>| {
        for Landed { table, batch } in chunk {
            batches.entry(table).or_default().push(batch);
        }
        Ok(())
    };
    let report = land_file(&path, mappings, LANDED_AT, 1000, &mut sink).unwrap();
    Read { report, batches }
}

fn read(bytes: impl AsRef<[u8]>) -> Read {
    read_mapped(bytes, &[])
}

impl Read {
    /// Nothing was refused, and this was said.
    #[track_caller]
    fn says(&self, notes: &[&str]) -> &Self {
        assert_eq!(self.report.problems, []);
        assert_eq!(self.report.notes, notes);
        assert!(self.report.diagnostics.is_empty(), "{:?}", self.report.diagnostics);
        self
    }

    /// A text column of a table, `-` for nothing.
    fn column(&self, table: &str, column: &str) -> Vec<String> {
        let batches = self.batches.get(table).into_iter().flatten();
        let texts = batches.flat_map(|batch| {
            let texts = batch.column_by_name(column).unwrap().as_string::<i32>();
            texts.iter().map(|text| text.unwrap_or("-").to_owned()).collect::<Vec<_>>()
        });
        texts.collect()
    }

    fn events(&self, column: &str) -> Vec<String> {
        self.column("files_log/events", column)
    }

    /// What did not land, as `line field: reason`.
    fn problems(&self) -> Vec<String> {
        let line = |line: Option<u64>| line.map_or("-".to_owned(), |line| line.to_string());
        let problems = self.report.problems.iter().map(|problem| {
            let field = problem.field.as_deref().unwrap_or("-");
            format!("{} {field}: {}", line(problem.line), problem.reason)
        });
        problems.collect()
    }
}

fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    zstd::encode_all(bytes.as_ref(), 1).unwrap()
}

/// A frame without data, as pzstd writes them.
fn skippable(number: u8, length: u32) -> Vec<u8> {
    let mut frame = vec![0x50 | number, 0x2a, 0x4d, 0x18];
    frame.extend(length.to_le_bytes());
    frame.extend((0..length).map(|byte| byte as u8));
    frame
}

/// Lines of events.
fn events(from: usize, to: usize) -> String {
    let line = |n: usize| {
        format!("{{\"event\":\"e{n}\",\"timestamp\":{},\"user_id\":\"u\"}}\n", 1_740_823_200 + n)
    };
    (from..to).map(line).collect()
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let fields =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn mapping(text: &str) -> [FileMapping; 1] {
    [toml::from_str(text).unwrap()]
}

#[test]
fn case_04_frames_without_data_may_stand_before_zstd() {
    for name in ["04-pzstd/events.ndjson.zst", "04-pzstd/two-frames.ndjson.zst"] {
        let outcome = land(&Company::new(""), &[name]).remove(0);
        assert_eq!((outcome.new_rows, outcome.report.rejected), (60, 0), "{name}");
        assert_eq!(outcome.report.notes, Vec::<String>::new());
    }
    let [one, two] = [zstd(events(0, 3)), zstd(events(3, 5))];
    let files = [
        [skippable(0, 4), one.clone(), skippable(0, 4), two.clone()].concat(),
        [skippable(15, 0), skippable(7, 300_000), one.clone(), two.clone()].concat(),
        [one.clone(), skippable(1, 9), skippable(2, 0), two.clone(), skippable(3, 500_000)]
            .concat(),
        [skippable(5, 1), zstd(""), one.clone(), zstd(""), two.clone()].concat(),
    ];
    for file in files {
        assert_eq!(read(file).says(&[]).events("event"), ["e0", "e1", "e2", "e3", "e4"]);
    }
    // A table may be in such a file too.
    let table = parquet(vec![("event", texts(&["a"])), ("time", texts(&["2025-03-01"]))]);
    assert_eq!(read([skippable(0, 4), zstd(table)].concat()).events("event"), ["a"]);
}

#[test]
fn case_04_what_else_has_frames_without_data_keeps_its_name() {
    let lz4 = [0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7];
    let legacy = [0x02, 0x21, 0x4c, 0x18, 0x64, 0x40, 0xa7, 0x00];
    for file in [lz4.to_vec(), legacy.to_vec(), [skippable(0, 12), lz4.to_vec()].concat()] {
        assert_eq!(read(file).problems(), ["- -: is compressed with lz4; gzip and zstd are read"]);
    }
    assert_eq!(read(skippable(0, 4)).problems(), ["- -: is empty"]);
    let problem = read([skippable(0, 4), vec![0, 1, 2, 3, 4, 5, 6, 7]].concat()).problems();
    assert_eq!(problem, ["- -: is not text: neither JSON, CSV nor Parquet"]);
    let whole = [skippable(0, 4), zstd(events(0, 2000))].concat();
    let cut = read(&whole[..whole.len() - 5]);
    assert!(cut.problems()[0].contains("is cut off"), "{:?}", cut.problems());
}

#[test]
fn case_05_what_follows_the_last_member_is_no_fault() {
    let ignored = "18 bytes behind the end of the gzip data are no gzip and were ignored";
    for (name, notes) in [
        ("05-gzip-members/three-members.ndjson.gz", vec![]),
        ("05-gzip-members/zero-padded.ndjson.gz", vec![]),
        ("05-gzip-members/trailing-garbage.ndjson.gz", vec![ignored.to_owned()]),
    ] {
        let outcome = land(&Company::new(""), &[name]).remove(0);
        assert_eq!((outcome.new_rows, outcome.report.rejected), (60, 0), "{name}");
        assert_eq!(outcome.report.notes, notes, "{name}");
    }
    let company = Company::new("");
    let path = input("05-gzip-members/trailing-garbage.ndjson.gz");
    let said = paydirt(company.root(), &["sync", "files", path.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains(ignored), "{}", said.err);

    let [one, two] = [gzip(events(0, 3)), gzip(events(3, 5))];
    let zeros = |length: usize| vec![0_u8; length];
    for (file, notes) in [
        ([one.clone(), zeros(600_000), two.clone(), zeros(1)].concat(), None),
        ([gzip(""), one.clone(), gzip(""), two.clone(), gzip("")].concat(), None),
        ([one.clone(), two.clone(), b"x".to_vec()].concat(), Some(1)),
        ([one.clone(), two.clone(), zeros(512), vec![b'\n'; 300_000]].concat(), Some(300_000)),
    ] {
        let note = notes.map(|bytes| {
            format!("{bytes} bytes behind the end of the gzip data are no gzip and were ignored")
        });
        let file = read(file);
        file.says(&note.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(file.events("event"), ["e0", "e1", "e2", "e3", "e4"]);
    }
}

#[test]
fn case_05_a_member_may_end_anywhere() {
    let event = |n: usize| format!("e{n}");
    // Members of all sizes, so that their ends lie anywhere in what is read at a time.
    let mut file = Vec::new();
    let (mut from, mut members) = (0, 0);
    while file.len() < 600_000 {
        let to = from + members % 7;
        file.extend(gzip(events(from, to)));
        from = to;
        members += 1;
    }
    assert_eq!(read(&file).says(&[]).events("event"), (0..from).map(event).collect::<Vec<_>>());
    // The second member begins at the last bytes of the first 256 KiB.
    for early in 0..12 {
        let padding = "x".repeat(1 << 18);
        let first = events(0, 1).replace("\"u\"", &format!("\"{padding}\""));
        let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
        encoder.write_all(first.as_bytes()).unwrap();
        let mut long = encoder.finish().unwrap();
        let start = long.len().next_multiple_of(1 << 18) - early;
        long.resize(start, 0);
        let file = [long, gzip(events(1, 2))].concat();
        assert_eq!(read(file).says(&[]).events("event"), ["e0", "e1"], "{early}");
    }
}

#[test]
fn case_05_a_member_that_is_cut_off_is_an_error() {
    let [one, two] = [gzip(events(0, 3)), gzip(events(3, 200))];
    let whole = [one.clone(), two].concat();
    for length in one.len() + 1..whole.len() {
        let cut = read(&whole[..length]);
        let problems = cut.problems().join("\n");
        assert!(problems.contains("is cut off: its compressed data ends"), "{length}: {problems}");
        assert!(cut.report.is_cut || cut.report.rejected > 0);
    }
    let mut damaged = whole.clone();
    let place = damaged.len() - 6;
    damaged[place] ^= 1;
    assert_eq!(read(damaged).report.rejected, 1);
}

#[test]
fn case_07_the_separator_gives_all_rows_as_many_columns() {
    for (name, rows) in [
        ("pipe.csv", 2),
        ("semicolon-commas-in-header.csv", 2),
        ("excel-sep-line.csv", 1),
        ("cr-only.csv", 2),
        ("newline-in-quotes.csv", 2),
    ] {
        let company = Company::new("");
        let outcome = land(&company, &[&format!("07-separators/{name}")]).remove(0);
        assert_eq!((outcome.new_rows, outcome.report.rejected), (rows, 0), "{name}");
        let first =
            "select event, email, occurred_at from product.events order by occurred_at limit 1";
        let signed_up = "signed_up | a@oakline-studio.com | 2025-03-01T10:00:00Z";
        assert_eq!(company.open().value(first), signed_up, "{name}");
    }
    let read = |text: &str| {
        let file = read(text);
        file.says(&[]);
        file.events("properties")
    };
    let cases = [
        // What a program calls a table of one separator may hold all others.
        ("time|event|a,b;c\n1740823200|x|1,2;3\n1740823201|y|4,5;6\n", r#"{"a,b;c":"1,2;3"}"#),
        (
            "time;event;a, b, c, d, e\n1740823200;x;1, 2, 3, 4, 5\n",
            r#"{"a, b, c, d, e":"1, 2, 3, 4, 5"}"#,
        ),
        ("time;event;\"a, b\";c\n1740823200;x;\"1, 2\";3\n", r#"{"a, b":"1, 2","c":3}"#),
        ("\"time\",\"event\",\"a;b|c\"\n1740823200,x,1;2|3\n", r#"{"a;b|c":"1;2|3"}"#),
        ("time\tevent\ta|b;c\n1740823200\tx\t1|2;3\n", r#"{"a|b;c":"1|2;3"}"#),
        ("time,event,note\n1740823200,x,\"a;b\nc;d\"\n", r#"{"note":"a;b\nc;d"}"#),
        ("\u{feff}sep=|\r\ntime|event|a,b,c,d\r\n1740823200|x|1\r\n", r#"{"a,b,c,d":1}"#),
        ("SEP=\t\ntime\tevent\ta\n1740823200\tx\t1\n", r#"{"a":1}"#),
        ("\"sep=,\"\r1time,time,event,a\r1,1740823200,x,1\r", r#"{"1time":1,"a":1}"#),
    ];
    for (text, properties) in cases {
        assert_eq!(read(text)[0], properties, "{text}");
    }
    // The header alone may be all that the first member holds.
    let members = [gzip("time;event;\"a, b\"\n"), gzip("1740823200;x;\"1, 2\"\n")].concat();
    assert_eq!(self::read(members).says(&[]).events("properties"), [r#"{"a, b":"1, 2"}"#]);
}

#[test]
fn case_07_lines_are_counted_from_the_first() {
    let file = read("sep=;\ntime;event\n1740823200;x\nsoon;y\n1740823200\n");
    assert_eq!(
        file.problems(),
        ["4 time: \"soon\" is not a time", "5 -: 1 columns where the header has 2"]
    );
    // A row that is not whole decides nothing.
    let file =
        read("time;event;\"a, b\"\n1740823200;x;\"1, 2\"\n1740823201;y\n1740823202;z;\"1, 2\"\n");
    assert_eq!(file.problems(), ["3 -: 2 columns where the header has 3"]);
    assert_eq!(file.events("event"), ["x", "z"]);
}

#[test]
fn case_09_a_column_that_counts_may_not_be_there_twice() {
    let company = Company::new("");
    for (name, field, reason) in [
        (
            "events-join-users.csv",
            "created_at",
            "columns 3 and 6 have this name, and nothing tells which of them is the time of the event",
        ),
        ("users-join-events.csv", "created_at", "columns 3 and 6 have this name"),
        (
            "empty-first.csv",
            "email",
            "columns 3 and 5 have this name, and nothing tells which of them is the e-mail address",
        ),
    ] {
        let outcome = land(&company, &[&format!("09-duplicate-headers/{name}")]).remove(0);
        assert_eq!((outcome.new_rows, outcome.report.rejected), (0, 1), "{name}");
        let problem = &outcome.report.problems[0];
        assert_eq!(problem.field.as_deref(), Some(field));
        assert!(problem.reason.starts_with(reason), "{}", problem.reason);
        let hint = format!("`select e.{field} as event_{field}`");
        assert!(problem.reason.contains(&hint), "{}", problem.reason);
    }
    // A file that was refused is not taken for landed.
    let path = input("09-duplicate-headers/events-join-users.csv");
    let said = paydirt(company.root(), &["sync", "files", path.to_str().unwrap()]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("field `created_at`: columns 3 and 6"), "{}", said.err);
    let refused = [
        // A preset's places, PostHog's own, an object of Stripe, and what is looked for inside.
        ("messageId,type,event,timestamp,userId,userId\nm,track,e,2025-03-01,u,v\n", "userId"),
        (
            "uuid,event,distinct_id,timestamp,properties,properties\nu,e,d,2025-03-01,{},{}\n",
            "properties",
        ),
        ("event,time,user,user\ne,2025-03-01,\"{\"\"email\"\":\"\"a@x.io\"\"}\",{}\n", "user"),
        ("event,time,props,props\ne,2025-03-01,{},{}\n", "props"),
    ];
    for (text, name) in refused {
        let file = read(text);
        assert!(file.batches.is_empty() && file.report.is_cut, "{text}");
        let problem = file.problems().remove(0);
        assert!(problem.starts_with(&format!("- {name}: columns ")), "{problem}");
    }
    // What the mapping names is no better, unless it is one of them.
    let text = "event,at,at,time\ne,2025-03-01,2025-03-02,2025-03-03\n";
    let given = |time: &str| mapping(&format!("name = 'x'\ntime = '{time}'"));
    assert_eq!(read_mapped(text, &given("at")).report.rejected, 1);
    let file = read_mapped(text, &given("at_2"));
    file.says(&["columns 2 and 3 are called `at`: they are read as `at` and `at_2`"]);
    assert_eq!(file.events("properties"), [r#"{"at":"2025-03-01","time":"2025-03-03"}"#]);
}

#[test]
fn case_09_a_property_that_is_there_twice_is_numbered() {
    let note = "columns 3 and 5 are called `plan`: they are read as `plan` and `plan_2`";
    let file = read("time,event,plan,id,plan,id,\n1740823200,x,free,1,pro,2,z\n");
    file.says(&[note, "columns 4 and 6 are called `id`: they are read as `id` and `id_2`"]);
    let properties = r#"{"plan":"free","id":1,"plan_2":"pro","id_2":2}"#;
    assert_eq!(file.events("properties"), [properties]);
    // Of a tool's export too.
    let file = read("messageId,type,event,timestamp,a,a\nm,track,e,2025-03-01,1,2\n");
    file.says(&["columns 5 and 6 are called `a`: they are read as `a` and `a_2`"]);
    assert_eq!(file.events("properties"), [r#"{"a":1,"a_2":2}"#]);

    let columns = |second: &'static str| {
        parquet(vec![
            ("event", texts(&["x"])),
            ("time", texts(&["2025-03-01"])),
            ("plan", texts(&["free"])),
            (second, texts(&["pro"])),
        ])
    };
    let file = read(columns("plan"));
    file.says(&["columns 3 and 4 are called `plan`: they are read as `plan` and `plan_2`"]);
    assert_eq!(file.events("properties"), [r#"{"plan":"free","plan_2":"pro"}"#]);
    let file = read(columns("time"));
    assert!(file.problems()[0].starts_with("- time: columns 2 and 4 have this name"));
    // Also where whole columns are taken at a time.
    let time = |text: &str| {
        arrow::compute::cast(
            &texts(&[text]),
            &DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None),
        )
        .unwrap()
    };
    let posthog = |second: &'static str| {
        parquet(vec![
            ("uuid", texts(&["u"])),
            ("event", texts(&["x"])),
            ("distinct_id", texts(&["d"])),
            ("timestamp", time("2025-03-01T00:00:00")),
            ("properties", texts(&["{}"])),
            (second, time("2025-03-02T00:00:00")),
        ])
    };
    let file = read(posthog("timestamp"));
    assert!(file.problems()[0].starts_with("- timestamp: columns 4 and 6 have this name"));
    assert_eq!(read(posthog("other")).says(&[]).report.rows, 1);
}

#[test]
fn case_09_a_key_that_is_there_twice_says_so() {
    let note = |count: u32, name: &str, line: u32| {
        format!(
            "{count} records give a name twice in one object (the first: `{name}`, line {line}): the \
             last value counts"
        )
    };
    let file = read(concat!(
        r#"{"event":"a","timestamp":1740823200,"plan":"x"}"#,
        "\n",
        r#"{"event":"b","timestamp":1740823201,"plan":"x","plan":"y"}"#,
        "\n",
        r#"{"event":"c","timestamp":1740823202,"event":"d","properties":{"n":1,"n":2}}"#,
        "\n",
    ));
    file.says(&[&note(2, "plan", 2)]);
    assert_eq!(file.events("event"), ["a", "b", "d"]);
    let properties = [r#"{"plan":"x"}"#, r#"{"plan":"y"}"#, r#"{"n":2}"#];
    assert_eq!(file.events("properties"), properties);
    let file =
        read(r#"{"type":"track","messageId":"m","event":"a","timestamp":1740823200,"event":"b"}"#);
    file.says(&[&note(1, "event", 1)]);
    assert_eq!(file.events("event"), ["b"]);
    // In the text of a cell.
    let file = read("event,time,properties\na,1740823200,\"{\"\"n\"\":1,\"\"n\"\":2}\"\n");
    assert_eq!(file.events("properties"), [r#"{"n":2}"#]);
    let reason = "gives `n` twice in one object: the last value counts";
    assert_eq!(file.report.diagnostics[0].reason, reason);
}

#[test]
fn case_19_what_programs_write_beside_json_lands() {
    let company = Company::new("");
    let outcome = land(&company, &["19-odd-json/events.ndjson"]).remove(0);
    assert_eq!((outcome.new_rows, outcome.report.rejected), (7, 0), "{outcome:?}");
    assert_eq!(
        outcome.report.notes,
        [
            "1 byte order marks between records are skipped: one file was put behind another",
            "2 values NaN or Infinity are taken as NULL",
            "1 records give a name twice in one object (the first: `event`, line 7): the last value \
             counts",
        ]
    );
    let rows =
        company.open().rows("select event, properties from files_log.events order by occurred_at");
    assert_eq!(
        rows,
        [
            "a | {\"title\":\"cut \u{fffd}\"}",
            "b | {\"title\":\"ok 😀 and \u{fffd}\"}",
            "c | {\"score\":null,\"max\":null}",
            "d | {\"n\":12345678901234567890123,\"f\":0.1000000000000000055511151231257827}",
            "e | {\"nul\":\"x\\u0000y\"}",
            "f | NULL",
            "h | NULL",
        ]
    );
}

#[test]
fn case_19_only_values_are_taken_as_null() {
    let file = read(concat!(
        r#"{"event":"NaN","timestamp":1740823200,"a":"NaN, \"Infinity","NaN":[NaN,-Infinity,1],"s":"\ud83d"}"#,
        "\n\u{feff}",
        r#"{"id":"cus_1","object":"customer","created":1740823200,"balance":NaN,"name":"NaN"}"#,
        "\n",
        r#"{"uuid":"u","event":"p","distinct_id":"NaN","timestamp":"2025-03-01","properties":{"x":Infinity}}"#,
    ));
    file.says(&[
        "1 byte order marks between records are skipped: one file was put behind another",
        "4 values NaN or Infinity are taken as NULL",
    ]);
    assert_eq!(file.events("event"), ["NaN"]);
    let properties = "{\"a\":\"NaN, \\\"Infinity\",\"NaN\":[null,null,1],\"s\":\"\u{fffd}\"}";
    assert_eq!(file.events("properties"), [properties]);
    assert_eq!(file.column("stripe_log/customers", "name"), ["NaN"]);
    assert_eq!(file.column("posthog_log/events", "properties"), [r#"{"x":null}"#]);
    // What an event needs is not there, if it is none.
    let file = read(r#"{"event":"a","timestamp":NaN}"#);
    assert_eq!(file.problems(), ["1 timestamp: no time: the field is missing"]);
    for text in
        [r#"{"event":"a","timestamp":1,"n":nan}"#, r#"{"event":"a","timestamp":1,"n":NaN7}"#]
    {
        assert!(read(text).problems()[0].starts_with("1 -: not JSON"), "{text}");
    }
    // JSON in a cell of a table.
    let file =
        read("event,time,properties\na,1740823200,\"{\"\"n\"\":NaN,\"\"s\"\":\"\"NaN\"\"}\"\n");
    assert_eq!(file.events("properties"), [r#"{"n":null,"s":"NaN"}"#]);
    let reason = "1 values NaN or Infinity are taken as NULL";
    assert_eq!(file.report.diagnostics[0].reason, reason);
}

#[test]
fn case_19_files_behind_one_another_are_read_one_by_one() {
    let file = read(
        format!(
            "\u{feff}[{}]\u{feff}{}\u{feff}{{\"event\":\"e2\",\n",
            events(0, 1).trim(),
            events(1, 2).trim()
        ) + "\u{feff}"
            + &events(3, 5),
    );
    assert_eq!(file.problems(), ["1 -: truncated JSON: the line ends inside the record"]);
    assert_eq!(file.events("event"), ["e0", "e1", "e3", "e4"]);
    let note = "3 byte order marks between records are skipped: one file was put behind another";
    assert_eq!(file.report.notes, [note]);
    // Over more than one block.
    let many: String =
        (0..30).map(|part| events(part * 2000, part * 2000 + 2000) + "\u{feff}").collect();
    let file = read(&many);
    let note = "30 byte order marks between records are skipped: one file was put behind another";
    assert_eq!(file.says(&[note]).report.rows, 60_000);
}

const CUSTOMER: &str = r#"{"id":"cus_AB1","object":"customer","created":1740823200,"email":"pay@raw-export.com","livemode":true}"#;
const EVENT: &str = r#"{"event":"signed_up","timestamp":"2025-03-01T10:00:00Z","email":"a@oakline-studio.com","plan":"pro"}"#;
const POSTHOG: &str = r#"{"uuid":"u1","event":"opened","distinct_id":"d","timestamp":"2025-03-01T10:00:00Z","properties":{}}"#;
const SEGMENT: &str = r#"{"type":"track","messageId":"m1","event":"shared","timestamp":"2025-03-01T10:00:00Z","userId":"u"}"#;

/// The text of JSON as JSON.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// As a cell of CSV.
fn cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// All four landed, as what they are.
#[track_caller]
fn all_landed(file: &Read, what: &str) {
    assert_eq!(file.report.problems, [], "{what}");
    assert_eq!(file.column("stripe_log/customers", "email"), ["pay@raw-export.com"], "{what}");
    assert_eq!(file.column("posthog_log/events", "uuid"), ["u1"], "{what}");
    let mut events = file.events("event");
    events.sort();
    assert_eq!(events, ["shared", "signed_up"], "{what}");
    assert!(file.events("properties").contains(&r#"{"plan":"pro"}"#.to_owned()), "{what}");
}

#[test]
fn case_25_rows_of_connectors_land_as_what_they_carry() {
    let company = Company::new("");
    for name in ["customers.jsonl", "jsonb-key-order.json", "search-result.json"] {
        let outcome = land(&company, &[&format!("25-raw-connector-rows/{name}")]).remove(0);
        assert_eq!(outcome.report.rejected, 0, "{outcome:?}");
        assert_eq!(outcome.report.rows, 1, "{outcome:?}");
    }
    let customers = "select customer_id, email from stripe.customers";
    assert_eq!(company.open().rows(customers), ["cus_AB1 | pay@raw-export.com"]);

    let objects = [CUSTOMER, EVENT, POSTHOG, SEGMENT];
    let rows = [
        (
            "_airbyte_data",
            r#"{"_airbyte_raw_id":"r","_airbyte_meta":{"changes":[]},"_airbyte_data":OBJECT}"#,
        ),
        (
            "_airbyte_data",
            r#"{"_airbyte_ab_id":"r","_airbyte_data":TEXT,"_airbyte_emitted_at":"2025-12-31 10:00:00"}"#,
        ),
        ("_AIRBYTE_DATA", r#"{"_AIRBYTE_DATA":OBJECT,"_AIRBYTE_RAW_ID":"r"}"#),
        (
            "record",
            r#"{"type":"RECORD","stream":"s","record":OBJECT,"time_extracted":"2025-12-31T10:00:00Z"}"#,
        ),
        ("data", r#"{"_fivetran_synced":"2025-12-31","_fivetran_id":"f","id":"1","data":OBJECT}"#),
        ("raw", r#"{"raw":TEXT,"_fivetran_synced":"2025-12-31"}"#),
        ("RECORD_CONTENT", r#"{"RECORD_METADATA":{"offset":1},"RECORD_CONTENT":OBJECT}"#),
        ("DATA", r#"{"DATA":TEXT}"#),
        ("value", r#"{"_sdc_batched_at":"2025-12-31","_sdc_sequence":1,"value":OBJECT}"#),
        ("payload", r#"{"id":7,"created_at":"2025-12-31","payload":OBJECT}"#),
    ];
    for (column, row) in rows {
        let shape = |o: &str| row.replace("OBJECT", o).replace("TEXT", &quoted(o));
        let lines = objects.map(shape).join("\n");
        let file = read(&lines);
        all_landed(&file, &lines);
        let note = format!("4 rows are read as the object in their column `{column}`");
        assert_eq!(file.report.notes, [note]);
        // As a list too.
        all_landed(&read(format!("[{}]", objects.map(shape).join(","))), &lines);
    }
    let protocol = |o: &str| {
        format!(
            r#"{{"type":"RECORD","record":{{"stream":"s","data":{o},"emitted_at":1767171261410}}}}"#
        )
    };
    all_landed(&read(objects.map(protocol).join("\n")), "protocol");
}

#[test]
fn case_25_tables_of_connectors_land_as_what_they_carry() {
    let objects = [CUSTOMER, EVENT, POSTHOG, SEGMENT];
    let note = |column: &str| [format!("4 rows are read as the object in their column `{column}`")];
    let airbyte = objects.map(|o| format!("r,2025-12-31,{},{{}}", cell(o)));
    let header = "_airbyte_raw_id,_airbyte_extracted_at,_airbyte_data,_airbyte_meta";
    let file = read(format!("{header}\n{}\n", airbyte.join("\n")));
    all_landed(&file, "airbyte csv");
    assert_eq!(file.report.notes, note("_airbyte_data"));
    let webhook = objects.map(|o| format!("f,2025-12-31,{}", cell(o)));
    let file = read(format!("_id,_created,event\n{}\n", webhook.join("\n")));
    all_landed(&file, "webhook");
    let file = read(format!("DATA\n{}\n", objects.map(cell).join("\n")));
    all_landed(&file, "one column");
    let file = read(format!("{header}\nr,2025-12-31,{},\n", cell(CUSTOMER)));
    assert_eq!(file.report.format, "stripe csv");

    let synced = texts(&["2025-12-31"; 4]);
    let file = read(parquet(vec![("_fivetran_synced", synced.clone()), ("data", texts(&objects))]));
    all_landed(&file, "parquet");
    assert_eq!(file.report.notes, note("data"));
    // An object of its own type.
    let fields: Vec<(Arc<Field>, ArrayRef)> =
        [("id", "cus_1"), ("object", "customer"), ("email", "a@x.io")]
            .map(|(name, value)| {
                (Arc::new(Field::new(name, DataType::Utf8, true)), texts(&[value]))
            })
            .to_vec();
    let object: ArrayRef = Arc::new(StructArray::from(fields));
    let file = read(parquet(vec![("_airbyte_raw_id", texts(&["r"])), ("_airbyte_data", object)]));
    assert_eq!(file.column("stripe_log/customers", "email"), ["a@x.io"]);
    // A mapping speaks of what is inside.
    let given = mapping("name = 'app'\nevent = 'what'\ntime = 'at'");
    let inner = r#"{"what":"x","at":"2025-03-01","who":1}"#;
    let file = read_mapped(format!("_airbyte_data\n{}\n", cell(inner)), &given);
    assert_eq!(file.events("properties"), [r#"{"who":1}"#]);
    let given = mapping("name = 'app'\npreset = 'segment'");
    let file = read_mapped(format!("_airbyte_data\n{}\n", cell(SEGMENT)), &given);
    assert_eq!(
        (file.events("event"), file.events("source")),
        (vec!["shared".into()], vec!["app".into()])
    );
}

#[test]
fn case_25_messages_without_rows_are_counted() {
    let singer = concat!(
        r#"{"type":"SCHEMA","stream":"s","schema":{"properties":{}},"key_properties":["id"]}"#,
        "\n",
        r#"{"type":"RECORD","stream":"s","record":{"id":"cus_1","object":"customer"},"version":1}"#,
        "\n",
        r#"{"type":"STATE","value":{"bookmarks":{}}}"#,
        "\n",
        r#"{"type":"STATE","value":{"bookmarks":{}}}"#,
        "\n",
        r#"{"type":"ACTIVATE_VERSION","stream":"s","version":1}"#,
        "\n",
    );
    let file = read(singer);
    file.says(&[
        "1 ACTIVATE_VERSION messages of a connector are left out: they hold no rows",
        "1 SCHEMA messages of a connector are left out: they hold no rows",
        "2 STATE messages of a connector are left out: they hold no rows",
        "1 rows are read as the object in their column `record`",
    ]);
    assert_eq!(file.report.rows, 1);
    let airbyte = concat!(
        r#"{"type":"LOG","log":{"level":"INFO","message":"x"}}"#,
        "\n",
        r#"{"type":"TRACE","trace":{"type":"STREAM_STATUS"}}"#,
        "\n",
        r#"{"type":"STATE","state":{"type":"STREAM"}}"#,
        "\n",
    );
    assert_eq!(
        read(airbyte)
            .says(&[
                "1 LOG messages of a connector are left out: they hold no rows",
                "1 STATE messages of a connector are left out: they hold no rows",
                "1 TRACE messages of a connector are left out: they hold no rows",
            ])
            .report
            .rows,
        0
    );
    let batch =
        r#"{"type":"BATCH","stream":"s","encoding":{"format":"jsonl"},"manifest":["a.gz"]}"#;
    assert!(read(batch).problems()[0].contains("its rows are in the files that it names"));
    let marked = concat!(
        r#"{"_fivetran_deleted":true,"data":{"id":"cus_1","object":"customer"}}"#,
        "\n",
        r#"{"_airbyte_data":"{\"id\":\"cus_2\",\"object\":\"customer\",\"is_deleted\":true}"}"#,
    );
    let file = read(marked);
    let notes = file.report.notes.join("\n");
    assert!(notes.contains("2 rows are marked as deleted by their connector"), "{notes}");
}

#[test]
fn case_25_what_is_an_event_itself_is_not_unwrapped() {
    let events = [
        r#"{"type":"RECORD","data":{"event":"x"},"created_at":"2025-03-01","user_id":1}"#,
        r#"{"name":"a","data":{"event":"x"},"created_at":"2025-03-01"}"#,
    ];
    for text in events {
        let file = read(text);
        file.says(&[]);
        assert_eq!(file.events("properties"), [r#"{"event":"x"}"#], "{text}");
    }
    let given = mapping("name = 'app'\nevent_name = 'synced'");
    let file = read_mapped(r#"{"id":1,"data":{"event":"x"},"created_at":"2025-03-01"}"#, &given);
    assert_eq!(file.says(&[]).events("event"), ["synced"]);
    // What is inside is refused by its own name.
    let file = read(r#"{"_airbyte_data":{"id":1,"kind":"x"}}"#);
    assert!(file.problems()[0].starts_with("1 event: no event name"), "{:?}", file.problems());
    let file = read(r#"{"_airbyte_data":"{\"id\":1"}"#);
    assert!(file.problems()[0].starts_with("1 -: truncated JSON"), "{:?}", file.problems());
    let file = read("id,event,created_at\n1,signed_up,2025-03-01\n");
    assert_eq!(file.says(&[]).events("event"), ["signed_up"]);
    let file = read("id,value\n1,2\n3,4\n");
    assert!(file.problems()[0].starts_with("- -: is not recognised"), "{:?}", file.problems());
    assert_eq!(file.report.rejected, 1);
}
