//! Functions of paydirt: every page of the manual is there, its examples run, no clock leaks.

use std::sync::Arc;
use std::time::Duration;

use datafusion::logical_expr::{Documentation, Volatility};

use crate::company::{Company, Database, landed_sample};

/// Functions that answer from the session.
const SESSION: &[&str] = &[
    "as_of",
    "now",
    "data_through",
    "current_date",
    "current_time",
    "min_confidence",
    "is_live",
    "setting",
    "is_overridden_user",
];
/// Of those and their other names, the ones that tell a time.
const CLOCKS: &[&str] =
    &["as_of", "current_date", "current_time", "current_timestamp", "data_through", "now", "today"];

/// Name and page of every function of paydirt, as a session knows them.
fn pages(database: &Database) -> Vec<(String, Option<Documentation>)> {
    let state = database.session.ctx.state();
    let scalars = paydirt_udfs::scalar_functions(Arc::default());
    let scalars = scalars.iter().map(|function| function.name().to_owned());
    let scalars = scalars.chain(SESSION.iter().map(|name| (*name).to_owned())).map(|name| {
        let page = state.scalar_functions()[&name].documentation().cloned();
        (name, page)
    });
    let aggregates = paydirt_udfs::aggregate_functions().into_iter().map(|function| {
        let page = state.aggregate_functions()[function.name()].documentation().cloned();
        (function.name().to_owned(), page)
    });
    let windows = paydirt_udfs::window_functions().into_iter().map(|function| {
        let page = state.window_functions()[function.name()].documentation().cloned();
        (function.name().to_owned(), page)
    });
    scalars.chain(aggregates).chain(windows).collect()
}

#[test]
fn every_function_has_a_page_with_an_example() {
    let mut lacking = vec![];
    for (name, page) in pages(&landed_sample().open()) {
        let Some(page) = page else {
            lacking.push(format!("{name}: no page"));
            continue;
        };
        if page.description.trim().is_empty() {
            lacking.push(format!("{name}: no description"));
        }
        if !page.syntax_example.starts_with(&format!("{name}(")) {
            lacking.push(format!("{name}: syntax `{}`", page.syntax_example));
        }
        if page.sql_example.as_deref().unwrap_or_default().trim().is_empty() {
            lacking.push(format!("{name}: no example"));
        }
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

#[test]
fn every_example_gives_the_value_it_shows() {
    let database = landed_sample().open();
    let mut wrong = vec![];
    let mut examples = 0;
    for (name, page) in pages(&database) {
        let example = page.and_then(|page| page.sql_example).unwrap_or_default();
        let lines: Vec<&str> = example.lines().collect();
        for pair in lines.chunks(2) {
            let [query, value] = pair else {
                wrong.push(format!("{name}: a query without its value"));
                continue;
            };
            let expected = value.trim_start_matches("-- ");
            examples += 1;
            match database.try_rows(query.trim_end_matches(';')) {
                Ok(rows) if rows.first().is_some_and(|got| is_same(got, expected)) => {}
                Ok(rows) => wrong.push(format!("{query}: {rows:?}, the page says {expected}")),
                Err(error) => wrong.push(format!("{query}: {error}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(examples > 40, "{examples} examples ran");
}

/// Equal as texts, or as numbers to 1e-9.
fn is_same(got: &str, expected: &str) -> bool {
    match (got.parse::<f64>(), expected.parse::<f64>()) {
        (Ok(got), Ok(expected)) => (got - expected).abs() <= 1e-9 * expected.abs().max(1.0),
        _ => got == expected,
    }
}

#[test]
fn clocks_tell_the_as_of_time() {
    let database = Company::new("").open();
    database.at("2025-03-01T12:34:56.789Z");
    for (sql, expected) in [
        ("as_of()", "2025-03-01T12:34:56.789Z"),
        ("now()", "2025-03-01T12:34:56.789Z"),
        ("current_timestamp", "2025-03-01T12:34:56.789Z"),
        ("current_timestamp()", "2025-03-01T12:34:56.789Z"),
        ("current_date", "2025-03-01"),
        ("current_date()", "2025-03-01"),
        ("today()", "2025-03-01"),
        ("current_time", "12:34:56.789"),
        ("current_time()", "12:34:56.789"),
        ("date_trunc('month', now())", "2025-03-01T00:00:00Z"),
        ("to_char(now(), '%Y')", "2025"),
        ("setting('as_of')", "2025-03-01T12:34:56.789Z"),
    ] {
        assert_eq!(database.value(&format!("select {sql}")), expected, "{sql}");
    }
    database.at("1969-12-31T23:59:59Z");
    assert_eq!(database.value("select current_date"), "1969-12-31");
    assert_eq!(database.value("select current_time"), "23:59:59");
}

/// Answers of all functions that can be called without arguments.
fn answers(database: &Database) -> Vec<(String, String)> {
    let state = database.session.ctx.state();
    let mut names: Vec<String> = state.scalar_functions().keys().cloned().collect();
    names.sort();
    names
        .into_iter()
        .filter_map(|name| {
            let rows = database.try_rows(&format!("select \"{name}\"()")).ok()?;
            Some((name, rows.join("\n")))
        })
        .collect()
}

#[test]
fn no_function_reads_the_wall_clock() {
    let database = Company::new("").open();
    let early = answers(database.at("2025-03-01T10:00:00Z"));
    std::thread::sleep(Duration::from_millis(1100));
    let again = answers(&database);
    let later = answers(database.at("2025-04-02T11:00:01Z"));
    let state = database.session.ctx.state();
    let mut moved = vec![];
    for ((before, after), (name, later)) in early.iter().zip(&again).zip(later) {
        let is_volatile =
            state.scalar_functions()[&name].signature().volatility == Volatility::Volatile;
        // A fence stands around what answers differently each time.
        assert!(before == after || is_volatile, "{name} answered {} and {}", before.1, after.1);
        if before.1 != later && !is_volatile {
            moved.push(name);
        }
    }
    // Nothing but a source beyond the lake tells how far the data goes: here there is none.
    let expected: Vec<&str> =
        CLOCKS.iter().copied().filter(|name| *name != "data_through").collect();
    assert_eq!(moved, expected);
}
