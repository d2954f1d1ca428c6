//! `paydirt identity`: how far events, identities and trials are linked to accounts, what would link
//! more, and what may be linked wrongly.

use std::process::ExitCode;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use paydirt_udfs::identity::lists::DatedList;

use crate::backtest::read::{self, Record};
use crate::backtest::run::unknown_accounts;
use crate::config::Project;
use crate::engine::{Engine, explain};
use crate::error::{Error, Result};
use crate::format::{count, counted, moment, number, percent_or_dash, tier_name};
use crate::time;

/// What is counted in one line of the first table.
struct Coverage {
    name: String,
    confidence: Option<f64>,
    /// Events, identities, trials.
    counts: [u64; 3],
}

pub async fn run(project: Project, email: Option<&str>, as_of: Option<&str>) -> Result<ExitCode> {
    let engine = Engine::open(project, super::moment(as_of)?).await?;
    match email {
        Some(email) => {
            let settings = engine.settings().await?.clone();
            show_steps(&explain::steps(&engine, settings, email).await?)?;
        }
        None => show_coverage(&engine).await?,
    }
    for problem in unknown_accounts(&engine, engine.settings().await?).await? {
        eprintln!("warning: {problem}");
    }
    Ok(ExitCode::SUCCESS)
}

async fn show_coverage(engine: &Engine) -> Result<()> {
    let lines = coverage(engine).await?;
    let total: [u64; 3] =
        [0, 1, 2].map(|column| lines.iter().map(|line| line.counts[column]).sum());
    let as_of = time::format_moment(engine.settings().await?.as_of);
    if total[0] == 0 {
        show_doubts(engine).await?;
        return Err(Error::new(format!("no product event has landed as of {as_of}"))
            .hint("`paydirt sync files PATH…` lands PostHog exports, NDJSON, CSV and Parquet"));
    }
    println!("linked to accounts as of {as_of}");
    super::show_table(table(&lines, total)?)?;
    println!(
        "An identity is what events say of who did it: account id, groups, Stripe customer, e-mail.\n\
         It counts once, by its surest link, and all events that say nothing are one. A trial counts\n\
         by the surest link of its account, and as ambiguous where only ambiguous events might be it.\n"
    );
    let heading = "where most events without a link come from, and what would link them";
    show_lines(engine, "identity_gaps", heading, |gap| {
        Ok(format!(
            "{}: {}, {} {}\n    {}",
            gap.text("place")?,
            counted(gap.count("events")?, "event"),
            count(gap.count("identities")?),
            if gap.count("identities")? == 1 { "identity" } else { "identities" },
            gap.text("hint")?,
        ))
    })
    .await?;
    show_doubts(engine).await
}

/// What makes one account of strangers or might, and how old the lists are that are to prevent it.
async fn show_doubts(engine: &Engine) -> Result<()> {
    let heading = "placeholders for an id, by which nobody is linked";
    show_lines(engine, "identity_placeholders", heading, |row| {
        let customers = counted(row.count("customers")?, "customer");
        let events = counted(row.count("events")?, "event");
        let id = row.text("id")?;
        let id = if id.is_empty() { "empty text".to_owned() } else { format!("`{id}`") };
        Ok(format!("{id}: {customers}, {events}"))
    })
    .await?;
    let heading = "suspicious account ids: customers of more than three companies share each";
    show_lines(engine, "identity_shared_ids", heading, |row| {
        let (customers, domains) = (row.count("customers")?, row.count("domains")?);
        Ok(format!(
            "`{}`: {} of {}, such as {}\n    if it is no id: \
             add it to `placeholder_ids_add` under [identity] in paydirt.toml",
            row.text("id")?,
            counted(customers, "customer"),
            counted(domains, "domain"),
            row.text("examples")?,
        ))
    })
    .await?;
    let heading = "domains that make one account of customers who have nothing in common";
    show_lines(engine, "identity_providers", heading, |row| {
        Ok(format!(
            "{} may be a mail provider: {}, each with subscriptions of its own\n    if it is one: \
             add it to `free_mail_add` under [identity] in paydirt.toml",
            row.text("domain")?,
            counted(row.count("customers")?, "customer"),
        ))
    })
    .await?;
    println!("lists in use");
    for DatedList { name, names, date } in engine.dated_lists() {
        let domains = names.map_or_else(String::new, |it| counted(it as u64, "domain") + ", ");
        println!("  {name}: {domains}of {date}");
    }
    Ok(())
}

