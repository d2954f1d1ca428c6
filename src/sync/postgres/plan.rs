//! What is asked of a relation: its columns, and which of them are the cursor, the key, the event.

use tokio_postgres::Statement;

use super::column::{Column, quoted};
use super::connection::Connection;
use super::failure;
use super::pages::Page;
use super::settings::{PostgresSource, Relation};
use super::value::Form;
use crate::error::{Error, Result};
use crate::library::closest;
use crate::sync::files::{TARGETS, Target};

/// The relation of an entry as the server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What stands behind FROM.
    from: String,
    /// `public.events`, or which query it is; the same for the same rows.
    pub label: String,
    pub columns: Vec<Column>,
    pub cursor: Option<usize>,
    pub key: Vec<usize>,
    /// The column of each target of product events.
    targets: Vec<Option<usize>>,
    /// What the server calls the types of what is selected.
    oids: Vec<u32>,
    /// Whether rows tell which transaction wrote them: those of tables do.
    pub has_transactions: bool,
}

impl Plan {
    /// Asks the server what there is, and holds what the entry names against it.
    pub async fn make(source: &PostgresSource, connection: &Connection) -> Result<Self> {
        let (from, label, has_transactions) = match source.relation() {
            Relation::Table(name) => find_table(connection, name).await?,
            Relation::Query(query) => {
                (format!("({query}\n) as rows"), format!("query {}", source.name), false)
            }
        };
        let statement = connection.prepare(&format!("select * from {from} limit 0")).await;
        let statement = statement.map_err(|error| failure::failed(&error).context(&label))?;
        let columns: Vec<Column> = statement.columns().iter().map(Column::new).collect();
        let twice = columns.iter().enumerate().find(|(place, column)| {
            columns[..*place].iter().any(|other| other.name == column.name)
        });
        if let Some((_, column)) = twice {
            return Err(Error::new(format!("{label} has two columns called {}", column.name))
                .hint("give one of them another name in the query"));
        }
        let mut plan = Self {
            from,
            label,
            columns,
            cursor: None,
            key: vec![],
            targets: vec![None; TARGETS.len()],
            oids: vec![],
            has_transactions,
        };
        plan.cursor = source.cursor.as_ref().map(|name| plan.find(name, "cursor")).transpose()?;
        plan.key = source.key.iter().map(|name| plan.find(name, "key")).collect::<Result<_>>()?;
        plan.check_cursor()?;
        if source.is_events() {
            for &target in TARGETS {
                if let Some(name) = source.column(target) {
                    plan.targets[target as usize] = Some(plan.target(target, name)?);
                }
            }
        }
        let statement = connection.prepare(&plan.select(Some("false"))).await;
        let statement = statement.map_err(|error| failure::failed(&error).context(&plan.label))?;
        plan.oids = statement.columns().iter().map(|column| column.type_().oid()).collect();
        Ok(plan)
    }

    /// Whether a statement selects what the plan was made for.
    pub fn fits(&self, statement: &Statement) -> bool {
        statement.columns().iter().map(|column| column.type_().oid()).eq(self.oids.iter().copied())
    }

    fn target(&mut self, target: Target, name: &str) -> Result<usize> {
        let is_document = target == Target::Properties;
        let place = match (self.find(name, target.key()), name.split_once('.')) {
            (Err(missing), Some((column, path))) => {
                let outer = self.find(column, target.key()).map_err(|_| missing)?;
                let outer = &self.columns[outer];
                if !outer.is_json() {
                    return Err(self
                        .wrong(format!(
                            "{} = \"{name}\", and {column} is {}, not JSON",
                            target.key(),
                            outer.declared
                        ))
                        .hint("a path leads into a column of json or jsonb"));
                }
                let path: Vec<&str> = path.split('.').collect();
                let inside = Column::inside(outer, &path, is_document);
                self.columns.push(inside);
                self.columns.len() - 1
            }
            (found, _) => found?,
        };
        let column = &self.columns[place];
        let fits = match target {
            Target::Time | Target::IngestedAt => !matches!(
                column.form,
                Form::Bool | Form::Bytea | Form::Json | Form::Jsonb | Form::Uuid
            ),
            Target::Properties => column.is_json() || column.form == Form::Text,
            _ => column.form != Form::Bytea && !column.is_json(),
        };
        if fits {
            return Ok(place);
        }
        let what = match target {
            Target::Time | Target::IngestedAt => "no time can be read from",
            Target::Properties => "no properties can be read from",
            _ => "no text can be read from",
        };
        Err(self
            .wrong(format!(
                "{} = \"{name}\": {what} a column of type {}",
                target.key(),
                column.declared
            ))
            .hint("name another column, or write a query that converts it"))
    }

