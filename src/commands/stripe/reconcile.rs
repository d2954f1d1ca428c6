//! `paydirt reconcile`: the lake beside what Stripe lists now, object by object.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::ExitCode;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::connect;
use super::sync::bury;
use crate::backtest::read;
use crate::cli::KeyArgs;
use crate::commands;
use crate::config::Project;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::format::count;
use crate::lake::Lake;
use crate::sync::stripe::api::Failure;
use crate::sync::stripe::pull::{self, Pull};
use crate::sync::stripe::{self, Resource};

/// Differences that are named; all are counted.
const NAMED: usize = 1_000;
/// Columns that say where a version came from, not what the object is.
const ABOUT_THE_VERSION: &[&str] = &[
    "key",
    "known_from",
    "observed_at",
    "landed_at",
    "deleted",
    "source",
    "event_id",
    "event_type",
    "api_version",
    "previous_attributes",
    "raw",
    "livemode",
];

/// What one side says about an object: a hash of each column, 0 for NULL.
struct Seen {
    month: String,
    /// Known only from inside other objects, so that no list need have it.
    is_inside_only: bool,
    columns: Vec<u64>,
}

/// An object on which the two sides differ.
struct Difference {
    resource: &'static str,
    month: String,
    id: String,
    what: String,
}

/// Objects by resource and month of creation: listed, in the lake, and differing.
type Months = BTreeMap<(&'static str, String), [i64; 3]>;

/// Exits with 1 when anything differs, and with 2 when something could not be compared.
pub async fn reconcile(project: Project, args: &KeyArgs) -> Result<ExitCode> {
    let (connection, _) = connect(&project, args).await?;
    let lake = Lake::open(project.lake()).await?;
    let pull = Pull::new(connection, lake, false);
    let report = pull.once().await?;
    pull.record(&report).await?;
    bury(&project, &pull, &report).await?;
    if let Some(end) = report.end() {
        return Err(end.clone().into());
    }
    let now = pull.api.now().unwrap_or_default().max(crate::clock::now_us());
    let engine = Engine::open(project.clone(), Some(now)).await?;
    let (mut differences, mut months) = (vec![], Months::new());
    let mut failed: Vec<(&str, Failure)> = vec![];
    // Events are never listed again once they are 30 days old, and never change.
    for resource in stripe::listed().filter(|resource| resource.name != "events") {
        let names = columns(resource);
        let mut listed: HashMap<String, Seen> = HashMap::new();
        let failure = pull::list(Arc::clone(&pull), resource, &mut |landed| {
            for part in landed.iter().filter(|part| part.table == resource.table) {
                let source = part.batch.column_by_name("source").cloned();
                take(&part.batch, &names, &mut listed, |row| {
                    source.as_ref().is_some_and(|source| text(source, row) == "list")
                })?;
            }
            Ok(())
        })
        .await?;
        if let Some(failure) = failure {
            failed.push((resource.name, failure));
            continue;
        }
        let landed = in_the_lake(&engine, resource, &names).await?;
        compare(resource, &names, &listed, &landed, &mut differences, &mut months);
    }
    say(&differences, &months)?;
    explain_conversion(&engine).await?;
    println!("requests: {}", count(pull.api.requests()));
    for (name, failure) in &failed {
        super::super::fail(&Error::from(failure.clone()).context(name));
    }
    let is_optional = |(name, _): &(&str, Failure)| project.config.source.stripe.is_optional(name);
    Ok(match (failed.iter().all(is_optional), differences.is_empty()) {
        (false, _) => ExitCode::from(2),
        (true, false) => ExitCode::FAILURE,
        (true, true) => ExitCode::SUCCESS,
    })
}

/// The columns that are compared: one value each. Lists differ in shape between API versions.
fn columns(resource: &Resource) -> Vec<String> {
    let schema = stripe::schema(resource);
    let fields = schema.fields().iter();
    fields
        .filter(|field| !ABOUT_THE_VERSION.contains(&field.name().as_str()))
        .filter(|field| !field.data_type().is_nested())
        .map(|field| field.name().clone())
        .collect()
}

async fn in_the_lake(
    engine: &Engine,
    resource: &Resource,
    names: &[String],
) -> Result<HashMap<String, Seen>> {
    let sql = engine.command("landed_versions")?.text.replace("{resource}", resource.name);
    let mut seen = HashMap::new();
    for batch in engine.session()?.query(&sql).await? {
        take(&batch, names, &mut seen, |_| true)?;
    }
    Ok(seen)
}

/// Takes the objects of a batch; of one that comes twice the later stays.
fn take(
    batch: &RecordBatch,
    names: &[String],
    seen: &mut HashMap<String, Seen>,
    is_wanted: impl Fn(usize) -> bool,
) -> Result<()> {
    let column = |name: &str| {
        let column = batch.column_by_name(name).cloned();
        column.ok_or_else(|| Error::new(format!("there is no column {name}")))
    };
    let ids = column("id")?;
    let created = column("created_at")?;
    let inside = batch.column_by_name("is_inside_only").cloned();
    let columns: Vec<ArrayRef> = names.iter().map(|name| column(name)).collect::<Result<_>>()?;
    let options = FormatOptions::default();
    let formatters: Vec<ArrayFormatter<'_>> = columns
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<Result<_, _>>()?;
    for row in (0..batch.num_rows()).filter(|row| is_wanted(*row)) {
        let values = columns.iter().zip(&formatters);
        let columns = values
            .map(|(column, formatter)| match column.is_null(row) {
                true => 0,
                false => {
                    let mut hasher = DefaultHasher::new();
                    formatter.value(row).to_string().hash(&mut hasher);
                    hasher.finish().max(1)
                }
            })
            .collect();
        let month = text(&created, row).get(..7).unwrap_or("unknown").to_owned();
        let is_inside_only = inside.as_ref().is_some_and(|inside| text(inside, row) == "true");
        seen.insert(text(&ids, row), Seen { month, is_inside_only, columns });
    }
    Ok(())
}

fn text(column: &ArrayRef, row: usize) -> String {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column, &options);
    formatter.map(|formatter| formatter.value(row).to_string()).unwrap_or_default()
}

