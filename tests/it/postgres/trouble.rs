//! What happens in the middle: killed, restarted, cancelled, changed. Nothing is lost, and the next
//! sync goes on.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::server::{PASSWORD, Server, server};
use super::{project, run, sync, value};
use crate::company::Company;

const ENTRY: &str = "name = \"app\"\ntable = \"events\"\ncursor = \"id\"\nkey = \"id\"\n\
                     event = \"name\"\ntime = \"at\"";
const ROWS: u64 = 1_300_000;

fn server_with_many(test: &str) -> Option<Server> {
    let server = server(test)?;
    server.sql(&format!(
        "create table events (id bigint primary key, name text, at timestamptz, filler text);
         insert into events select n, 'e' || n % 9, timestamptz '2025-01-01' + n * interval '1 s',
             repeat('x', 40) from generate_series(1, {ROWS}) as n;
         analyze events"
    ));
    Some(server)
}

/// A sync that goes on by itself.
fn start(company: &Company) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin!("paydirt"))
        .args(["sync", "postgres"])
        .current_dir(company.root())
        .env("PGPASSWORD", PASSWORD)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until the first rows have landed.
fn until_some_landed(company: &Company, child: &mut Child) {
    let log = company.root().join("data/lake/postgres_log/events/_delta_log");
    let started = Instant::now();
    while !log.join("00000000000000000000.json").exists() {
        assert!(started.elapsed() < Duration::from_secs(120));
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[track_caller]
fn assert_all_there(company: &Company) {
    let counts = "select count(*) || ' ' || count(distinct uuid) from postgres_log.events";
    assert_eq!(value(company, counts), format!("{ROWS} {ROWS}"));
}

#[test]
fn a_killed_sync_goes_on_where_it_was() {
    let Some(server) = server_with_many("a_killed_sync_goes_on_where_it_was") else { return };
    let company = project(&server, &[ENTRY]);
    let mut child = start(&company);
    until_some_landed(&company, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    let landed: u64 = value(&company, "select count(*) from postgres_log.events").parse().unwrap();
    assert!(landed > 0 && landed < ROWS, "{landed}");
    let said = sync(&company);
    let read = said.split("rows read: ").nth(1).unwrap().split(", rej").next().unwrap();
    let read: u64 = read.replace(',', "").parse().unwrap();
    // What had landed is not read again, but for the overlap.
    assert!(read <= ROWS - landed + 100_001, "{said} {landed}");
    assert_all_there(&company);
}

#[test]
fn a_server_that_restarts_and_a_query_that_is_cancelled() {
    let Some(mut server) = server_with_many("a_server_that_restarts") else { return };
    let company = project(&server, &[ENTRY]);
    let mut child = start(&company);
    until_some_landed(&company, &mut child);
    server.sql(
        "select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'paydirt'",
    );
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("canceling statement due to user request"), "{said}");
    assert!(said.contains("hint: what was read has landed"), "{said}");
    let mut child = start(&company);
    std::thread::sleep(Duration::from_millis(400));
    server.stop();
    let output = child.wait_with_output();
    let output = output.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    // It may have been done by then.
    if output.status.code() != Some(0) {
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("error: app: ") && said.contains("hint: "), "{said}");
    }
    server.run(&[]);
    sync(&company);
    assert_all_there(&company);
    child = start(&company);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_column_that_is_dropped_in_the_middle() {
    let Some(server) = server_with_many("a_column_that_is_dropped_in_the_middle") else { return };
    let company = project(&server, &[&format!("{ENTRY}\nuser = \"filler\"")]);
    let mut child = start(&company);
    until_some_landed(&company, &mut child);
    server.sql("alter table events rename column filler to stuffing");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("filler\" does not exist"), "{said}");
    let said = run(&company, &["sync", "postgres"]);
    assert!(said.err.contains("there is no column filler (user)"), "{}", said.err);
    server.sql("alter table events rename column stuffing to filler");
    sync(&company);
    assert_all_there(&company);
}

#[test]
fn a_query_that_takes_too_long() {
    let Some(server) = server("a_query_that_takes_too_long") else { return };
    let slow = "name = \"slow\"\nquery = \"select 1 as id, pg_sleep(30)::text as nap\"\nkey = \"id\"\n\
                statement_timeout = \"1s\"";
    let company = project(&server, &[slow]);
    let started = Instant::now();
    let said = run(&company, &["sync", "postgres"]);
    assert!(started.elapsed() < Duration::from_secs(15));
    assert_eq!(said.code, 2);
    assert!(said.err.contains("statement timeout"), "{}", said.err);
    assert!(said.err.contains("hint: allow more with statement_timeout"), "{}", said.err);
}
