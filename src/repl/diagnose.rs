//! Turns DataFusion's errors into one sentence, the place in the statement, and a hint.

use datafusion::common::{Diagnostic, SchemaError, Span};
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use unicode_width::UnicodeWidthStr;

use super::names::Names;
use crate::error::Error;
use crate::render::visible;

/// Below this likeness (Jaro-Winkler) a name is no suggestion but a guess.
const LIKENESS: f64 = 0.8;

/// A statement and the line of its source on which it starts, from 1.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    pub sql: &'a str,
    pub line: usize,
}

/// What went wrong, and on which line of the source, where that is known.
#[derive(Debug)]
pub struct Diagnosis {
    pub error: Error,
    pub line: Option<usize>,
}

impl<E: Into<Error>> From<E> for Diagnosis {
    fn from(error: E) -> Self {
        Self { error: error.into(), line: None }
    }
}

/// What went wrong with a statement, for the person who wrote it.
///
/// An error of paydirt's own inside DataFusion's comes out as it was raised.
pub fn diagnose(error: &DataFusionError, statement: Statement<'_>, names: &Names) -> Diagnosis {
    if let Some(own) = own_error(error) {
        return own.into();
    }
    let root = error.find_root();
    let diagnostic = error.diagnostic();
    let text = text_of(root, diagnostic);
    // A message may quote data.
    let text = visible(&text);
    let (sentence, place) = split_place(&text);
    let span = diagnostic.and_then(|diagnostic| diagnostic.span);
    let place = span.map(Place::from).or(place);
    let mut message = lower_first(first_line(sentence));
    if let Some(excerpt) = place.and_then(|place| excerpt(statement, place)) {
        message = format!("{message}\n{excerpt}");
    }
    let mut error = Error::new(message);
    if let Some(hint) = hint(root, names) {
        error = error.hint(hint);
    }
    Diagnosis { error, line: place.map(|place| statement.line + place.line.saturating_sub(1)) }
}

/// What went wrong outside any statement: a relation that was asked for by its name.
pub fn diagnose_name(error: &DataFusionError, names: &Names) -> Error {
    diagnose(error, Statement { sql: "", line: 1 }, names).error
}

fn own_error(error: &DataFusionError) -> Option<Error> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = source {
        if let Some(own) = current.downcast_ref::<Error>() {
            return Some(own.clone());
        }
        source = match current.downcast_ref::<DataFusionError>() {
            // `source` of these skips the error itself.
            Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
            _ => current.source(),
        };
    }
    None
}

fn text_of(root: &DataFusionError, diagnostic: Option<&Diagnostic>) -> String {
    match (diagnostic, root) {
        (Some(diagnostic), _) => diagnostic.message.clone(),
        (None, DataFusionError::SQL(error, _)) => match error.as_ref() {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.clone(),
            ParserError::RecursionLimitExceeded => "the statement is nested too deeply".to_owned(),
        },
        (None, DataFusionError::SchemaError(error, _)) => error.to_string(),
        (None, root) => root.message().into_owned(),
    }
}

/// Where in the statement, lines and columns from 1; `end` is past the last column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
    end: Option<usize>,
}

impl From<Span> for Place {
    fn from(span: Span) -> Self {
        let end = (span.end.line == span.start.line).then_some(span.end.column as usize);
        Self { line: span.start.line as usize, column: span.start.column as usize, end }
    }
}

/// The parser writes its place into the sentence: `… at Line: 1, Column: 8`.
fn split_place(text: &str) -> (&str, Option<Place>) {
    let read = || {
        let (sentence, place) = text.rsplit_once(" at Line: ")?;
        let (line, column) = place.split_once(", Column: ")?;
        let column = column.trim_end_matches(|c: char| !c.is_ascii_digit());
        let place = Place { line: line.parse().ok()?, column: column.parse().ok()?, end: None };
        Some((sentence, place))
    };
    match read() {
        Some((sentence, place)) => (sentence, Some(place)),
        None => (text, None),
    }
}

/// The line, and a caret under what is meant.
fn excerpt(statement: Statement<'_>, place: Place) -> Option<String> {
    let line = statement.sql.lines().nth(place.line.checked_sub(1)?)?;
    let before: String = line.chars().take(place.column.checked_sub(1)?).collect();
    let length = place.end.map_or(1, |end| end.saturating_sub(place.column)).max(1);
    let meant: String = line.chars().skip(place.column - 1).take(length).collect();
    let number = (statement.line + place.line - 1).to_string();
    let margin = " ".repeat(number.len());
    let blanks = " ".repeat(before.width());
    let carets = "^".repeat(meant.width().max(1));
    let line = line.replace('\t', " ");
    let line = visible(&line);
    Some(format!("  {number} | {line}\n  {margin} | {blanks}{carets}"))
}

fn hint(root: &DataFusionError, names: &Names) -> Option<String> {
    match root {
        DataFusionError::SchemaError(error, _) => match error.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                let known: Vec<_> = valid_fields.iter().map(|f| f.quoted_flat_name()).collect();
                let last: Vec<_> = valid_fields.iter().map(|f| f.name.as_str()).collect();
                match closest(&field.name, last.iter().copied()) {
                    Some(at) => Some(did_you_mean(&known[at])),
                    None if known.is_empty() => None,
                    None => Some(format!("columns are {}", super::shorten(&known, 12))),
                }
            }
            _ => None,
        },
        DataFusionError::Plan(text) => {
            if let Some(name) = between(text, "Invalid function '", "'")
                .or_else(|| between(text, "table function '", "' not found"))
            {
                let known = names.functions();
                return Some(match closest(name, known.iter().map(String::as_str)) {
                    Some(at) => did_you_mean(&known[at]),
                    None => "\\df lists the functions".to_owned(),
                });
            }
            let name = between(text, "table '", "' not found")
                .or_else(|| between(text, "No table named '", "'"))?;
            let name = name.rsplit('.').next().unwrap_or(name);
            let known = names.relations();
            Some(match closest(name, known.iter().map(|relation| relation.name.as_str())) {
                Some(at) => did_you_mean(&names.typed(&known[at])),
                None => "\\d lists the relations".to_owned(),
            })
        }
        _ => None,
    }
}

fn did_you_mean(name: &str) -> String {
    format!("did you mean {name}?")
}

/// Which of the known names is most like the given one, if any is alike.
pub fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<usize> {
    let name = name.to_lowercase();
    let scored = known.enumerate().map(|(at, other)| {
        let other = other.to_lowercase();
        (at, if other == name { 1.0 } else { strsim::jaro_winkler(&name, &other) })
    });
    let best = scored.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (best.1 >= LIKENESS).then_some(best.0)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, after) = text.split_once(start)?;
    after.split_once(end).map(|(name, _)| name)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("").trim_end_matches(['.', ' '])
}

/// Sentences start small, names in capitals stay.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}
