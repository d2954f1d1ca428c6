//! `paydirt status`: did it land?

use std::process::ExitCode;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};

use crate::backtest::{partial_lists, read};
use crate::commands::stripe;
use crate::config::Project;
use crate::engine::Engine;
use crate::error::Result;
use crate::format::count as grouped;
use crate::render::{self, Format, Layout};
use crate::sync::stripe::pull::{self, Position};
use crate::sync::{postgres, posthog};
use crate::time;

/// What one landed table holds.
struct Landed {
    relation: String,
    rows: u64,
    versions: u64,
    first_at: Option<i64>,
    last_at: Option<i64>,
    duplicates: u64,
    other_mode: u64,
    /// Up to when all that happened is there, of a source that tells.
    complete_through: Option<i64>,
    last_sync: Option<i64>,
    gaps: u64,
}

pub async fn run(project: Project, format: Format) -> Result<ExitCode> {
    let budget = project.config.source.stripe.request_budget;
    let engine = Engine::open(project, None).await?;
    let used = stripe::requests_used(engine.lake()).await?;
    let tables = landed(&engine).await?;
    if tables.is_empty() && format == Format::Table {
        println!("nothing has landed yet: `paydirt sync` or `paydirt sync files PATH…`");
        return Ok(ExitCode::SUCCESS);
    }
    render::write_batches(
        format,
        Layout::of_stdout(),
        batch(&tables)?.schema(),
        &[batch(&tables)?],
        std::io::stdout(),
    )?;
    let rejected = engine
        .session()?
        .query("select count(*) as n from system.diagnostics where kind = 'rejected'")
        .await?;
    let rejected = read::records(&rejected)?.first().map_or(Ok(0), |row| row.count("n"))?;
    if format == Format::Table {
        for sentence in partial_lists(&engine, engine.settings().await?).await? {
            println!("{sentence}");
        }
        if used > 0 || budget.is_some() {
            let budget = budget.map(|budget| format!(" of {}", grouped(budget)));
            println!(
                "requests to Stripe in the last 30 days: {}{}",
                grouped(used),
                budget.unwrap_or_default()
            );
        }
        println!("mode: {}", engine.settings().await?.mode.as_str());
        println!("as of: {}", time::format_moment(engine.settings().await?.as_of));
        let data = engine.data_through().await?;
        let sources: Vec<String> = data
            .sources
            .iter()
            .map(|(name, through)| format!("{name} {}", time::format_moment(*through)))
            .collect();
        println!("data through: {}", sources.join(", "));
        for (relation, ahead) in &data.ahead {
            println!("note: {}", ahead.of(relation));
        }
        for (relation, apart) in &data.apart {
            println!("note: {relation}: {}", apart.sentence());
        }
        println!(
            "rejected: {}{}",
            grouped(rejected),
            match rejected {
                0 => "",
                _ => " (select * from system.diagnostics)",
            }
        );
    }
    Ok(ExitCode::SUCCESS)
}

async fn landed(engine: &Engine) -> Result<Vec<Landed>> {
    let session = engine.session()?;
    let before = engine.command("landings")?;
    let before = session.query(&before.text).await?;
    let before = read::records(&before)?;
    let config = &engine.project.config;
    let data = engine.data_through().await?;
    let scope = pull::scope(config.mode, config.source.stripe.account.as_deref());
    let events = engine.specs().find(|spec| spec.name == pull::EVENTS_TABLE);
    let current = match events {
        Some(events) => pull::complete_through(&engine.lake().table(events).await?, config).await?,
        None => None,
    };
    let mut specs: Vec<_> =
        engine.specs().filter(|spec| !spec.name.starts_with("system/")).collect();
    specs.sort_by(|a, b| a.name.cmp(&b.name));
    let mut tables = vec![];
    for spec in specs {
        let table = engine.lake().table(spec).await?;
        if table.rows() == 0 {
            continue;
        }
        // What was listed once stays current by events.
        let listed = Position::complete(&table, &scope).await?;
        let mut postgres = None;
        for source in config.source.postgres.iter().filter(|s| s.lake_table() == spec.name) {
            let complete = postgres::Position::complete(&table, source).await?;
            postgres = postgres.into_iter().chain(complete).min();
        }
        let posthog = posthog::complete_through(&table, &config.source.posthog).await?;
        let relation = spec.name.replace('/', ".");
        let by_rows = data.relations.get(&relation).copied();
        let sql = match spec.name.strip_prefix("stripe_log/") {
            Some(resource) => {
                engine.command("landed_objects")?.text.replace("{resource}", resource)
            }
            None => {
                let is_rows = spec.schema.field_with_name("row_id").is_ok();
                let sql = if is_rows { "landed_rows" } else { "landed_events" };
                let time = spec.time_column.as_deref().unwrap_or_default();
                let sql = engine.command(sql)?.text.replace("{table}", &relation);
                sql.replace("{time}", time)
            }
        };
        let batches = session.query(&sql).await?;
        let records = read::records(&batches)?;
        let Some(row) = records.first() else { continue };
        let (mut duplicates, mut last_sync, mut gaps) = (0, None, 0);
        for landing in &before {
            if landing.text("relation")? == relation {
                duplicates = landing.count("duplicates")?;
                last_sync = landing.moment("last_sync")?;
                gaps = landing.count("gaps")?;
            }
        }
        tables.push(Landed {
            relation,
            rows: row.count("rows")?,
            versions: row.count("versions")?,
            first_at: row.moment("first_at")?,
            last_at: row.moment("last_at")?,
            duplicates,
            other_mode: row.count("other_mode")?,
            complete_through: listed.max(listed.and(current)).or(postgres).or(posthog).or(by_rows),
            last_sync,
            gaps,
        });
    }
    Ok(tables)
}

fn batch(tables: &[Landed]) -> Result<RecordBatch> {
    let count = |pick: fn(&Landed) -> u64| -> ArrayRef {
        let values =
            tables.iter().map(|table| Some(i64::try_from(pick(table)).unwrap_or(i64::MAX)));
        Arc::new(values.collect::<Int64Array>())
    };
    let moment = |pick: fn(&Landed) -> Option<i64>| -> ArrayRef {
        let values = tables.iter().map(pick).collect::<TimestampMicrosecondArray>();
        Arc::new(values.with_timezone("UTC"))
    };
    let names = tables.iter().map(|table| Some(&table.relation)).collect::<StringArray>();
    Ok(RecordBatch::try_from_iter([
        ("table", Arc::new(names) as ArrayRef),
        ("rows", count(|table| table.rows)),
        ("versions", count(|table| table.versions)),
        ("from", moment(|table| table.first_at)),
        ("to", moment(|table| table.last_at)),
        ("duplicates", count(|table| table.duplicates)),
        ("other_mode", count(|table| table.other_mode)),
        ("complete_through", moment(|table| table.complete_through)),
        ("last_sync", moment(|table| table.last_sync)),
        ("gaps", count(|table| table.gaps)),
    ])?)
}
