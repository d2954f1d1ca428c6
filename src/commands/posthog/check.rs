//! `paydirt check posthog`: what the key may read, and what is lost without the rest.

use std::process::ExitCode;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};

use super::connect;
use crate::commands;
use crate::config::Project;
use crate::error::Result;
use crate::sync::posthog::api::{self, Checked, Failure, Kind};

/// A scope that a key has, where it may do more than is needed.
const NEEDED: &[&str] =
    &["project:read", "query:read", "group:read", "batch_export:write", "batch_export:read"];

/// Exits with 1 when something that is not optional cannot be read.
pub async fn check(project: Project) -> Result<ExitCode> {
    let connection = connect(&project)?;
    let settings = &project.config.source.posthog;
    let host = connection.host().to_owned();
    let error = |failure: &Failure| failure.error(&host);
    let (known, without_project) =
        api::known(&connection).await.map_err(|failure| error(&failure))?;
    let checked = api::check(&connection).await.map_err(|failure| error(&failure))?;
    let table = table(&checked)?;
    commands::show_table(table)?;
    let name = known.project.as_deref().unwrap_or("its name is not told by this key");
    println!("project: {} ({name})", settings.project.unwrap_or_default());
    println!("host: {host}");
    if !known.scopes.is_empty() {
        println!("scopes: {}", known.scopes.join(", "));
    }
    println!("requests: {}", connection.requests());
    let more = known.scopes.iter().filter(|scope| !NEEDED.contains(&scope.as_str()));
    let more: Vec<&str> = more.map(String::as_str).collect();
    if !more.is_empty() {
        eprintln!("note: paydirt needs less than the key may do: {}", more.join(", "));
    }
    let mut is_fine = true;
    if let Some(failure) = &without_project {
        // Only when the history begins is asked of the project.
        match settings.start {
            Some(_) => eprintln!("note: project: {}", failure.message),
            None => {
                is_fine = false;
                super::super::fail(&error(failure).context("project").hint(
                    "give the key project:read, or set [source.posthog] start to when the project began",
                ));
            }
        }
    }
    for checked in &checked {
        let name = checked.datum.name;
        match (&checked.way, &checked.failure) {
            (None, Some(failure)) if !settings.is_optional(name) => {
                is_fine = false;
                super::super::fail(&error(failure).context(name));
            }
            (Some("query"), Some(failure)) => {
                eprintln!("note: {name} come by query, which is slower: {}", reason(failure));
            }
            _ => {}
        }
    }
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn reason(failure: &Failure) -> String {
    match &failure.kind {
        Kind::Denied { scope: Some(scope) } => format!("the key lacks {scope}"),
        Kind::NotThere => "this PostHog has no exports on demand".to_owned(),
        _ => failure.message.clone(),
    }
}

fn table(checked: &[Checked]) -> Result<RecordBatch> {
    let column = |text: &dyn Fn(&Checked) -> Option<String>| -> ArrayRef {
        Arc::new(checked.iter().map(text).collect::<StringArray>())
    };
    let status = |checked: &Checked| match (checked.way, &checked.failure) {
        (Some(way), _) => format!("readable by {way}"),
        (None, failure) => failure.as_ref().map_or("failing", Failure::word).to_owned(),
    };
    let loses = |checked: &Checked| match checked.way {
        Some(_) => None,
        None => Some(checked.datum.loses.to_owned()),
    };
    Ok(RecordBatch::try_from_iter([
        ("data", column(&|checked| Some(checked.datum.name.to_owned()))),
        ("status", column(&|checked| Some(status(checked)))),
        ("why", column(&|checked| checked.failure.as_ref().map(reason))),
        ("without it", column(&loses)),
    ])?)
}
