//! `paydirt sync postgres` and `paydirt check postgres`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use indicatif::{ProgressBar, ProgressStyle};

use crate::config::Project;
use crate::error::{Error, Result};
use crate::format::{count, counted};
use crate::lake::Lake;
use crate::library::closest;
use crate::sync::postgres::{self, Checked, PostgresSource, Report};

/// Lands what is new in each entry; 2 when something did not land.
pub async fn sync(project: &Project, names: &[String], is_full: bool) -> Result<ExitCode> {
    let sources = chosen(project, names)?;
    let lake = Lake::open(project.lake()).await?;
    let mut is_whole = true;
    for source in sources {
        let bar = ProgressBar::new_spinner();
        bar.set_style(
            ProgressStyle::with_template("{spinner} {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        bar.enable_steady_tick(Duration::from_millis(200));
        let progress =
            |rows: u64| bar.set_message(format!("{} · {}", source.name, counted(rows, "row")));
        let report = postgres::pull(source, &project.root, &lake, is_full, &progress).await;
        bar.finish_and_clear();
        let report = report?;
        say(&report);
        is_whole &= report.is_whole();
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn say(report: &Report) {
    let deleted = match report.deleted {
        0 => String::new(),
        deleted => format!(", deleted: {}", count(deleted)),
    };
    println!(
        "landed {} of {} from Postgres; rows read: {}, rejected: {}{deleted}",
        counted(report.new_rows, "new row"),
        report.name,
        count(report.tally.rows),
        count(report.tally.rejected),
    );
    let shown = report.tally.problems.iter().filter(|problem| problem.kind != "unread field");
    for problem in shown {
        let id = problem.id.as_ref().map(|id| format!(" row {id}:")).unwrap_or_default();
        let field = problem.field.as_ref().map(|field| format!(" field `{field}`:"));
        let word = if problem.kind == "rejected" { "error" } else { "note" };
        eprintln!("{word}: {}:{id}{} {}", report.name, field.unwrap_or_default(), problem.reason);
    }
    for note in report.tally.notes() {
        eprintln!("note: {}: {note} (select * from system.diagnostics)", report.name);
    }
    if let Some(failure) = &report.failure {
        super::fail(&failure.clone().context(&report.name));
    }
}

/// Tries each entry; 1 when something is wrong.
pub async fn check(project: &Project, names: &[String]) -> Result<ExitCode> {
    let mut is_fine = true;
    for source in chosen(project, names)? {
        match postgres::check(source, &project.root).await {
            Ok(checked) => show(source, &checked)?,
            Err(error) => {
                is_fine = false;
                super::fail(&error.context(&source.name));
            }
        }
    }
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(source: &PostgresSource, checked: &Checked) -> Result<()> {
    println!("{}: {} at {}", source.name, checked.relation, checked.server);
    println!("lands in {}", checked.lands_in);
    let column = |place: usize| -> ArrayRef {
        Arc::new(checked.columns.iter().map(|row| Some(&row[place])).collect::<StringArray>())
    };
    let table = RecordBatch::try_from_iter([
        ("column", column(0)),
        ("type", column(1)),
        ("becomes", column(2)),
    ])?;
    super::show_table(table)?;
    for note in &checked.notes {
        eprintln!("note: {note}");
    }
    Ok(())
}

/// The entries of these names, or all.
fn chosen<'p>(project: &'p Project, names: &[String]) -> Result<Vec<&'p PostgresSource>> {
    let all = &project.config.source.postgres;
    if all.is_empty() {
        return Err(Error::new("no [[source.postgres]] in paydirt.toml").hint(
            "name a table: [[source.postgres]] with name, url or url_variable, table, key; \
             `paydirt init` writes a paydirt.toml in which every key is explained",
        ));
    }
    let known: Vec<&str> = all.iter().map(|source| source.name.as_str()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        let error = Error::new(format!("no [[source.postgres]] is called {unknown}"));
        return Err(match closest(unknown, &known) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint(format!("there are: {}", known.join(", "))),
        });
    }
    let is_chosen = |source: &&PostgresSource| names.is_empty() || names.contains(&source.name);
    Ok(all.iter().filter(is_chosen).collect())
}
