//! A lake that several machines share.

use std::thread;

use super::run;
use super::server::Server;
use crate::command::paydirt_within;
use crate::company::{Company, sample};

const LAKE: &str = "lake = \"s3://acme/deep/in/it\"\n";
const SETTINGS: &str = include_str!("../../../data/sample/paydirt.toml");
const HYPOTHESIS: &str = include_str!("../../../data/sample/shared_a_report.sql");
/// Files that each machine lands, and rows in each of them.
const FILES: usize = 6;
const ROWS: usize = 20;

/// The sample's project, with its lake in the bucket.
fn shared() -> Company {
    let company = Company::new(&format!("{LAKE}{SETTINGS}"));
    company.write("sql/hypotheses/shared_a_report.sql", HYPOTHESIS);
    company
}

/// Files of events that a machine has of its own, and one that both have.
fn write_events(company: &Company, machine: usize) {
    for file in 0..FILES {
        let machine = if file == 0 { 0 } else { machine };
        let rows = (0..ROWS).map(|row| {
            format!("{machine}-{file}-{row},opened,2026-01-01T00:00:{row:02}Z,u{row}@acme.com\n")
        });
        let text = format!("id,event,time,email\n{}", rows.collect::<String>());
        company.write(&format!("export/{file}.csv"), text);
    }
}

#[test]
fn two_machines_that_land_at_once_lose_and_double_nothing() {
    let Some(server) = Server::start("two_machines") else { return };
    let machines = [1, 2].map(|machine| {
        let company = Company::new(LAKE);
        write_events(&company, machine);
        company
    });
    thread::scope(|scope| {
        let landed = machines
            .each_ref()
            .map(|company| scope.spawn(|| run(company, &server, &["sync", "files", "export"])));
        for landed in landed {
            let said = landed.join().unwrap();
            assert_eq!(said.code, 0, "{said:?}");
        }
    });
    let count = "select count(*), count(distinct encode(key, 'hex')) from files_log.events";
    let said = run(&machines[0], &server, &["sql", "--format", "csv", "-c", count]).printed();
    let all = (2 * FILES - 1) * ROWS;
    assert_eq!(said.lines().last(), Some(format!("{all},{all}").as_str()), "{said}");

    // What one has landed the other knows.
    let again = run(&machines[1], &server, &["sync", "files", "export/0.csv"]);
    assert!(again.err.contains("landed before"), "{again:?}");
    assert!(server.list().iter().all(|name| name.starts_with("deep/in/it/")), "in its own folder");
}

#[test]
fn a_backtest_is_the_same_wherever_the_lake_is() {
    let Some(server) = Server::start("a_backtest_is_the_same") else { return };
    let (here, there) = (Company::like_sample(), shared());
    let landing: Vec<String> = ["stripe_clover", "product_events.json"]
        .map(|name| sample(name).to_string_lossy().into_owned())
        .to_vec();
    let mut arguments = vec!["sync", "files"];
    arguments.extend(landing.iter().map(String::as_str));
    for company in [&here, &there] {
        run(company, &server, &arguments).printed();
    }
    assert!(!there.root().join("data/lake").exists(), "nothing lies on this machine");

    let backtest = ["backtest", "shared_a_report", "--format", "json"];
    let asked = |company: &Company| {
        let root = company.root().canonicalize().unwrap();
        run(company, &server, &backtest).printed().replace(&*root.to_string_lossy(), "")
    };
    let expected = asked(&here);
    assert!(expected.contains("mantel_haenszel"), "{expected}");
    assert_eq!(asked(&there), expected);

    run(&there, &server, &["compact"]).printed();
    assert_eq!(asked(&there), expected);
    let status = |company| run(company, &server, &["status", "--format", "csv"]).printed();
    let rows = |text: String| -> Vec<String> {
        let rows = text.lines().map(|line| line.split(',').take(2).collect::<Vec<_>>().join(","));
        rows.collect()
    };
    assert_eq!(rows(status(&there)), rows(status(&here)));
}

#[test]
fn a_bucket_that_is_not_there_is_named() {
    let Some(server) = Server::start("a_bucket_that_is_not_there") else { return };
    let company = Company::new("lake = \"s3://nobodys-bucket/lake\"\n");
    let said = run(&company, &server, &["status"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert_eq!(
        said.err,
        "error: the lake: s3://nobodys-bucket/lake/: no such bucket or object\n\
         hint: check the name of the bucket, and its region\n"
    );
}

#[test]
fn what_is_no_bucket_is_named_before_anything_is_asked() {
    let company = Company::new("lake = \"ftp://example.com/lake\"\n");
    let said = paydirt_within(company.root(), &["status"], &[]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("lake: cannot use the bucket ftp://example.com/lake"), "{said:?}");
}
