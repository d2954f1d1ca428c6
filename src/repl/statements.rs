//! Finds where statements end. The SQL tokenizer decides about quotes and comments.

use std::str::CharIndices;

use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect, dialect_from_str};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use datafusion::prelude::SessionContext;

/// One thing to do, with the line it starts on (from 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A statement without its `;`.
    Sql { text: &'a str, line: usize },
    /// A shell command with its `\`, up to the end of the line.
    Command { text: &'a str, line: usize },
}

/// A text cut into complete items and an unfinished end.
#[derive(Debug, PartialEq, Eq)]
pub struct Split<'a> {
    pub items: Vec<Item<'a>>,
    /// A statement without `;`, an open quote or comment; empty when nothing waits.
    pub rest: &'a str,
    /// The line on which the rest starts, from 1.
    pub rest_line: usize,
}

impl<'a> Split<'a> {
    /// Where in the text the rest starts, in bytes; the text's end when nothing waits.
    pub fn rest_start(&self, text: &str) -> usize {
        if self.rest.is_empty() { text.len() } else { text.trim_end().len() - self.rest.len() }
    }

    /// The items, the rest as a last statement: what a text that ends here means.
    pub fn into_items(mut self) -> Vec<Item<'a>> {
        if !self.rest.is_empty() {
            self.items.push(Item::Sql { text: self.rest, line: self.rest_line });
        }
        self.items
    }
}

/// The dialect the session parses with.
pub fn dialect_of(ctx: &SessionContext) -> Box<dyn Dialect> {
    let name = ctx.copied_config().options().sql_parser.dialect;
    dialect_from_str(name).unwrap_or_else(|| Box::new(GenericDialect {}))
}

pub fn split<'a>(text: &'a str, dialect: &dyn Dialect) -> Split<'a> {
    let mut items = Vec::new();
    let (mut from, mut line) = (0, 1);
    loop {
        match split_until_command(&text[from..], line, dialect, &mut items) {
            Stop::End { rest, rest_line } => {
                return Split { items, rest: rest.trim_end(), rest_line };
            }
            Stop::Command { at, at_line } => {
                let start = from + at;
                let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
                items.push(Item::Command { text: text[start..end].trim_end(), line: at_line });
                (from, line) = (end, at_line);
            }
        }
    }
}

enum Stop<'a> {
    End { rest: &'a str, rest_line: usize },
    Command { at: usize, at_line: usize },
}

/// Collects statements up to the first shell command: its line is not SQL, tokens after it lie.
fn split_until_command<'a>(
    text: &'a str,
    first_line: usize,
    dialect: &dyn Dialect,
    items: &mut Vec<Item<'a>>,
) -> Stop<'a> {
    let mut tokens: Vec<TokenWithSpan> = Vec::new();
    let outcome = Tokenizer::new(dialect, text).tokenize_with_location_into_buf(&mut tokens);
    let mut cursor = Cursor::new(text);
    let mut start: Option<(usize, usize)> = None;
    // Where blanks and comments after the last statement begin.
    let mut idle = (0, first_line);
    for token in &tokens {
        let at = || first_line + token.span.start.line as usize - 1;
        match (&token.token, start) {
            (Token::Whitespace(_), _) => {}
            (Token::SemiColon, begun) => {
                let end = cursor.offset(token.span.start);
                if let Some((start, line)) = begun {
                    items.push(Item::Sql { text: text[start..end].trim_end(), line });
                }
                start = None;
                idle = (end + 1, at());
            }
            (Token::Backslash, None) => {
                return Stop::Command { at: cursor.offset(token.span.start), at_line: at() };
            }
            (_, None) => start = Some((cursor.offset(token.span.start), at())),
            (_, Some(_)) => {}
        }
    }
    match (start, outcome) {
        (Some((start, line)), Ok(())) => Stop::End { rest: &text[start..], rest_line: line },
        (None, Ok(())) => Stop::End { rest: "", rest_line: first_line },
        (start, Err(error)) => {
            let (start, line) = start.unwrap_or(idle);
            let blanks = text[start..].len() - text[start..].trim_start().len();
            let line = line + text[start..start + blanks].matches('\n').count();
            let rest = &text[start + blanks..];
            if is_unfinished(&error.message) || !rest.trim_end().ends_with(';') {
                return Stop::End { rest, rest_line: line };
            }
            // No more typing can mend this; the parser says what is wrong.
            items.push(Item::Sql { text: rest.trim_end().trim_end_matches(';'), line });
            Stop::End { rest: "", rest_line: line }
        }
    }
}

