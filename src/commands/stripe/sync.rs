//! `paydirt sync stripe`: a bar while it reads, a line when it is done, and all that went wrong.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::connect;
use crate::backtest::read;
use crate::cli::StripeArgs;
use crate::commands::stop;
use crate::config::Project;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::format::{count, counted};
use crate::lake::Lake;
use crate::sync::stripe::Settings;
use crate::sync::stripe::api::{Failure, Kind};
use crate::sync::stripe::pull::{Pull, Report};
use crate::time;

/// The longest pause between two polls.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Polls in which nothing happens make the next pause this much longer.
const LONGER: f64 = 1.5;
const MONTH: f64 = 30.0 * 86_400.0;

/// Exits with 2 when something that is not optional did not land.
pub async fn sync(project: Project, args: &StripeArgs) -> Result<ExitCode> {
    let every = time::parse_length(&args.every)? / time::SECOND_US;
    let every = Duration::from_secs(every.unsigned_abs());
    let (connection, used) = connect(&project, &args.key).await?;
    let lake = Lake::open(project.lake()).await?;
    let pull = Pull::new(connection, lake, args.follow);
    let stopper = {
        let pull = Arc::clone(&pull);
        stop::on_signal(move || pull.api.stop())
    };
    let outcome = match args.follow {
        false => once(&project, &pull, used).await,
        true => follow(&project, &pull, every).await,
    };
    stopper.abort();
    outcome
}

/// `used`: requests of the last 30 days before this.
async fn once(project: &Project, pull: &Arc<Pull>, used: u64) -> Result<ExitCode> {
    let bar = bar(Arc::clone(pull));
    let report = pull.once().await;
    bar.abort();
    let _ = bar.await;
    let report = report?;
    pull.record(&report).await?;
    bury(project, pull, &report).await?;
    let is_whole = say(&project.config.source.stripe, &report);
    println!("{}", sentence(&report));
    println!("{}", requests(&project.config.source.stripe, &report, used + report.requests));
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// After a gap: what is in the lake and in the list no more was deleted meanwhile.
pub(super) async fn bury(project: &Project, pull: &Pull, report: &Report) -> Result<()> {
    let over =
        report.readings.iter().filter_map(|reading| Some((reading, reading.listed.as_ref()?)));
    let over: Vec<_> = over.collect();
    if over.is_empty() {
        return Ok(());
    }
    let engine = Engine::open(project.clone(), None).await?;
    for (reading, listed) in over {
        let name = reading.resource.name;
        let sql = engine.command("landed_before")?.text.replace("{resource}", name);
        let sql = sql.replace("{bound}", &reading.position.bound.to_string());
        let batches = engine.session()?.query(&sql).await?;
        let mut gone = vec![];
        for record in read::records(&batches)? {
            let id = record.text("id")?;
            if listed.lacks(&id) {
                gone.push(id);
            }
        }
        if !gone.is_empty() {
            pull.bury(reading.resource, &gone).await?;
            eprintln!("note: {} were deleted in the gap", counted_of(name, gone.len()));
        }
    }
    Ok(())
}

fn counted_of(name: &str, n: usize) -> String {
    format!("{} {name}", count(n as u64))
}

/// Polls until stopped, less often while nothing happens. What is tried again later is said and
/// not the end.
async fn follow(project: &Project, pull: &Arc<Pull>, every: Duration) -> Result<ExitCode> {
    let settings = &project.config.source.stripe;
    let mut pause = every;
    let mut is_first = true;
    loop {
        let report = pull.once().await?;
        bury(project, pull, &report).await?;
        let is_news = report.new_rows() > 0 || report.failures().next().is_some();
        if is_news || is_first {
            pull.record(&report).await?;
            eprintln!("{}", sentence(&report));
            say(settings, &report);
        }
        is_first = false;
        match report.end().map(|end| &end.kind) {
            Some(Kind::Stopped) => break,
            None | Some(Kind::NoNetwork | Kind::Foreign) => {}
            Some(_) => return Ok(ExitCode::from(2)),
        }
        pause = match is_news {
            true => every,
            false => pause.mul_f64(LONGER).min(LONGEST.max(every)),
        };
        let affordable = pull.api.allowance().map_or(Duration::ZERO, |left| {
            let polls = left as f64 / report.requests.max(1) as f64;
            Duration::from_secs_f64((MONTH / polls.max(1.0)).min(86_400.0))
        });
        if !rest(pull, pause.max(affordable)).await {
            break;
        }
    }
    eprintln!("stopped; the next sync goes on from here");
    Ok(ExitCode::SUCCESS)
}

/// Sleeps, and wakes early to say that we were stopped.
async fn rest(pull: &Pull, pause: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(pause) => !pull.api.is_stopped(),
        () = pull.api.stopped() => false,
    }
}

fn bar(pull: Arc<Pull>) -> JoinHandle<()> {
    stop::bar(move || {
        let (share, under_way) = pull.progress.share();
        let message = format!(
            "{} · {} · {}",
            counted(pull.progress.objects(), "object"),
            counted(pull.api.requests(), "request"),
            under_way.join(", ")
        );
        (share, message)
    })
}

/// Says what did not land on stderr; true if all that must did.
fn say(settings: &Settings, report: &Report) -> bool {
    if let Some(gap) = &report.gap {
        eprintln!("note: {}", gap.sentence());
    }
    if let Some(end) = report.end() {
        match end.kind {
            Kind::Stopped => {
                eprintln!("stopped; what was read has landed, the next sync goes on from there")
            }
            _ => {
                super::super::fail(&end.clone().into());
            }
        }
        return false;
    }
    let mut is_whole = true;
    let mut tell = |name: &str, optional: bool, failure: &Failure| {
        if optional {
            eprintln!("note: {name} (optional): {}", failure.message);
        } else {
            is_whole = false;
            super::super::fail(&Error::from(failure.clone()).context(name));
        }
    };
    for (reading, failure) in report.failures() {
        tell(reading.resource.name, settings.is_optional(reading.resource.name), failure);
    }
    for (reading, failure) in report.without() {
        let lost = reading.resource.listing.expand;
        let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
        let optional = lost.iter().all(|path| settings.is_optional(&last(path)));
        tell(&format!("{} without {}", reading.resource.name, lost.join(", ")), optional, failure);
    }
    is_whole
}

fn sentence(report: &Report) -> String {
    let parts = report.readings.iter().filter_map(|reading| {
        let (new, _) = reading.counts.of(reading.resource.table);
        (new > 0).then(|| format!("{} {}", reading.resource.name, count(new)))
    });
    let parts: Vec<String> = parts.collect();
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("landed {} from Stripe{parts}", counted(report.new_rows(), "new row"))
}

fn requests(settings: &Settings, report: &Report, used: u64) -> String {
    let budget = match settings.request_budget {
        Some(budget) => format!(" of {}", count(budget)),
        None => String::new(),
    };
    format!(
        "requests: {}, at least {} needed; in the last 30 days: {}{budget}",
        count(report.requests),
        count(report.least_requests),
        count(used),
    )
}
