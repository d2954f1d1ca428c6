//! Postgres, against real servers: a cluster of its own for each test.

mod errors;
mod events;
mod gone;
pub mod server;
mod tables;
mod trouble;
mod ways;

use crate::command::{Said, paydirt_within};
use crate::company::Company;
use server::{PASSWORD, Server};

/// A project that reads these entries from a server.
fn project(server: &Server, entries: &[&str]) -> Company {
    let url = server.url();
    let entries = entries
        .iter()
        .map(|entry| format!("[[source.postgres]]\nurl = \"{url}\"\n{}\n", entry.trim()));
    Company::new(&entries.collect::<String>())
}

/// `paydirt …` with the password in the environment; it is never in what is said.
#[track_caller]
fn run(company: &Company, arguments: &[&str]) -> Said {
    let said = paydirt_within(company.root(), arguments, &[("PGPASSWORD", PASSWORD)]);
    assert!(!format!("{}{}", said.out, said.err).contains(PASSWORD), "{said:?}");
    said
}

#[track_caller]
fn sync(company: &Company) -> String {
    run(company, &["sync", "postgres"]).printed()
}

/// The value of a query that sees everything.
#[track_caller]
fn value(company: &Company, query: &str) -> String {
    let database = company.open();
    database.at("2999-01-01");
    database.value(query)
}

/// The rows of a query that sees everything.
#[track_caller]
fn rows(company: &Company, query: &str) -> Vec<String> {
    let database = company.open();
    database.at("2999-01-01");
    database.rows(query)
}
