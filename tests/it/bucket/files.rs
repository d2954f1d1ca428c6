//! Files in a bucket: new objects only, whatever they are called, and once each.

use serde_json::json;

use super::run;
use super::server::Server;
use crate::company::Company;

const COUNT: &str = "select count(*), count(distinct encode(key, 'hex')) from files_log.events";

/// Events with ids from `from` on, as lines of JSON.
pub fn lines(from: usize, to: usize) -> String {
    (from..to)
        .map(|id| {
            let call = json!({
                "type": "track", "messageId": format!("m-{id}"), "event": "Report Shared",
                "userId": format!("u{id}@acme.com"), "timestamp": "2025-03-01T09:00:00Z",
                "receivedAt": "2025-03-01T09:00:01Z", "properties": {"number": id},
            });
            format!("{call}\n")
        })
        .collect()
}

fn landed(company: &Company) -> String {
    company.open().rows(COUNT).remove(0)
}

#[test]
fn an_object_lands_once_under_whatever_name() {
    let Some(server) = Server::start("an_object_lands_once") else { return };
    let company = Company::new("");
    server.put("logs/1/a.jsonl", lines(0, 10));
    server.put("logs/2/b c+d=é.jsonl", zstd::encode_all(lines(10, 20).as_bytes(), 1).unwrap());
    server.put("logs/2/README.md", "not data");
    server.put("logs/3/empty.jsonl", "");
    server.put("logs-of-others/a.jsonl", lines(90, 95));
    let sync = |paths: &[&str]| run(&company, &server, &[&["sync", "files"], paths].concat());
    let said = sync(&["s3://acme/logs"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("landed 20 new rows from 2 files;"), "{said:?}");
    assert!(said.err.contains("s3://acme/logs: 2 new objects, landed before: 0"), "{said:?}");
    assert!(said.err.contains("s3://acme/logs/1/a.jsonl: segment json, 10 new rows"), "{said:?}");
    assert!(said.err.contains("objects of 0 bytes are left out: 1"), "{said:?}");
    assert_eq!(landed(&company), "20 | 20");
    assert_eq!(std::fs::read_dir(company.root().join("data/incoming")).unwrap().count(), 0);

    // Nothing is written to the bucket, and what was landed is not downloaded again.
    assert_eq!(server.get("logs/1/a.jsonl"), lines(0, 10).as_bytes());
    assert_eq!(server.list().len(), 5);
    let said = sync(&["s3://acme/logs/"]);
    assert_eq!((said.code, said.err.matches(".jsonl").count()), (0, 0), "{said:?}");
    assert!(said.out.contains("0 new rows from 2 files (2 of them landed before)"), "{said:?}");

    // A copy is known by its content, what was changed by its ids.
    server.put("logs/1/copy.jsonl", lines(0, 10));
    server.put("logs/1/a.jsonl", lines(5, 15) + &lines(20, 21));
    let said = sync(&["s3://acme/logs"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("copy.jsonl: landed before"), "{said:?}");
    assert!(said.err.contains("a.jsonl: segment json, 1 new row, duplicates: 10"), "{said:?}");
    assert_eq!(landed(&company), "21 | 21");
    let said = sync(&["s3://acme/logs"]);
    assert!(said.err.contains("0 new objects, landed before: 3"), "{said:?}");

    // What is deleted there stays landed.
    server.delete("logs/1/copy.jsonl");
    let said = sync(&["s3://acme/logs"]);
    assert!(said.err.contains("0 new objects, landed before: 2"), "{said:?}");
    assert_eq!(landed(&company), "21 | 21");

    // One object, and a pattern.
    let said = sync(&["s3://acme/logs/1/a.jsonl"]);
    assert!(said.err.contains("0 new objects, landed before: 1"), "{said:?}");
    let said = sync(&["s3://acme/logs-of-*/*.jsonl"]);
    assert!(said.out.contains("landed 5 new rows from 1 file;"), "{said:?}");
    let database = company.open();
    let told = "select distinct path from system.syncs where not starts_with(path, 's3://acme/')";
    assert_eq!(database.rows(told), Vec::<String>::new());
    let versions = "select count(*), count(content_hash) from system.syncs where format = 'object'";
    assert_eq!(database.value(versions), "5 | 5");
}

#[test]
fn an_entry_with_a_bucket_or_a_folder_is_a_source() {
    let Some(server) = Server::start("an_entry_with_a_bucket") else { return };
    let entries = "[[source.files]]\nname = \"web\"\npath = \"s3://acme/logs\"\n\
                   account = \"properties.number\"\n\
                   [[source.files]]\nname = \"here\"\npath = \"exports\"\n\
                   [[source.files]]\nname = \"columns\"\npath = \"*.csv\"\nevent = \"what\"\n";
    let company = Company::new(entries);
    server.put("logs/a.jsonl", lines(0, 10));
    company.write("exports/b.jsonl", lines(10, 15));
    let said = run(&company, &server, &["check", "files"]);
    let expected = format!(
        "web: s3://acme/logs: 1 object, 1.79 kB; new: 1\n\
         here: {}: 1 file, 910 B\n\
         columns: says how to read *.csv, which are landed by name\n",
        company.root().join("exports").display()
    );
    assert_eq!((said.code, said.out), (0, expected));
    let said = run(&company, &server, &["sync", "files", "--dry-run"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("s3://acme/logs/a.jsonl: segment json"), "{said:?}");
    assert!(!company.root().join("data/lake/files_log/events").exists());

    for (arguments, rows) in [(&["sync"][..], 15), (&["sync", "files"], 0)] {
        let said = run(&company, &server, arguments);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.out.contains(&format!("landed {rows} new rows from 2 files")), "{said:?}");
    }
    let sources = "select source, count(*), count(account_id) from files_log.events \
                   group by source order by source";
    assert_eq!(company.open().rows(sources), ["here | 5 | 0", "web | 10 | 10"]);
    // The entry for columns is what it was.
    company.write("more.csv", "what,time,email\nclicked,2025-03-01T00:00:00Z,a@acme.com\n");
    let said = run(&company, &server, &["sync", "files", "more.csv"]);
    assert!(said.out.contains("landed 1 new row from 1 file;"), "{said:?}");

    // Nothing is read again because an entry is called otherwise, or another is there.
    company.write("paydirt.toml", entries.replace("\"web\"", "\"site\"").replace("*.csv", "*.tsv"));
    let said = run(&company, &server, &["sync", "files"]);
    assert!(said.out.contains("0 new rows from 2 files (2 of them landed before)"), "{said:?}");
}

#[test]
fn lists_are_read_to_their_end() {
    let Some(server) = Server::start("lists_are_read_to_their_end") else { return };
    let company = Company::new("");
    // More than fit on a page; those that matter are on the last.
    for number in 0..1_050 {
        server.put(&format!("logs/{number:05}.md"), "x");
    }
    server.put("logs/zz.jsonl", lines(0, 3));
    // A lake is no export, wherever it lies.
    server.put("logs/lake/paydirt.json", "{\"format\":1}");
    server.put("logs/lake/files_log/events/part.parquet", "PAR1");
    let said = run(&company, &server, &["sync", "files", "s3://acme/logs"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("landed 3 new rows from 1 file;"), "{said:?}");
}

#[test]
fn a_manifest_in_a_bucket_says_what_an_export_is() {
    let Some(server) = Server::start("a_manifest_in_a_bucket") else { return };
    let company = Company::new("");
    let week = "2025-01-01T00:00:00+00:00-2025-01-08T00:00:00+00:00";
    let event = |uuid: &str| {
        let event = json!({"uuid": uuid, "event": "shared", "distinct_id": "u", "timestamp":
            "2025-01-02T00:00:00Z", "properties": {}});
        format!("{event}\n")
    };
    for part in 0..3 {
        server.put(&format!("posthog/{week}-{part}.jsonl"), event(&format!("e-{part}")));
    }
    let manifest = format!(
        "{{\"files\":[\"posthog/{week}-0.jsonl\",\"posthog/{week}-1.jsonl\",\"posthog/{week}-9.jsonl\"]}}"
    );
    server.put(&format!("posthog/{week}_manifest.json"), manifest);
    // Made again under another name: the same events.
    server.put("posthog/again.jsonl", event("e-0") + &event("e-1"));
    let said = run(&company, &server, &["sync", "files", "s3://acme/posthog"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("-2.jsonl is left out"), "{said:?}");
    assert!(said.err.contains("-9.jsonl, which is not here"), "{said:?}");
    let count = "select count(*) from posthog_log.events";
    assert_eq!(company.open().value(count), "2");
}
