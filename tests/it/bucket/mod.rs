//! Buckets: a lake and files in a real S3 server, and in one of Azure.

mod azure;
mod files;
mod lake;
mod server;
mod stub;
mod trouble;

use server::{SECRET, Server};

use crate::command::{Said, paydirt_within};
use crate::company::Company;

/// Runs `paydirt` in a project with what it needs to reach the server; the secret is never told.
#[track_caller]
fn run(company: &Company, server: &Server, arguments: &[&str]) -> Said {
    run_at(company, &server.endpoint, arguments)
}

/// The same for any endpoint.
#[track_caller]
fn run_at(company: &Company, endpoint: &str, arguments: &[&str]) -> Said {
    let variables = server::variables(endpoint);
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let said = paydirt_within(company.root(), arguments, &variables);
    assert!(!format!("{said:?}").contains(SECRET), "{said:?}");
    said
}
