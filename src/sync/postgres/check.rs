//! Tries an entry without landing anything: the connection, the relation, what each column becomes.

use std::path::Path;

use super::address::SslMode;
use super::connection::Connection;
use super::landed::own_name;
use super::plan::Plan;
use super::settings::PostgresSource;
use crate::error::Result;
use crate::sync::files::TARGETS;

/// What an entry reads.
#[derive(Debug)]
pub struct Checked {
    /// `host:port/database`, the server's version, and how the way there is protected.
    pub server: String,
    /// `public.events`.
    pub relation: String,
    pub lands_in: String,
    /// Name, type and what it becomes.
    pub columns: Vec<[String; 3]>,
    /// What is worth a word.
    pub notes: Vec<String>,
}

/// Connects and asks; the first thing that is wrong is the error.
pub async fn check(source: &PostgresSource, root: &Path) -> Result<Checked> {
    let connection = Connection::open(source, root).await?;
    connection.begin().await?;
    let checked = look(source, &connection).await;
    connection.give_up().await;
    checked
}

async fn look(source: &PostgresSource, connection: &Connection) -> Result<Checked> {
    let plan = Plan::make(source, connection).await?;
    let protection = match connection.sslmode {
        SslMode::Disable => "not encrypted",
        SslMode::Prefer => "encrypted if the server can",
        SslMode::Require => "encrypted, the server is not verified (sslmode=verify-full does)",
        SslMode::VerifyCa => "encrypted, the server's authority is verified",
        SslMode::VerifyFull => "encrypted, the server is verified",
    };
    let version = connection.version().await?;
    let server = format!("{} ({version}), {protection}", connection.place);
    let mut notes = vec![];
    match plan.cursor {
        None => notes.push("no cursor: every sync reads all of it".to_owned()),
        Some(_) if !plan.is_ordered(connection, None).await? => notes.push(
            "the server would sort for its cursor: it is read in one go, which an index on the cursor \
             lets a sync resume"
                .to_owned(),
        ),
        Some(_) => {}
    }
    Ok(Checked {
        server,
        relation: plan.label.clone(),
        lands_in: source.lake_table().replace('/', "."),
        columns: columns(source, &plan),
        notes,
    })
}

fn columns(source: &PostgresSource, plan: &Plan) -> Vec<[String; 3]> {
    let columns = plan.columns.iter().enumerate();
    columns
        .map(|(place, column)| {
            let becomes = if source.is_events() {
                in_event(plan, place)
            } else {
                format!("{}, {}", own_name(&column.name), column.becomes())
            };
            [column.name.clone(), column.declared.clone(), becomes]
        })
        .collect()
}

/// What a column is for an event.
fn in_event(plan: &Plan, place: usize) -> String {
    let targets = TARGETS.iter().filter(|target| plan.of(**target) == Some(place));
    let mut roles: Vec<&str> = targets.map(|target| target.column()).collect();
    if plan.key == [place] {
        roles.push("uuid");
    }
    if plan.is_property(place) && !plan.columns[place].is_inside {
        roles.push("a property");
    }
    roles.join(", ")
}