/// The tokenizer has one error type; its wording tells an open quote from a wrong character.
fn is_unfinished(message: &str) -> bool {
    ["Unterminated", "EOF", "end of input"].iter().any(|words| message.contains(words))
}

/// Whether the text ends inside a string, a quoted name or a comment.
pub fn ends_inside_quotes(text: &str, dialect: &dyn Dialect) -> bool {
    let outcome = Tokenizer::new(dialect, text).tokenize();
    let in_line_comment = || {
        let last = text.rsplit('\n').next().unwrap_or("");
        let tokens = Tokenizer::new(dialect, last).tokenize().unwrap_or_default();
        matches!(tokens.last(), Some(Token::Whitespace(blank)) if blank.to_string().starts_with("--"))
    };
    outcome.is_err() || in_line_comment()
}

/// Turns the tokenizer's lines and columns into byte offsets, forwards only.
struct Cursor<'a> {
    text: &'a str,
    chars: CharIndices<'a>,
    line: u64,
    column: u64,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, chars: text.char_indices(), line: 1, column: 1 }
    }

    fn offset(&mut self, at: Location) -> usize {
        while (self.line, self.column) < (at.line, at.column) {
            match self.chars.next() {
                None => return self.text.len(),
                Some((_, '\n')) => (self.line, self.column) = (self.line + 1, 1),
                Some(_) => self.column += 1,
            }
        }
        self.chars.offset()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(text: &str, line: usize) -> Item<'_> {
        Item::Sql { text, line }
    }

    fn parts(text: &str) -> (Vec<Item<'_>>, &str) {
        let split = split(text, &GenericDialect {});
        (split.items, split.rest)
    }

    #[test]
    fn quotes_and_comments_do_not_end_statements() {
        let text = "select ';' as \"a;b\"; -- x;\n/* ; */ select 2 ;;\n select é";
        let (items, rest) = parts(text);
        assert_eq!(items, [sql("select ';' as \"a;b\"", 1), sql("select 2", 2)]);
        assert_eq!(rest, "select é");
    }

    #[test]
    fn open_quotes_and_comments_wait() {
        assert_eq!(parts("select 'a;\n"), (vec![], "select 'a;"));
        assert_eq!(parts("select 1;\n /* x;\n"), (vec![sql("select 1", 1)], "/* x;"));
        assert_eq!(parts("select \"a;"), (vec![], "select \"a;"));
    }

    #[test]
    fn comments_and_blanks_alone_do_not_wait() {
        assert_eq!(parts("-- nothing\n\n /* here */\n"), (vec![], ""));
        assert_eq!(parts(";;"), (vec![], ""));
    }

    #[test]
    fn commands_take_their_line_and_no_more() {
        let text = "select 1;\n\\i it's.sql\nselect\n2;\n  \\timing";
        let (items, rest) = parts(text);
        let expected = [
            sql("select 1", 1),
            Item::Command { text: "\\i it's.sql", line: 2 },
            sql("select\n2", 3),
            Item::Command { text: "\\timing", line: 5 },
        ];
        assert_eq!(items, expected);
        assert_eq!(rest, "");
    }

    #[test]
    fn lines_are_those_of_the_first_word() {
        let split = split("select 1;\n\n-- why\n  select\n 2", &GenericDialect {});
        assert_eq!(split.rest_line, 4);
        assert_eq!(split.into_items()[1], sql("select\n 2", 4));
    }

    #[test]
    fn a_cursor_inside_quotes_is_noticed() {
        let inside = |text| ends_inside_quotes(text, &GenericDialect {});
        assert!(inside("select 'ab"));
        assert!(inside("select 1 -- ab"));
        assert!(!inside("select 'a' "));
        assert!(!inside("select a -- b\n from "));
    }
}