/// Rows of a command's SQL below a heading; nothing where there are none.
async fn show_lines(
    engine: &Engine,
    command: &str,
    heading: &str,
    line: impl Fn(&Record<'_>) -> Result<String>,
) -> Result<()> {
    const SHOWN: usize = 10;
    let rows = engine.session()?.query(&engine.command(command)?.text).await?;
    let rows = read::records(&rows)?;
    if rows.is_empty() {
        return Ok(());
    }
    println!("{heading}");
    for row in rows.iter().take(SHOWN) {
        println!("  {}", line(row)?);
    }
    if rows.len() > SHOWN {
        println!("  and {} more", count((rows.len() - SHOWN) as u64));
    }
    println!();
    Ok(())
}

/// A step a paragraph: tables of this many columns fit no terminal.
fn show_steps(steps: &RecordBatch) -> Result<()> {
    for step in read::records(std::slice::from_ref(steps))? {
        let moment = |name: &str| -> Result<Option<String>> { Ok(step.moment(name)?.map(moment)) };
        let mut line = format!("{}: {}", step.text("step")?, step.text("value")?);
        if let Some(account) = step.text_or_null("account_id")? {
            line += &format!(" → {account}");
        }
        if let Some(confidence) = step.number_or_null("confidence")? {
            line += &format!(" at {}", number(confidence));
        }
        if let Some(from) = moment("from_at")? {
            line += &format!(", from {from}");
        }
        if let Some(to) = moment("to_at")? {
            line += &format!(" to {to}");
        }
        println!("{line}\n    {}", step.text("why")?);
    }
    Ok(())
}

async fn coverage(engine: &Engine) -> Result<Vec<Coverage>> {
    let session = engine.session()?;
    let batches = session.query(&engine.command("identity_links")?.text).await?;
    let mut lines: Vec<(u8, Coverage)> = vec![];
    for row in read::records(&batches)? {
        let (status, confidence) = (row.text("status")?, row.number_or_null("tier")?);
        let is_override = row.is("is_override")?;
        let (place, name) = match (status.as_str(), confidence) {
            ("linked", Some(tier)) => (0, tier_name(tier, is_override).to_owned()),
            ("not sure enough", _) => (1, status),
            ("ambiguous", _) => (2, status),
            _ => (3, status),
        };
        let counts = [row.count("events")?, row.count("identities")?, row.count("trials")?];
        lines.push((place, Coverage { name, confidence, counts }));
    }
    // The surest first; what was settled by hand stands before all evidence.
    lines.sort_by(|(a_place, a), (b_place, b)| {
        let evidence = |line: &Coverage| line.name != "override";
        let confidence = b.confidence.unwrap_or(0.0).total_cmp(&a.confidence.unwrap_or(0.0));
        a_place.cmp(b_place).then(evidence(a).cmp(&evidence(b))).then(confidence)
    });
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

fn table(lines: &[Coverage], total: [u64; 3]) -> Result<RecordBatch> {
    let all = Coverage { name: "all".to_owned(), confidence: None, counts: total };
    let lines: Vec<&Coverage> = lines.iter().chain([&all]).collect();
    let text = |pick: &dyn Fn(&Coverage) -> String| -> ArrayRef {
        Arc::new(lines.iter().map(|line| Some(pick(line))).collect::<StringArray>())
    };
    let share = |line: &Coverage, column: usize| {
        let whole = total[column];
        percent_or_dash((whole > 0).then(|| line.counts[column] as f64 / whole as f64))
    };
    let mut columns = vec![
        ("link", text(&|line| line.name.clone())),
        ("confidence", text(&|line| line.confidence.map_or_else(String::new, number))),
    ];
    for (column, name) in ["events", "identities", "trials"].into_iter().enumerate() {
        let counts = lines.iter().map(|line| i64::try_from(line.counts[column]).ok());
        columns.push((name, Arc::new(counts.collect::<Int64Array>())));
        columns.push(("share", text(&|line| share(line, column))));
    }
    Ok(RecordBatch::try_from_iter(columns)?)
}
