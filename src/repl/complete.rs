//! What can stand at the cursor: commands, relations, columns, functions, keywords.

use std::sync::Arc;

use datafusion::catalog::information_schema::INFORMATION_SCHEMA;
use datafusion::common::TableReference;
use datafusion::common::utils::quote_identifier;
use datafusion::sql::sqlparser::dialect::Dialect;

use super::clause::{Clause, Place};
use super::commands::{self, Argument};
use super::names::{Column, Names};
use super::statements::{self, Item};
use crate::render::Format;

const KEYWORDS: &[&str] = &[
    "ALL",
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "COPY",
    "CREATE",
    "CROSS",
    "DATE",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DISTINCT",
    "DROP",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "EXPLAIN",
    "EXTRACT",
    "FALSE",
    "FILTER",
    "FIRST",
    "FOLLOWING",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "ILIKE",
    "IN",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTERVAL",
    "INTO",
    "IS",
    "JOIN",
    "LAST",
    "LATERAL",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "NULLS",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "PRECEDING",
    "RANGE",
    "RECURSIVE",
    "RESET",
    "RIGHT",
    "ROW",
    "ROWS",
    "SELECT",
    "SET",
    "SHOW",
    "TABLE",
    "TABLES",
    "THEN",
    "TIMESTAMP",
    "TO",
    "TRUE",
    "UNBOUNDED",
    "UNION",
    "UNNEST",
    "USING",
    "VALUES",
    "VIEW",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
];

/// What to put in place of the text between `start` and the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Completion {
    pub start: usize,
    pub candidates: Vec<String>,
    /// The candidates are file names; the line editor knows how to find them.
    pub is_file: bool,
}

/// Completes `head`, the text before the cursor; `tail` follows it.
pub fn complete(head: &str, tail: &str, names: &Arc<Names>, dialect: &dyn Dialect) -> Completion {
    let split = statements::split(head, dialect);
    let is_open = !split.rest.is_empty();
    if let (false, Some(Item::Command { text, .. })) = (is_open, split.items.last())
        && head.trim_end().ends_with(text)
        && !head.ends_with('\n')
    {
        return complete_command(head, text, names);
    }
    if is_open && statements::ends_inside_quotes(split.rest, dialect) {
        return Completion { start: head.len(), ..Completion::default() };
    }
    let word = word_before(head);
    let start = head.len() - word.len();
    let begun = head.len() - split.rest.len().min(head.len());
    let before = head.get(begun..start).unwrap_or("");
    let clause = Clause::read(before, &format!("{before}{word}{tail}"), dialect);
    let (qualifier, partial) = match word.rsplit_once('.') {
        Some((qualifier, partial)) => (Some(qualifier), partial),
        None => (None, word),
    };
    let candidates = match (clause.place, qualifier) {
        (Place::Setting, _) => starting_with(names.settings(), word),
        (Place::Relation, _) => relations(word, names, &clause),
        (Place::Start, None) => keywords(word),
        (Place::Start | Place::Expression, Some(qualifier)) => {
            qualified(qualifier, partial, names, &clause)
        }
        (Place::Expression, None) => expression(word, names, &clause),
    };
    Completion { start, candidates, is_file: false }
}

/// Columns behind the name or alias just typed, for a hint: `c.` or a full `c.email`.
pub fn hint(head: &str, names: &Arc<Names>, dialect: &dyn Dialect) -> Option<String> {
    let rest = statements::split(head, dialect).rest.to_owned();
    let word = word_before(&rest);
    let (qualifier, partial) = word.rsplit_once('.')?;
    let clause = Clause::read(&rest[..rest.len() - word.len()], &rest, dialect);
    if clause.place != Place::Expression || statements::ends_inside_quotes(&rest, dialect) {
        return None;
    }
    let columns = names.columns_at_hand(&clause.table(qualifier)?)?;
    if let Some(column) = columns.iter().find(|column| column.name == partial) {
        return Some(format!("  {}", column.data_type));
    }
    let listed: Vec<_> =
        columns.iter().map(|c| &*c.name).filter(|n| n.starts_with(partial)).collect();
    (!listed.is_empty()).then(|| format!("  {}", super::shorten(&listed, 8)))
}

