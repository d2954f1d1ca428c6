//! The backslash commands.

use std::collections::HashSet;

use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::DataFusionError;
use insta::assert_snapshot;

use super::*;

#[test]
fn names_are_distinct_and_help_lists_them_all() {
    let names: HashSet<_> = commands::COMMANDS.iter().map(|command| command.name).collect();
    assert_eq!(names.len(), commands::COMMANDS.len());
    assert_snapshot!(help(), @r"
    Statements end with ; and may take several lines.

      \d [name]         relations, those of a schema or pattern, or the columns of one
      \d+ name          columns of a relation, and the SQL that defines it
      \dn               schemas
      \df [pattern]     functions, or all about one
      \i file           run the statements of a file
      \o [file]         send results to a file, without one to the screen again
      \format [name]    table, csv, json, ndjson or markdown
      \x [on|off]       one line per column, for wide rows
      \timing [on|off]  how long each statement took
      \?                this list
      \q                leave the shell

    Tab completes, Ctrl-C stops a query, Ctrl-D leaves.
    ");
}

#[test]
fn commands_are_read_with_their_argument() {
    let name = |text| commands::parse(text).map(|(command, argument)| (command.name, argument));
    assert_eq!(name("\\d stripe.customers ;").unwrap(), ("d", "stripe.customers"));
    assert_eq!(name("\\timing").unwrap(), ("timing", ""));
    assert_eq!(name("\\i my file.sql").unwrap(), ("i", "my file.sql"));
    assert_eq!(name("\\q;").unwrap(), ("q", ""));
    let hint = |text| commands::parse(text).err().unwrap().hint_text().map(str::to_owned);
    assert_eq!(hint("\\timin").unwrap(), "did you mean \\timing? \\? lists the commands");
    assert_eq!(hint("\\zzz").unwrap(), "\\? lists the commands");
    assert_eq!(hint("\\i").unwrap(), "\\i file");
    assert_eq!(hint("\\q now"), None);
}

#[test]
fn words_are_understood_as_in_psql() {
    assert_eq!(commands::word(" quit ; "), Some("\\q".to_owned()));
    assert_eq!(commands::word("HELP"), Some("\\?".to_owned()));
    assert_eq!(commands::word("exit"), Some("\\q".to_owned()));
    assert_eq!(commands::word("select exit"), None);
}

#[tokio::test]
async fn relations_are_listed_with_what_they_are() {
    let ctx = context();
    ctx.sql("create view stripe.payers as select 1 as one").await.unwrap();
    let describe: Describe = Arc::new(|schema, name| {
        (schema == "stripe" && name == "payers").then(|| "Who has ever paid.".to_owned())
    });
    let options = Options { describe: Some(describe), ..plain() };
    assert_snapshot!(script(&ctx, "\\d", options.clone()).await, @r"
    ┌──────────────────┬───────┬────────────────────┐
    │ relation         │ kind  │ description        │
    ├──────────────────┼───────┼────────────────────┤
    │ notes            │ table │                    │
    │ stripe.customers │ table │                    │
    │ stripe.invoices  │ table │                    │
    │ stripe.payers    │ view  │ Who has ever paid. │
    └──────────────────┴───────┴────────────────────┘
    (4 rows)
    ");
    assert_snapshot!(script(&ctx, "\\d stripe.c*", options.clone()).await, @r"
    ┌──────────────────┬───────┐
    │ relation         │ kind  │
    ├──────────────────┼───────┤
    │ stripe.customers │ table │
    └──────────────────┴───────┘
    (1 row)
    ");
    assert_snapshot!(script(&ctx, "\\d+ stripe.payers", options).await, @r"
    Who has ever paid.
    ┌────────┬────────┬──────────┐
    │ column │ type   │ nullable │
    ├────────┼────────┼──────────┤
    │ one    │ bigint │ no       │
    └────────┴────────┴──────────┘
    (1 row)

    CREATE VIEW stripe.payers AS SELECT 1 AS one
    ");
}

#[tokio::test]
async fn one_relation_shows_its_columns() {
    assert_snapshot!(script(&context(), "\\d stripe.invoices", plain()).await, @r"
    ┌────────────┬────────┬──────────┐
    │ column     │ type   │ nullable │
    ├────────────┼────────┼──────────┤
    │ invoice_id │ text   │ no       │
    │ Total      │ bigint │ no       │
    └────────────┴────────┴──────────┘
    (2 rows)
    ");
    assert_snapshot!(script(&context(), "\\d stripe.invoice", plain()).await, @r"
    error: t.sql:1: stripe.invoice: no table named 'invoice'
    hint: did you mean stripe.invoices?
    ");
}

#[derive(Debug)]
struct Broken;

#[async_trait::async_trait]
impl SchemaProvider for Broken {
    fn table_names(&self) -> Vec<String> {
        vec!["trials".to_owned()]
    }

    async fn table(&self, _: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        Err(DataFusionError::Plan("No field named started_at.".to_owned()))
    }

    fn table_exist(&self, name: &str) -> bool {
        name == "trials"
    }
}

#[tokio::test]
async fn a_broken_view_is_listed_as_broken() {
    let ctx = context();
    ctx.catalog("paydirt").unwrap().register_schema("models", Arc::new(Broken)).unwrap();
    assert!(ctx.sql("show tables").await.unwrap().collect().await.is_err());
    assert_snapshot!(script(&ctx, "\\d", plain()).await, @r"
    ┌──────────────────┬────────┬───────────────────────────┐
    │ relation         │ kind   │ description               │
    ├──────────────────┼────────┼───────────────────────────┤
    │ models.trials    │ broken │ no field named started_at │
    │ notes            │ table  │                           │
    │ stripe.customers │ table  │                           │
    │ stripe.invoices  │ table  │                           │
    └──────────────────┴────────┴───────────────────────────┘
    (4 rows)
    ");
    assert_snapshot!(script(&ctx, "\\d models.trials", plain()).await, @r"error: t.sql:1: models.trials: no field named started_at");
}

#[tokio::test]
async fn functions_are_documented() {
    assert_snapshot!(script(&context(), "\\df btr*", plain()).await, @r"
    ┌──────────┬────────┬────────────────────────┬─────────────────────────────────────────────────────────────────────┐
    │ function │ kind   │ syntax                 │ description                                                         │
    ├──────────┼────────┼────────────────────────┼─────────────────────────────────────────────────────────────────────┤
    │ btrim    │ scalar │ btrim(str[, trim_str]) │ Trims the specified trim string from the start and end of a string. │
    └──────────┴────────┴────────────────────────┴─────────────────────────────────────────────────────────────────────┘
    (1 row)
    ");
    assert_snapshot!(script(&context(), "\\df btrim", plain()).await, @r#"
    btrim(str[, trim_str]) (scalar function)

    Trims the specified trim string from the start and end of a string. If no trim string is provided, all spaces are removed from the start and end of the input string.

      str: String expression to operate on. Can be a constant, column, or function, and any combination of operators.
      trim_str: String expression to operate on. Can be a constant, column, or function, and any combination of operators. _Default is a space._

    > select btrim('__datafusion____', '_');
    +-------------------------------------------+
    | btrim(Utf8("__datafusion____"),Utf8("_")) |
    +-------------------------------------------+
    | datafusion                                |
    +-------------------------------------------+
    "#);
    assert_snapshot!(script(&context(), "\\df generate_series", plain()).await, @r"
    generate_series(stop)
    generate_series(start, stop[, step]) (scalar function)

    Similar to the range function, but it includes the upper bound.

      start: Start of the series. Ints, timestamps, dates or string types that can be coerced to Date32 are supported.
      end: End of the series (included). Type must be the same as start.
      step: Increase by step (can not be 0). Steps less than a day are supported only for timestamp ranges.

    > select generate_series(1,3);
    +------------------------------------+
    | generate_series(Int64(1),Int64(3)) |
    +------------------------------------+
    | [1, 2, 3]                          |
    +------------------------------------+

    generate_series (table function)
    ");
}

#[tokio::test]
async fn schemas_are_counted() {
    assert_snapshot!(script(&context(), "\\dn", csv()).await, @r"
    catalog,schema,relations
    paydirt,information_schema,7
    paydirt,public,1
    paydirt,stripe,2
    ");
}

#[tokio::test]
async fn switches_turn_over_or_are_set() {
    let text = "\\x\n\\x\n\\x on\nselect 1 as a;\n\\format json\nselect 2 as b;\n\\format xml";
    assert_snapshot!(script(&context(), text, plain()).await, @r#"
    one line per column: on
    one line per column: off
    one line per column: on
    ─[ 1 ]──────────────────────────────────────────────────────
    a │ 1
    (1 row)
    format: json
    [{"b":2}]
    error: t.sql:7: no format xml
    hint: one of table, csv, json, ndjson, markdown
    "#);
}

#[tokio::test]
async fn timing_is_printed_after_the_result() {
    let shown = script(&context(), "\\timing on\nselect 1 as a;", csv()).await;
    let last = shown.lines().last().unwrap();
    assert!(last.starts_with("Time: ") && last.ends_with(" ms"), "{shown}");
}
