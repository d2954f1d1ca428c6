//! Reads a half-typed statement far enough to know what its next word may be.

use datafusion::common::TableReference;
use datafusion::sql::sqlparser::dialect::Dialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};

use super::complete::reference;

/// What kind of word comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The first word of a statement.
    Start,
    /// The name of a table or view.
    Relation,
    /// The name of an option.
    Setting,
    /// A column, a function, a keyword.
    Expression,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Clause {
    pub place: Place,
    /// Names that the statement defines by `with`.
    pub defined: Vec<String>,
    /// Relations it reads, and what it calls them.
    sources: Vec<Source>,
}

#[derive(Debug, PartialEq, Eq)]
struct Source {
    table: TableReference,
    alias: Option<String>,
}

impl Clause {
    /// `before` is the statement up to the word at the cursor, `whole` all there is of it.
    pub fn read(before: &str, whole: &str, dialect: &dyn Dialect) -> Self {
        let place = place_after(&tokens(before, dialect));
        let whole = tokens(whole, dialect);
        Self { place, defined: definitions(&whole), sources: sources(&whole) }
    }

    /// The relation that a qualifier means: an alias, a table's name, a full name.
    pub fn table(&self, qualifier: &str) -> Option<TableReference> {
        let means = |source: &&Source| match &source.alias {
            Some(alias) => alias == qualifier,
            None => source.table.table() == qualifier || source.table.to_string() == qualifier,
        };
        self.sources.iter().find(means).map(|source| source.table.clone())
    }

    pub fn tables(&self) -> impl Iterator<Item = &TableReference> {
        self.sources.iter().map(|source| &source.table)
    }

    /// What can stand before a dot.
    pub fn aliases(&self) -> Vec<String> {
        let names = self.sources.iter().map(|source| match &source.alias {
            Some(alias) => alias.clone(),
            None => source.table.table().to_owned(),
        });
        names.collect()
    }
}

/// The tokens that mean something, as far as the text can be read.
fn tokens(text: &str, dialect: &dyn Dialect) -> Vec<Token> {
    let mut tokens: Vec<TokenWithSpan> = Vec::new();
    // An open quote ends the reading early; what stands before it is still right.
    let _ = Tokenizer::new(dialect, text).tokenize_with_location_into_buf(&mut tokens);
    let tokens = tokens.into_iter().map(|token| token.token);
    tokens.filter(|token| !matches!(token, Token::Whitespace(_))).collect()
}

fn keyword(token: Option<&Token>) -> Keyword {
    match token {
        Some(Token::Word(word)) => word.keyword,
        _ => Keyword::NoKeyword,
    }
}

fn place_after(tokens: &[Token]) -> Place {
    use Keyword::{DESCRIBE, FROM, INTO, JOIN, RESET, SET, SHOW, TABLE, UPDATE, VIEW};
    match keyword(tokens.last()) {
        FROM | JOIN | INTO | UPDATE | TABLE | VIEW | DESCRIBE => return Place::Relation,
        SET | SHOW | RESET if tokens.len() == 1 => return Place::Setting,
        _ if tokens.is_empty() => return Place::Start,
        _ => {}
    }
    match tokens.last() {
        Some(Token::Comma) if open_clause(tokens) == Keyword::FROM => Place::Relation,
        _ => Place::Expression,
    }
}

/// The clause that is still open at the end; what stands in closed parentheses is over.
fn open_clause(tokens: &[Token]) -> Keyword {
    use Keyword::{BY, FROM, HAVING, SELECT, SET, VALUES, WHERE};
    let mut closed = 0;
    for token in tokens.iter().rev() {
        match token {
            Token::RParen => closed += 1,
            Token::LParen if closed == 0 => break,
            Token::LParen => closed -= 1,
            Token::Word(word) if closed == 0 => {
                if matches!(word.keyword, SELECT | FROM | WHERE | BY | HAVING | SET | VALUES) {
                    return word.keyword;
                }
            }
            _ => {}
        }
    }
    Keyword::NoKeyword
}

/// `with a as (…), b as (…)`: every `name as (`.
fn definitions(tokens: &[Token]) -> Vec<String> {
    if keyword(tokens.first()) != Keyword::WITH {
        return Vec::new();
    }
    let triples = tokens.windows(3).filter_map(|window| match window {
        [Token::Word(name), next, Token::LParen] if keyword(Some(next)) == Keyword::AS => {
            Some(name.value.clone())
        }
        _ => None,
    });
    triples.collect()
}

/// Names after `from`, `join` and the commas between them, with their aliases.
fn sources(tokens: &[Token]) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let starts = place_after(&tokens[..=at]) == Place::Relation;
        at += 1;
        if !starts {
            continue;
        }
        let mut parts = Vec::new();
        while let Some(Token::Word(word)) = tokens.get(at) {
            parts.push(folded(word));
            at += 1;
            if tokens.get(at) != Some(&Token::Period) {
                break;
            }
            at += 1;
        }
        // A name before `(` is a table function.
        if tokens.get(at) == Some(&Token::LParen) {
            continue;
        }
        let Some(table) = reference(&parts) else { continue };
        let after_as = at + usize::from(keyword(tokens.get(at)) == Keyword::AS);
        let alias = match tokens.get(after_as) {
            Some(Token::Word(word)) if word.keyword == Keyword::NoKeyword || after_as > at => {
                Some(folded(word))
            }
            _ => None,
        };
        sources.push(Source { table, alias });
    }
    sources
}

/// Unquoted names are lower case.
fn folded(word: &Word) -> String {
    if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::GenericDialect;

    use super::*;

    fn read(before: &str, after: &str) -> Clause {
        Clause::read(before, &format!("{before}{after}"), &GenericDialect {})
    }

    #[test]
    fn the_place_follows_the_clause() {
        for (before, place) in [
            ("", Place::Start),
            ("select ", Place::Expression),
            ("select a, ", Place::Expression),
            ("select a from ", Place::Relation),
            ("select a from t, ", Place::Relation),
            ("select a from t left join ", Place::Relation),
            ("select a from t order by a, ", Place::Expression),
            ("select a from t join u on t.id = u.id, ", Place::Relation),
            ("select a from t join u using (b, ", Place::Expression),
            ("select extract(day from c), ", Place::Expression),
            ("insert into ", Place::Relation),
            ("drop table ", Place::Relation),
            ("set ", Place::Setting),
            ("select 1 where x = 'from ", Place::Expression),
        ] {
            assert_eq!(read(before, "").place, place, "{before}");
        }
    }

    #[test]
    fn sources_are_known_by_alias_or_name() {
        let clause =
            read("select ", " from stripe.customers c join Invoices using (id), x where 1");
        assert_eq!(clause.table("c").unwrap().to_string(), "stripe.customers");
        assert_eq!(clause.table("invoices").unwrap().to_string(), "invoices");
        assert_eq!(clause.table("customers"), None);
        assert_eq!(clause.aliases(), ["c", "invoices", "x"]);
    }

    #[test]
    fn definitions_can_be_read_from() {
        let clause = read("with paid as (select 1), late as (select 2) select * from ", "");
        assert_eq!(clause.defined, ["paid", "late"]);
        assert_eq!(clause.place, Place::Relation);
    }
}