fn complete_command(head: &str, text: &str, names: &Arc<Names>) -> Completion {
    let begun = head.trim_end().len() - text.len();
    let typed = &head[begun..];
    let Some((name, argument)) = typed.split_once(char::is_whitespace) else {
        let all = commands::COMMANDS.iter().map(|command| format!("\\{}", command.name)).collect();
        return Completion { start: begun, candidates: starting_with(all, typed), is_file: false };
    };
    let argument = argument.trim_start();
    let start = head.len() - argument.len();
    let expected = commands::find(&name[1..]).map_or(Argument::None, |command| command.argument);
    let candidates = match expected {
        Argument::Relation => {
            let relations = names.relations();
            matching(relations.iter().map(|relation| names.typed(relation)), argument)
        }
        Argument::Function => starting_with(names.functions().to_vec(), argument),
        Argument::Format => starting_with(Format::names(), argument),
        Argument::Switch => starting_with(vec!["on".to_owned(), "off".to_owned()], argument),
        Argument::File => return Completion { start, is_file: true, ..Completion::default() },
        Argument::None => Vec::new(),
    };
    Completion { start, candidates, is_file: false }
}

/// Tables first: those of the statement's own `with`, then the session's, then schemas.
fn relations(word: &str, names: &Arc<Names>, clause: &Clause) -> Vec<String> {
    let mut candidates = starting_with(clause.defined.clone(), word);
    let known = names.relations();
    let typed = known.iter().map(|relation| names.typed(relation));
    if word.contains('.') {
        candidates.extend(starting_with(typed.collect(), word));
        return candidates;
    }
    let (local, qualified): (Vec<_>, Vec<_>) = typed.partition(|name| !name.contains('.'));
    candidates.extend(starting_with(local, word));
    let schemas = names.schemas().into_iter().filter(|schema| *schema != names.defaults().1);
    let schemas = starting_with(schemas.map(|schema| format!("{schema}.")).collect(), word);
    if !word.is_empty() && schemas.is_empty() {
        let ours = qualified.into_iter().filter(|name| !name.starts_with(INFORMATION_SCHEMA));
        candidates.extend(matching(ours, word));
    }
    candidates.extend(schemas);
    candidates
}

fn qualified(qualifier: &str, partial: &str, names: &Arc<Names>, clause: &Clause) -> Vec<String> {
    let columns = match clause.table(qualifier) {
        Some(table) => names.columns(&table),
        None => return starting_with(all_typed(names), &format!("{qualifier}.{partial}")),
    };
    let listed = starting_with(column_names(&columns), partial);
    listed.into_iter().map(|column| format!("{qualifier}.{column}")).collect()
}

fn expression(word: &str, names: &Arc<Names>, clause: &Clause) -> Vec<String> {
    let mut candidates = Vec::new();
    for table in clause.tables() {
        for column in starting_with(column_names(&names.columns(table)), word) {
            if !candidates.contains(&column) {
                candidates.push(column);
            }
        }
    }
    // The word itself may look like an alias: `from notes whe`.
    let aliases = starting_with(clause.aliases(), word).into_iter();
    candidates.extend(aliases.filter(|alias| alias != word));
    if !word.is_empty() {
        let functions = names.functions().iter().map(|name| format!("{name}(")).collect();
        candidates.extend(starting_with(functions, word));
        candidates.extend(keywords(word));
    }
    candidates
}

fn all_typed(names: &Arc<Names>) -> Vec<String> {
    names.relations().iter().map(|relation| names.typed(relation)).collect()
}

fn column_names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| quote_identifier(&column.name).into_owned()).collect()
}

/// Keywords in the case that is being typed.
fn keywords(word: &str) -> Vec<String> {
    let is_upper = word.chars().next().is_some_and(char::is_uppercase);
    let in_case = |k: &&str| if is_upper { (*k).to_owned() } else { k.to_ascii_lowercase() };
    starting_with(KEYWORDS.iter().map(in_case).collect(), word)
}

fn starting_with(mut names: Vec<String>, start: &str) -> Vec<String> {
    let start = start.to_lowercase();
    names.retain(|name| name.to_lowercase().starts_with(&start));
    names
}

/// Names that start so, in full or after their schema: `cust` finds `stripe.customers`.
fn matching(names: impl Iterator<Item = String>, start: &str) -> Vec<String> {
    let start = start.to_lowercase();
    let fits = |name: &String| {
        let name = name.to_lowercase();
        let last = name.rsplit('.').next().unwrap_or_default();
        name.starts_with(&start) || last.starts_with(&start)
    };
    names.filter(fits).collect()
}

/// The name that is being typed, with what qualifies it.
fn word_before(head: &str) -> &str {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let start = head
        .rfind(|c| !is_part(c))
        .map_or(0, |at| at + head[at..].chars().next().map_or(1, char::len_utf8));
    &head[start..]
}

/// A name as typed, as a reference: `stripe.customers`.
pub fn reference(parts: &[String]) -> Option<TableReference> {
    match parts {
        [table] => Some(TableReference::bare(table.as_str())),
        [schema, table] => Some(TableReference::partial(schema.as_str(), table.as_str())),
        [catalog, schema, table] => {
            Some(TableReference::full(catalog.as_str(), schema.as_str(), table.as_str()))
        }
        _ => None,
    }
}