    /// The column of a target, where one is mapped.
    pub fn of(&self, target: Target) -> Option<usize> {
        self.targets[target as usize]
    }

    /// Whether a column is nothing but a property of the event.
    pub fn is_property(&self, place: usize) -> bool {
        !self.targets.contains(&Some(place)) && self.key != [place]
    }

    fn find(&self, name: &str, key: &str) -> Result<usize> {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        names.iter().position(|known| *known == name).ok_or_else(|| {
            let error = self.wrong(format!("there is no column {name} ({key})"));
            match closest(name, &names) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint(format!("there are: {}", names.join(", "))),
            }
        })
    }

    fn check_cursor(&self) -> Result<()> {
        let Some(column) = self.cursor.map(|place| &self.columns[place]) else { return Ok(()) };
        if column.is_time() || column.is_whole_number() {
            return Ok(());
        }
        Err(self
            .wrong(format!("the cursor {} is of type {}", column.name, column.declared))
            .hint("a cursor is a whole number or a time that grows with every row or change"))
    }

    fn wrong(&self, what: impl std::fmt::Display) -> Error {
        Error::new(format!("{}: {what}", self.label))
    }

    /// The query for all columns of the rows where `condition` holds.
    pub fn select(&self, condition: Option<&str>) -> String {
        let columns: Vec<&str> = self.columns.iter().map(|column| column.sql.as_str()).collect();
        let condition = condition.map(|text| format!(" where {text}")).unwrap_or_default();
        format!("select {} from {}{condition}", columns.join(", "), self.from)
    }

    /// Whether the server gives rows in the order of the cursor without sorting all of them for
    /// each page.
    pub async fn is_ordered(&self, connection: &Connection, from: Option<i64>) -> Result<bool> {
        let sql = format!("explain {}", Page::Next(from).sql(self));
        let lines = connection.texts(&sql, &[]).await?;
        let mut steps = lines.iter().map(|line| line.trim_start_matches([' ', '-', '>']));
        Ok(!steps.any(|step| step.starts_with("Sort ") || step.starts_with("Incremental Sort ")))
    }

    /// The cursor as SQL.
    pub fn cursor_sql(&self) -> Option<(&Column, String)> {
        let column = &self.columns[self.cursor?];
        Some((column, quoted(&column.name)))
    }
}

/// A table, view or foreign table by its name as people write it.
async fn find_table(connection: &Connection, name: &str) -> Result<(String, String, bool)> {
    let exact: Vec<String> = name.split('.').map(quoted).collect();
    let sql = "select c.relkind::text || format('%I.%I', n.nspname, c.relname) || chr(10) \
               || n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace \
               where c.oid = coalesce(to_regclass($1), to_regclass($2))";
    let found = connection.texts(sql, &[name, &exact.join(".")]).await;
    // A name that is none is not there either.
    let found = found.unwrap_or_default();
    if let Some((from, label)) = found.first().and_then(|names| names.split_once('\n')) {
        let (kind, from) = from.split_at(1);
        return Ok((from.to_owned(), label.to_owned(), matches!(kind, "r" | "p")));
    }
    connection.give_up().await;
    connection.begin().await?;
    let sql = "select n.nspname || '.' || c.relname \
               from pg_class c join pg_namespace n on n.oid = c.relnamespace \
               where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' \
               and n.nspname <> 'information_schema' order by 1 limit 1000";
    let names = connection.texts(sql, &[]).await?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let wanted = if name.contains('.') { name.to_owned() } else { format!("public.{name}") };
    let error = Error::new(format!("there is no table {name} in {}", connection.place));
    Err(match closest(&wanted, &names) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None if names.is_empty() => {
            error.hint("the role sees no table at all: check database and role")
        }
        None => error.hint(format!("there are: {}", names[..names.len().min(20)].join(", "))),
    })
}
