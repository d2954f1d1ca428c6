//! Buckets that do not give what they list: each is named, the rest lands, and the next sync goes on.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::files::lines;
use super::server::{SECRET, Server, variables};
use super::stub::{Given, Stub, Way};
use super::{run, run_at};
use crate::company::Company;

#[test]
fn what_does_not_come_is_named_and_the_rest_lands() {
    let given = |key, way, from| Given { key, way, body: lines(from, from + 10) };
    let mut objects = vec![
        given("logs/archived.jsonl", Way::Archived, 0),
        given("logs/changed.jsonl", Way::Changed, 0),
        given("logs/cut.jsonl", Way::CutOnce, 10),
        given("logs/denied.jsonl", Way::Denied, 0),
        given("logs/gone.jsonl", Way::Gone, 0),
        given("logs/whole.jsonl", Way::Whole, 20),
    ];
    let stub = Stub::start(objects.clone());
    let company = Company::new("");
    let said = run_at(&company, &stub.endpoint, &["sync", "files", "s3://acme/logs"]);
    assert_eq!(said.code, 2, "{said:?}");
    for sentence in [
        "archived.jsonl: is in an archive (Glacier or the like): restore it there",
        "changed.jsonl: was changed while it was read; the next sync takes it",
        "denied.jsonl: access denied, although it could be listed: the key needs s3:GetObject",
        "gone.jsonl: was deleted after it was listed",
    ] {
        assert!(said.err.contains(&format!("error: s3://acme/logs/{sentence}")), "{said:?}");
    }
    assert!(said.out.contains("landed 20 new rows from 6 files;"), "{said:?}");
    assert!(said.out.contains("rejected: 4"), "{said:?}");
    assert!(stub.asked("cut.jsonl") >= 2, "what broke off was not asked for again");
    let told = "select count(*) from system.diagnostics where starts_with(path, 's3://acme/')";
    assert_eq!(company.open().value(told), "4");

    // What is mended lands the next time, and only that is asked for.
    for object in &mut objects {
        object.way = Way::Whole;
    }
    let mended = Stub::start(objects);
    let said = run_at(&company, &mended.endpoint, &["sync", "files", "s3://acme/logs"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("landed 10 new rows from 6 files (5 of them"), "{said:?}");
    assert_eq!((mended.asked("whole.jsonl"), mended.asked("gone.jsonl")), (0, 1));
}

#[test]
fn a_server_that_fails_again_and_again_is_left_for_the_next_time() {
    let keys = ["logs/1.jsonl", "logs/2.jsonl", "logs/3.jsonl", "logs/4.jsonl", "logs/5.jsonl"];
    let given = |ways: [Way; 5]| {
        let objects = keys.iter().zip(ways).enumerate();
        let objects = objects.map(|(place, (key, way))| {
            let body = lines(place * 10, place * 10 + 10);
            Given { key, way, body }
        });
        Stub::start(objects.collect())
    };
    let (well, ill) = (Way::Whole, Way::Broken);
    let stub = given([ill, well, ill, ill, well]);
    let company = Company::new("");
    let sync = ["sync", "files", "s3://acme/logs"];
    let said = run_at(&company, &stub.endpoint, &sync);
    assert_eq!((said.code, stub.asked("5.jsonl")), (2, 0), "{said:?}");
    assert!(said.err.contains("error: s3://acme/logs/1.jsonl: does not come: "), "{said:?}");
    assert!(said.err.contains("2 objects in a row did not come"), "{said:?}");
    let mended = given([well; 5]);
    let said = run_at(&company, &mended.endpoint, &sync);
    assert_eq!((said.code, mended.asked("2.jsonl")), (0, 0), "{said:?}");
    assert!(said.out.contains("landed 40 new rows from 5 files (1 of them"), "{said:?}");
}

#[test]
fn a_bucket_that_cannot_be_listed_is_named_and_others_land() {
    let body = lines(0, 10);
    let stub = Stub::start(vec![Given { key: "logs/a.jsonl", way: Way::Whole, body }]);
    let company = Company::new("");
    let paths = ["sync", "files", "s3://closed/logs", "s3://acme/logs"];
    let said = run_at(&company, &stub.endpoint, &paths);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("error: s3://closed/logs: access denied"), "{said:?}");
    assert!(said.err.contains("hint: set AWS_ACCESS_KEY_ID"), "{said:?}");
    assert!(said.out.contains("landed 10 new rows from 1 file;"), "{said:?}");

    let Some(server) = Server::start("a_bucket_that_cannot_be_listed") else { return };
    let said = run(&company, &server, &["sync", "files", "s3://nobodys/logs"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("error: s3://nobodys/logs: no such bucket\nhint: "), "{said:?}");
    let said = run(&company, &server, &["sync", "files", "s3://acme/nothing"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("error: s3://acme/nothing: there is nothing"), "{said:?}");
    let said = run(&company, &server, &["sync", "files", "s3://me:hush@acme/logs"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("a key in its URL") && !said.err.contains("hush"), "{said:?}");
    let said = run(&company, &server, &["sync", "files"]);
    assert!(said.err.contains("error: no files are named"), "{said:?}");
    company.write("paydirt.toml", "[[source.files]]\nname = \"a\"\npath = \"s4://acme/logs\"\n");
    let said = run(&company, &server, &["status"]);
    assert!(said.err.contains("[[source.files]] a: path: cannot use the bucket"), "{said:?}");
}

#[test]
fn killed_in_the_middle_of_a_large_object_it_goes_on_the_next_time() {
    let Some(server) = Server::start("killed_in_the_middle") else { return };
    let company = Company::new("");
    server.put("logs/1.jsonl", lines(0, 100));
    let rows = 45_000;
    let large = lines(100, rows);
    assert!(large.len() > 8 << 20, "{}", large.len());
    server.put_parts("logs/2.jsonl", large);
    server.put("logs/3.jsonl", lines(rows, rows + 100));
    let mut syncing = Command::new(assert_cmd::cargo::cargo_bin!("paydirt"))
        .arg("--project")
        .arg(company.root())
        .args(["sync", "files", "s3://acme/logs"])
        .envs(variables(&server.endpoint))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Until the large one is here, if not whole.
    let incoming = company.root().join("data/incoming");
    let is_large = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.and_then(|entry| entry.metadata()).is_ok_and(|meta| meta.len() > 1 << 20)
    };
    let began = Instant::now();
    while !std::fs::read_dir(&incoming).is_ok_and(|entries| entries.into_iter().any(is_large)) {
        assert!(began.elapsed() < Duration::from_secs(60), "the object does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
    syncing.kill().unwrap();
    assert!(!syncing.wait().unwrap().success());
    let said = run(&company, &server, &["sync", "files", "s3://acme/logs"]);
    assert_eq!(said.code, 0, "{said:?}");
    let count = "select count(*), count(distinct uuid) from files_log.events";
    let all = rows + 100;
    assert_eq!(company.open().value(count), format!("{all} | {all}"));
    assert!(!format!("{said:?}").contains(SECRET));
    let said = run(&company, &server, &["sync", "files", "s3://acme/logs"]);
    assert!(said.err.contains("0 new objects, landed before: 3"), "{said:?}");
}
