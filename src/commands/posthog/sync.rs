//! `paydirt sync posthog`: a bar while it reads, a line when it is done, and all that went wrong.

use std::process::ExitCode;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::connect;
use crate::commands::stop;
use crate::config::Project;
use crate::error::Result;
use crate::format::{count, counted};
use crate::lake::Lake;
use crate::sync::posthog::api::Kind;
use crate::sync::posthog::pull::Pull;
use crate::sync::posthog::{Report, Settings};
use crate::time;

/// Exits with 2 when something that is not optional did not land.
pub async fn sync(project: &Project) -> Result<ExitCode> {
    let settings = &project.config.source.posthog;
    let connection = connect(project)?;
    let lake = Lake::open(project.lake()).await?;
    let pull = Arc::new(Pull::new(connection, lake, settings, &project.incoming_dir()).await?);
    let stopper = {
        let pull = Arc::clone(&pull);
        stop::on_signal(move || pull.api.stop())
    };
    let bar = bar(Arc::clone(&pull));
    let report = pull.once().await;
    bar.abort();
    let _ = bar.await;
    stopper.abort();
    let report = report?;
    pull.record(&report).await?;
    let is_whole = say(settings, pull.api.host(), &report);
    println!("{}", sentence(&report));
    println!("requests: {}", count(report.requests));
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// Says what did not land on stderr; true if all that must did.
fn say(settings: &Settings, host: &str, report: &Report) -> bool {
    for reading in &report.readings {
        let name = reading.datum.name;
        if let Some(failure) = &reading.no_export {
            eprintln!("note: {name} came by query, which is slower: {}", failure.message);
        }
        for note in &reading.notes {
            eprintln!("note: {name}: {}", note.replace("set email", "set [source.posthog] email"));
        }
    }
    if let Some(end) = report.end() {
        match end.kind {
            Kind::Stopped => {
                eprintln!("stopped; what was read has landed, the next sync goes on from there");
            }
            _ => {
                super::super::fail(&end.error(host));
            }
        }
        return false;
    }
    let mut is_whole = true;
    for (reading, failure) in report.failures() {
        let name = reading.datum.name;
        if settings.is_optional(name) {
            eprintln!("note: {name} (optional): {}", failure.message);
        } else {
            is_whole = false;
            super::super::fail(&failure.error(host).context(name));
        }
    }
    if report.rejected() > 0 {
        is_whole = false;
        eprintln!(
            "error: {} could not be read\nhint: system.diagnostics keeps the list; what is whole has landed",
            counted(report.rejected(), "record")
        );
    }
    is_whole
}

fn sentence(report: &Report) -> String {
    let parts = report.readings.iter().filter_map(|reading| {
        let (new, _) = reading.counts.of(reading.datum.table);
        (new > 0).then(|| format!("{} {}", reading.datum.name, count(new)))
    });
    let parts: Vec<String> = parts.collect();
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    let through = report.readings.iter().find(|reading| reading.datum.name == "events");
    let through = match through.and_then(|events| events.through) {
        Some(at) => format!("; events through {}", time::format_moment(at)),
        None => String::new(),
    };
    format!("landed {} from PostHog{parts}{through}", counted(report.new_rows(), "new row"))
}

fn bar(pull: Arc<Pull>) -> JoinHandle<()> {
    stop::bar(move || {
        let (share, what) = pull.progress.share();
        (share, format!("{} · {what}", counted(pull.progress.rows(), "row")))
    })
}
