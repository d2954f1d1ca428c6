//! Statements from text and files.

use insta::assert_snapshot;

use super::*;

async fn failure(sql: &str) -> String {
    script(&context(), sql, csv()).await
}

#[tokio::test]
async fn statements_run_in_order_and_the_last_needs_no_semicolon() {
    let text =
        "-- first\nselect 1 as a;\nset datafusion.execution.batch_size = 10;\nselect 'x;y' as b";
    assert_snapshot!(script(&context(), text, csv()).await, @r"
    a
    1
    b
    x;y
    ");
}

#[tokio::test]
async fn tables_say_how_many_rows() {
    let sql = "select * from stripe.customers order by 1";
    assert_snapshot!(script(&context(), sql, plain()).await, @r"
    ┌─────────────┬────────┬───────────────┐
    │ customer_id │ email  │ balance_minor │
    ├─────────────┼────────┼───────────────┤
    │ cus_1       │ a@x.io │             0 │
    │ cus_2       │ NULL   │          -500 │
    └─────────────┴────────┴───────────────┘
    (2 rows)
    ");
}

#[tokio::test]
async fn the_first_error_ends_the_script() {
    assert_snapshot!(failure("select 1 as a;\n\nselect nope;\nselect 2;").await, @r"
    a
    1
    error: t.sql:3: column 'nope' not found
      3 | select nope
        |        ^^^^
    ");
}

#[tokio::test]
async fn unknown_columns_are_pointed_at() {
    let sql = "select c.customer_id,\n  emial\nfrom stripe.customers c";
    assert_snapshot!(failure(sql).await, @r"
    error: t.sql:2: column 'emial' not found
      2 |   emial
        |   ^^^^^
    hint: did you mean c.email?
    ");
}

#[tokio::test]
async fn unknown_tables_suggest_the_schema() {
    assert_snapshot!(failure("select * from customer").await, @r"
    error: t.sql:1: table 'customer' not found
      1 | select * from customer
        |               ^^^^^^^^
    hint: did you mean stripe.customers?
    ");
}

#[tokio::test]
async fn unknown_functions_suggest_a_like_one() {
    assert_snapshot!(failure("select uper('a')").await, @r"
    error: t.sql:1: invalid function 'uper'
      1 | select uper('a')
        |        ^^^^
    hint: did you mean upper?
    ");
    assert_snapshot!(failure("select qqq('a')").await, @r"
    error: t.sql:1: invalid function 'qqq'
      1 | select qqq('a')
        |        ^^^
    hint: \df lists the functions
    ");
}

#[tokio::test]
async fn syntax_errors_carry_a_caret() {
    assert_snapshot!(failure("select 1,\n  2 form stripe.customers x").await, @r"
    error: t.sql:2: expected: end of statement, found: stripe
      2 |   2 form stripe.customers x
        |          ^^^^^^
    ");
    assert_snapshot!(failure("select 'abc").await, @r"
    error: t.sql:1: unterminated string literal
      1 | select 'abc
        |        ^
    ");
}

#[tokio::test]
async fn run_time_errors_are_one_line() {
    assert_snapshot!(failure("select cast(email as bigint) from stripe.customers").await, @r"error: t.sql:1: cast error: Cannot cast string 'a@x.io' to value of Int64 type");
    assert_snapshot!(failure("select 1 / (balance_minor - balance_minor) from stripe.customers").await, @r"error: t.sql:1: divide by zero error");
}

#[tokio::test]
async fn plans_are_not_cut_on_a_terminal() {
    let layout = Some(Layout { width: Some(30), ..Layout::default() });
    let sql = "explain select email from stripe.customers where email = 'somebody@example.com'";
    let shown = script(&context(), sql, Options { layout, ..plain() }).await;
    assert!(shown.contains("plan_type │ logical_plan\n"), "{shown}");
    assert!(shown.contains("somebody@example.com\")\n"), "{shown}");
}

#[tokio::test]
async fn data_in_an_error_cannot_drive_the_terminal() {
    let shown = failure("select cast('\u{1b}[2J' as bigint)").await;
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

#[tokio::test]
async fn errors_of_our_own_come_out_as_raised() {
    use datafusion::error::DataFusionError;

    let own = Error::new("no account").hint("make one");
    let wrapped = DataFusionError::External(Box::new(own)).context("while planning");
    let error = diagnose::diagnose_name(&wrapped, &Names::new(&context()));
    assert_eq!((error.message(), error.hint_text()), ("no account", Some("make one")));
}

#[tokio::test]
async fn scripts_include_scripts_and_name_both() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner.sql");
    std::fs::write(&inner, "select 1 as a;\nselect nope").unwrap();
    let text = format!("\n\\i {}", inner.display());
    let shown = script(&context(), &text, csv()).await;
    let shown = shown.replace(&*folder.path().to_string_lossy(), "[folder]");
    assert_snapshot!(shown, @r"
    a
    1
    error: t.sql:2: [folder]/inner.sql:2: column 'nope' not found
      2 | select nope
        |        ^^^^
    ");
}

#[tokio::test]
async fn a_script_that_includes_itself_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loop.sql");
    std::fs::write(&file, format!("\\i {}", file.display())).unwrap();
    let shown = script(&context(), &format!("\\i {}", file.display()), csv()).await;
    assert!(shown.ends_with("hint: does a file include itself?\n"), "{shown}");
}

#[tokio::test]
async fn results_go_to_a_file_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.csv");
    let text = format!("\\o {}\nselect 1 as a;\n\\o\nselect 2 as b;", file.display());
    assert_eq!(script(&context(), &text, csv()).await, "b\n2\n");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "a\n1\n");
}

#[tokio::test]
async fn a_reader_that_leaves_is_no_error() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
    }
    let sql = "select 1; select nope";
    run_statements(&context(), sql, "t.sql", csv(), &mut Gone).await.unwrap();
}

#[tokio::test]
async fn a_dropped_query_stops() {
    let ctx = context();
    let endless = "select count(*) from range(1000000000) a cross join range(1000000) b";
    let running = script(&ctx, endless, csv());
    assert!(tokio::time::timeout(std::time::Duration::from_millis(300), running).await.is_err());
}