fn compare(
    resource: &'static Resource,
    names: &[String],
    listed: &HashMap<String, Seen>,
    landed: &HashMap<String, Seen>,
    differences: &mut Vec<Difference>,
    months: &mut Months,
) {
    let name = resource.name;
    let mut note = |id: &str, month: &str, what: String| {
        months.entry((name, month.to_owned())).or_default()[2] += 1;
        let (id, month) = (id.to_owned(), month.to_owned());
        differences.push(Difference { resource: name, month, id, what });
    };
    for (id, here) in listed {
        match landed.get(id) {
            None => note(id, &here.month, "missing in the lake".to_owned()),
            Some(there) => {
                // What only one API version says is no difference.
                let both = names.iter().zip(here.columns.iter().zip(&there.columns));
                let differing: Vec<&str> = both
                    .filter(|(_, (here, there))| **here != 0 && **there != 0 && here != there)
                    .map(|(name, _)| name.as_str())
                    .collect();
                if !differing.is_empty() {
                    note(id, &here.month, format!("different: {}", differing.join(", ")));
                }
            }
        }
    }
    let is_extra =
        |(id, there): &(&String, &Seen)| !listed.contains_key(*id) && !there.is_inside_only;
    for (id, there) in landed.iter().filter(is_extra) {
        note(id, &there.month, "no longer listed by Stripe".to_owned());
    }
    for (side, objects) in [listed, landed].into_iter().enumerate() {
        for object in objects.values() {
            months.entry((name, object.month.clone())).or_default()[side] += 1;
        }
    }
}

fn say(differences: &[Difference], months: &Months) -> Result<()> {
    let number = |side: usize| -> ArrayRef {
        Arc::new(months.values().map(|counts| Some(counts[side])).collect::<Int64Array>())
    };
    let name = |pick: for<'a> fn(&'a (&'static str, String)) -> &'a str| -> ArrayRef {
        Arc::new(months.keys().map(|key| Some(pick(key))).collect::<StringArray>())
    };
    commands::show_table(RecordBatch::try_from_iter([
        ("resource", name(|key| key.0)),
        ("created", name(|key| &key.1)),
        ("stripe", number(0)),
        ("lake", number(1)),
        ("differences", number(2)),
    ])?)?;
    if differences.is_empty() {
        println!("the lake holds what Stripe lists");
        return Ok(());
    }
    let mut named: Vec<&Difference> = differences.iter().collect();
    named.sort_by(|a, b| (a.resource, &a.month, &a.id).cmp(&(b.resource, &b.month, &b.id)));
    named.truncate(NAMED);
    let column = |pick: fn(&Difference) -> &str| -> ArrayRef {
        Arc::new(named.iter().map(|difference| Some(pick(difference))).collect::<StringArray>())
    };
    commands::show_table(RecordBatch::try_from_iter([
        ("resource", column(|difference| difference.resource)),
        ("created", column(|difference| &difference.month)),
        ("id", column(|difference| &difference.id)),
        ("what", column(|difference| &difference.what)),
    ])?)?;
    println!("{} objects differ", count(differences.len() as u64));
    Ok(())
}

/// Trial conversion of the last 30 days as Stripe defines it and as paydirt does, and a line for
/// each subscription on which the two differ.
async fn explain_conversion(engine: &Engine) -> Result<()> {
    let sql = &engine.command("trial_conversion")?.text;
    let batches = engine.session()?.query(sql).await?;
    let records = read::records(&batches)?;
    let (mut by_stripe, mut by_paydirt, mut lines) = (0_u64, 0_u64, vec![]);
    for record in &records {
        let (theirs, ours) = (record.is("by_stripe")?, record.is("by_paydirt")?);
        by_stripe += u64::from(theirs);
        by_paydirt += u64::from(ours);
        if theirs != ours {
            let says = |converted: bool| if converted { "converted" } else { "not converted" };
            lines.push(format!(
                "{}: Stripe {}, paydirt {}: {}",
                record.text("subscription_id")?,
                says(theirs),
                says(ours),
                record.text("rule")?
            ));
        }
    }
    println!(
        "trials that ended in the last 30 days: {}; converted by Stripe's definition: {}, by paydirt's: {}",
        count(records.len() as u64),
        count(by_stripe),
        count(by_paydirt)
    );
    for line in lines {
        println!("{line}");
    }
    Ok(())
}
