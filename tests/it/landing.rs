//! Landing: the same data in any files, order and pieces, and after any crash, is the same rows;
//! what is broken is named and the rest lands.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::command::paydirt;
use crate::company::{Company, landed_sample, sample};
use crate::stripe::{customer, list, subscription};

/// The sample's files: name and content.
fn sample_files() -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(sample("stripe_clover"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .chain([sample("product_events.json")])
        .collect();
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// The records of a list response or an array.
fn records(text: &str) -> Vec<Value> {
    let value: Value = serde_json::from_str(text).unwrap();
    match value.get("data") {
        Some(data) => data.as_array().unwrap().clone(),
        None => value.as_array().unwrap().clone(),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_same_files_again_add_nothing() {
    let company = landed_sample().copy();
    let before = company.open().landed_keys();
    assert!(before.len() > 100, "{}", before.len());
    for outcome in company.land(&[sample("stripe_clover"), sample("product_events.json")]) {
        assert!(outcome.was_known, "{}", outcome.report.path.display());
    }
    // Other bytes, the same content: nothing is known, and everything is there.
    for (name, text) in sample_files() {
        let value: Value = serde_json::from_str(&text).unwrap();
        let outcome = company.land_text(&name, serde_json::to_string_pretty(&value).unwrap());
        assert_eq!((outcome.was_known, outcome.new_rows), (false, 0), "{name}");
    }
    assert_eq!(company.open().landed_keys(), before);
}

#[test]
fn pieces_in_another_order_are_the_same_rows() {
    let company = Company::like_sample();
    let mut pieces = vec![];
    for (name, text) in sample_files().into_iter().rev() {
        let mut lines: Vec<String> = records(&text).iter().map(Value::to_string).collect();
        lines.reverse();
        // Pieces overlap by a line.
        let half = lines.len() / 2;
        pieces.push((format!("{name}.1.ndjson"), lines[half..].join("\n")));
        pieces.push((format!("{name}.2.ndjson"), lines[..(half + 1).min(lines.len())].join("\n")));
    }
    for (name, text) in pieces.iter().filter(|(_, text)| !text.is_empty()) {
        let outcome = company.land_text(name, text);
        assert_eq!(outcome.report.problems, [], "{name}");
    }
    assert_eq!(company.open().landed_keys(), landed_sample().open().landed_keys());
}

#[test]
fn compressed_files_land_alike() {
    let company = Company::like_sample();
    for (place, (name, text)) in sample_files().into_iter().enumerate() {
        let packed = match place % 2 {
            0 => gzip(text.as_bytes()),
            _ => zstd::encode_all(text.as_bytes(), 1).unwrap(),
        };
        // The name does not tell.
        company.land_text(&name, packed);
    }
    assert_eq!(company.open().landed_keys(), landed_sample().open().landed_keys());
}

/// Starts landing the sample.
fn start(company: &Company) -> std::process::Child {
    Command::new(assert_cmd::cargo::cargo_bin!("paydirt"))
        .arg("--project")
        .arg(company.root())
        .args(["sync", "files"])
        .args([sample("stripe_clover"), sample("product_events.json")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn killed_at_any_point_it_lands_the_same_rows_the_next_time() {
    let expected = landed_sample().open().landed_keys();
    let whole = Company::like_sample();
    let began = Instant::now();
    assert!(start(&whole).wait().unwrap().success());
    let length = began.elapsed();
    assert_eq!(whole.open().landed_keys(), expected);

    let company = Company::like_sample();
    let mut killed = 0;
    for round in 1..=8 {
        let jitter = began.elapsed().subsec_nanos() % 20;
        let mut landing = start(&company);
        std::thread::sleep(length * round / 10 + Duration::from_millis(jitter.into()));
        let _ = landing.kill();
        killed += u32::from(!landing.wait().unwrap().success());
        // What is there by now can be read, and has no row twice.
        let there = company.open().landed_keys();
        assert!(there.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(there.iter().all(|key| expected.binary_search(key).is_ok()));
    }
    assert!(killed > 0, "no landing was killed: all were faster than {length:?}");
    assert!(start(&company).wait().unwrap().success());
    assert_eq!(company.open().landed_keys(), expected);
}

#[test]
fn two_landings_at_once_land_each_row_once() {
    let company = Company::like_sample();
    let (mut one, mut other) = (start(&company), start(&company));
    assert!(one.wait().unwrap().success());
    assert!(other.wait().unwrap().success());
    assert_eq!(company.open().landed_keys(), landed_sample().open().landed_keys());
}

#[test]
fn a_project_does_not_land_its_own_lake() {
    let company = landed_sample().copy();
    let before = company.open().landed_keys();
    std::fs::copy(sample("product_events.json"), company.root().join("events.json")).unwrap();
    let said = paydirt(company.root(), &["sync", "files", "."]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(company.open().landed_keys(), before);
}

#[test]
fn broken_files_land_what_is_whole_and_name_the_rest() {
    let object = |id: &str| customer(id, 100, None, json!({})).to_string();
    let company = Company::new("");
    let cut =
        format!("{{\"object\":\"list\",\"data\":[{},\n{{\"id\":\"cus_x\",\"obj", object("cus_1"));
    company.write("in/cut.json", cut);
    company.write("in/type.ndjson", format!("{}\n42\n{}\n", object("cus_2"), object("cus_3")));
    let whole = object("cus_4");
    let latin = [whole.as_bytes(), b"\n{\"id\":\"cus_\xff\",\"object\":\"customer\"}\n"].concat();
    company.write("in/latin.ndjson", latin);
    company.write("in/empty.json", "");
    company.write("in/prose.txt", "Dear all,\nthe export follows.\n");
    company.write("in/folder/good.json", object("cus_5"));
    let packed = gzip(format!("{}\n", object("cus_6")).repeat(5000).as_bytes());
    company.write("in/cut.json.gz", &packed[..packed.len() / 2]);

    let said = paydirt(company.root(), &["sync", "files", "in", "gone.json"]);
    assert_eq!(said.code, 2, "{}", said.err);
    for sentence in [
        "error: gone.json: does not exist",
        "error: in/cut.json:2: truncated JSON",
        "error: in/type.ndjson:2: is a number, not a JSON object",
        "error: in/latin.ndjson:2: not UTF-8",
        "error: in/empty.json: is empty",
        "error: in/prose.txt: is not recognised",
        "is cut off: its compressed data ends too early",
        "hint: ",
    ] {
        assert!(said.err.contains(sentence), "{sentence}\n{}", said.err);
    }
    let database = company.open();
    assert_eq!(
        database.rows("select id from stripe_log.customers order by id"),
        ["cus_1", "cus_2", "cus_3", "cus_4", "cus_5", "cus_6"]
    );
    let told = "select count(distinct path) from system.diagnostics where kind = 'rejected'";
    assert_eq!(database.value(told), "6");

    // Mended, the rest lands as well.
    let mended =
        list(&[customer("cus_1", 100, None, json!({})), customer("cus_7", 100, None, json!({}))]);
    let outcome = company.land_text("in/cut.json", mended);
    assert_eq!((outcome.new_rows, outcome.duplicates), (1, 1));
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let company = Company::new("");
    let path = company.write("secret.json", customer("cus_1", 100, None, json!({})).to_string());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o0)).unwrap();
    if std::fs::read(&path).is_ok() {
        return; // Whoever runs this may read everything.
    }
    let said = paydirt(company.root(), &["sync", "files", "secret.json"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("secret.json: may not be read: no permission"), "{}", said.err);
}

#[test]
fn new_values_and_missing_fields_never_fail_a_load() {
    let company = Company::new("");
    let outcome = company.land_text(
        "future.ndjson",
        [
            json!({ "id": "sub_1", "object": "subscription", "status": "hibernating", "new": [1] }),
            json!({ "id": "in_1", "object": "invoice", "lines": null, "total": "a lot" }),
            json!({ "id": "cus_1", "object": "customer" }),
            json!({ "id": "tel_1", "object": "telepathy", "created": 5, "livemode": true }),
        ]
        .map(|object| object.to_string())
        .join("\n"),
    );
    assert_eq!((outcome.new_rows, outcome.report.rejected), (3, 0), "{:?}", outcome.report);
    let database = company.open();
    assert_eq!(database.value("select status from stripe_log.subscriptions"), "hibernating");
    assert_eq!(
        database.value("select count(*) from stripe_log.invoices where total_minor is null"),
        "1"
    );
}

/// Three events of another tool, as lines.
const EVENTS: &str = concat!(
    r#"{"action":"signed_up","occurred_at":"2025-01-01T10:00:00Z","user_id":"7","mail":"a@x.io","team_id":"t1","plan":"pro"}"#,
    "\n",
    r#"{"action":"left","occurred_at":"2025-01-02T10:00:00Z","user_id":"8","mail":null,"team_id":null,"plan":null}"#,
    "\n",
    r#"{"action":"left","occurred_at":"2025-01-03T10:00:00Z","user_id":"9","mail":"c@x.io","team_id":"t2","plan":null}"#,
    "\n",
);

#[test]
fn events_of_other_tools_are_one_whatever_their_format() {
    let company = Company::new("");
    company.write("events.ndjson", EVENTS);
    let first = paydirt(company.root(), &["sync", "files", "--dry-run", "events.ndjson"]);
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(first.out.contains("events.ndjson: events json"), "{}", first.out);
    assert!(first.out.contains("lands in files_log.events"), "{}", first.out);
    assert!(first.out.contains("signed_up") && first.out.contains("a@x.io"), "{}", first.out);
    assert!(first.out.contains("always NULL: uuid, ingested_at"), "{}", first.out);
    let guessed = "guessed: event from `action`, occurred_at from `occurred_at`, distinct_id from \
                   `user_id`, email from `mail`, account_id from `team_id`";
    assert!(first.err.contains(guessed), "{}", first.err);
    assert_eq!(company.open().landed_keys(), Vec::<String>::new());

    let landed = paydirt(company.root(), &["sync", "files", "events.ndjson"]);
    assert!(landed.err.contains(guessed), "{}", landed.err);
    assert_eq!(
        landed.printed(),
        "landed 3 new rows from 1 file; duplicates left out: 0, rejected: 0\n"
    );
    let keys = company.open().landed_keys();
    assert_eq!(keys.len(), 3);

    let csv = "action,occurred_at,user_id,mail,team_id,plan\n\
               left,2025-01-03T10:00:00Z,9,c@x.io,t2,\n\
               left,2025-01-02 10:00:00,8,,,\n\
               signed_up,1735725600,7,a@x.io,t1,pro\n";
    assert_eq!(company.land_text("events.csv", csv).new_rows, 0);
    assert_eq!(
        company.land_text("events.tsv.gz", gzip(csv.replace(',', "\t").as_bytes())).new_rows,
        0
    );
    company.write(
        "as_parquet.sql",
        format!(
            "select * from (values {}) as t(action, occurred_at, user_id, mail, team_id, plan)",
            values()
        ),
    );
    let written = paydirt(company.root(), &["sql", "-f", "as_parquet.sql", "-o", "events.parquet"]);
    assert_eq!(written.code, 0, "{}", written.err);
    assert_eq!(company.land(&[company.root().join("events.parquet")])[0].new_rows, 0);
    assert_eq!(company.open().landed_keys(), keys);
}

/// The events as rows of SQL.
fn values() -> String {
    let rows = EVENTS.lines().map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        let cells = record.as_object().unwrap().values().map(|value| match value.as_str() {
            Some(text) => format!("'{text}'"),
            None => "null".to_owned(),
        });
        format!("({})", cells.collect::<Vec<_>>().join(", "))
    });
    rows.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_mapping_says_which_column_is_what() {
    let company = Company::new(
        "[[source.files]]\nname = \"app\"\npath = \"exports/*.csv\"\nevent = \"what\"\n\
         time = \"when\"\ntime_unit = \"ms\"\nuser = \"who\"\nemail = \"contact\"\n\
         account = \"tenant\"\nproperties = \"more\"\n",
    );
    let csv = "what,when,who,contact,tenant,more,email\n\
               shared,1735725600000,u1,a@x.io,t1,\"{\"\"plan\"\":\"\"pro\"\"}\",not@this.one\n";
    let outcome = company.land_text("exports/one.csv", csv);
    assert_eq!((outcome.new_rows, outcome.report.rejected), (1, 0), "{:?}", outcome.report);
    let sql = "select event, occurred_at, distinct_id, email, account_id, source, \
               properties ->> 'plan' from files_log.events";
    assert_eq!(
        company.open().rows(sql),
        ["shared | 2025-01-01T10:00:00Z | u1 | a@x.io | t1 | app | pro"]
    );
}

#[test]
fn rows_of_the_other_mode_are_counted() {
    let company = Company::new("");
    let test_mode = || json!({ "livemode": false });
    company.land_text(
        "stripe.ndjson",
        [
            customer("cus_1", 100, None, json!({})),
            customer("cus_2", 100, None, test_mode()),
            customer("cus_3", 100, None, test_mode()),
            subscription("sub_1", "cus_2", 100, test_mode()),
        ]
        .map(|object| object.to_string())
        .join("\n"),
    );
    let status = paydirt(company.root(), &["status", "--format", "json"]).printed();
    let status: Value = serde_json::from_str(&status).unwrap();
    let counted = |table: &str| {
        let rows = status.as_array().unwrap().iter();
        let row = rows.into_iter().find(|row| row["table"] == table).unwrap();
        (row["rows"].as_i64().unwrap(), row["other_mode"].as_i64().unwrap())
    };
    assert_eq!(counted("stripe_log.customers"), (3, 2));
    assert_eq!(counted("stripe_log.subscriptions"), (1, 1));
    let text = paydirt(company.root(), &["status"]).printed();
    assert!(text.contains("mode: live") && text.contains("rejected: 0"), "{text}");
}
