//! `paydirt check stripe`: what the key may read, and what is lost without the rest.

use std::process::ExitCode;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};

use super::connect;
use crate::cli::KeyArgs;
use crate::clock;
use crate::commands;
use crate::config::Project;
use crate::error::{Error, Result};
use crate::sync::stripe::api::{self, Checked, Failure, Kind, VERSION};
use crate::time::{self, SECOND_US};

/// A clock that is further off than this is worth a word, seconds.
const CLOCK_TOLERANCE: i64 = 300;

/// Exits with 1 when a resource that is not optional cannot be read.
pub async fn check(project: Project, args: &KeyArgs) -> Result<ExitCode> {
    let (connection, _) = connect(&project, args).await?;
    let checked = api::check(&connection).await;
    if let Some(end) = end(&checked) {
        return Err(end.clone().into());
    }
    let account = connection.account_id().await;
    let table = table(&checked)?;
    commands::show_table(table)?;
    println!("mode: {}", connection.mode().as_str());
    println!("account: {}", account.as_deref().unwrap_or("not told by this key"));
    println!("API version: {VERSION}");
    println!("requests: {}", connection.requests());
    let off = connection.now().map_or(0, |now| now - clock::now_us()).abs() / SECOND_US;
    if off > CLOCK_TOLERANCE {
        let unit = [86_400, 3_600, 60].into_iter().find(|unit| off >= 2 * unit).unwrap_or(1);
        let off = time::format_length((off - off % unit) * SECOND_US);
        eprintln!("note: the clock of this machine is {off} off Stripe's");
    }
    let settings = &project.config.source.stripe;
    let mut is_fine = true;
    for checked in &checked {
        let name = checked.resource.name;
        if let Some(failure) = &checked.failure
            && !settings.is_optional(name)
        {
            is_fine = false;
            super::super::fail(&Error::from(failure.clone()).context(name));
        }
    }
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A failure that is about the key or the way, not about a resource.
fn end(checked: &[Checked]) -> Option<&Failure> {
    checked.iter().find_map(|checked| checked.failure.as_ref().filter(|f| f.ends_the_sync()))
}

fn table(checked: &[Checked]) -> Result<RecordBatch> {
    // People read it: what there is nothing to say about stays empty.
    let column = |text: &dyn Fn(&Checked) -> Option<String>| -> ArrayRef {
        let texts = checked.iter().map(|checked| Some(text(checked).unwrap_or_default()));
        Arc::new(texts.collect::<StringArray>())
    };
    let status = |checked: &Checked| match (&checked.failure, &checked.without) {
        (Some(failure), _) => failure.word().to_owned(),
        (None, Some(_)) => {
            format!("readable without {}", checked.resource.listing.expand.join(", "))
        }
        (None, None) => "readable".to_owned(),
    };
    let reason = |failure: &Failure| match &failure.kind {
        Kind::Denied { scope: Some(scope) } => format!("the key lacks {scope}"),
        _ => failure.message.clone(),
    };
    Ok(RecordBatch::try_from_iter([
        ("resource", column(&|checked| Some(checked.resource.name.to_owned()))),
        ("status", column(&|checked| Some(status(checked)))),
        (
            "why",
            column(&|checked| checked.failure.as_ref().or(checked.without.as_ref()).map(reason)),
        ),
        (
            "without it",
            column(&|checked| checked.failure.as_ref().map(|_| checked.resource.loses.to_owned())),
        ),
    ])?)
}
