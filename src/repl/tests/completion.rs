//! What the shell proposes.

use super::complete::{complete, hint};
use super::*;

/// Completes at `|`; runs on a thread that may wait, as the line editor does.
async fn at(text: &'static str) -> Vec<String> {
    let ctx = context();
    let names = Names::new(&ctx);
    let completing = tokio::task::spawn_blocking(move || {
        let (head, tail) = text.split_once('|').unwrap();
        let completion = complete(head, tail, &names, names.dialect().as_ref());
        let start = completion.start;
        assert!(start <= head.len());
        completion.candidates
    });
    completing.await.unwrap()
}

#[tokio::test]
async fn relations_after_from_and_join() {
    assert_eq!(at("select * from |").await, ["notes", "stripe.", "information_schema."]);
    assert_eq!(at("select * from st|").await, ["stripe."]);
    assert_eq!(at("select * from stripe.|").await, ["stripe.customers", "stripe.invoices"]);
    assert_eq!(at("select * from cust|").await, ["stripe.customers"]);
    assert_eq!(at("select * from notes join STRIPE.c|").await, ["stripe.customers"]);
    assert_eq!(at("with paid as (select 1) select * from pa|").await, ["paid"]);
}

#[tokio::test]
async fn columns_of_the_statements_tables() {
    let all = at("select | from stripe.customers c").await;
    assert_eq!(all, ["customer_id", "email", "balance_minor", "c"]);
    assert_eq!(at("select c.e| from stripe.customers c").await, ["c.email"]);
    assert_eq!(at("select cus| from stripe.customers c").await, ["customer_id"]);
    assert_eq!(at("select * from stripe.customers where bal|").await, ["balance_minor"]);
    assert_eq!(at("select i.| from stripe.invoices i").await, ["i.invoice_id", "i.\"Total\""]);
}

#[tokio::test]
async fn functions_and_keywords() {
    assert!(at("select btr|").await.contains(&"btrim(".to_owned()));
    assert_eq!(at("sel|").await, ["select"]);
    assert_eq!(at("SEL|").await, ["SELECT"]);
    assert_eq!(at("select 1; sel|").await, ["select"]);
    assert_eq!(at("select n from notes whe|").await, ["when", "where"]);
}

#[tokio::test]
async fn settings_after_set() {
    let settings = at("set datafusion.sql_parser.dia|").await;
    assert_eq!(settings, ["datafusion.sql_parser.dialect"]);
}

#[tokio::test]
async fn nothing_inside_quotes_and_comments() {
    assert_eq!(at("select 'sel|").await, [""; 0]);
    assert_eq!(at("select 1 -- fro|").await, [""; 0]);
}

#[tokio::test]
async fn commands_and_their_arguments() {
    assert_eq!(at("\\d|").await, ["\\d", "\\d+", "\\dn", "\\df"]);
    assert_eq!(at("\\d inv|").await, ["stripe.invoices"]);
    assert_eq!(at("\\df btri|").await, ["btrim"]);
    assert_eq!(at("\\format n|").await, ["ndjson"]);
    assert_eq!(at("\\x o|").await, ["on", "off"]);
    assert_eq!(at("\\q |").await, [""; 0]);
}

#[tokio::test]
async fn changed_names_are_seen_after_forgetting() {
    let ctx = context();
    let names = Names::new(&ctx);
    assert_eq!(names.schemas(), ["public", "stripe", "information_schema"]);
    ctx.sql("create schema models").await.unwrap();
    ctx.sql("create view models.trials as select 1").await.unwrap();
    assert_eq!(names.schemas().len(), 3);
    names.forget();
    assert_eq!(names.schemas(), ["models", "public", "stripe", "information_schema"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_list_columns_once_they_are_known() {
    let names = Names::new(&context());
    let waiting = tokio::task::spawn_blocking(move || {
        let at = |head: &str| hint(head, &names, names.dialect().as_ref());
        let head = "select * from stripe.customers c where c.";
        names.columns(&"stripe.customers".into());
        assert_eq!(at(head).unwrap(), "  customer_id, email, balance_minor");
        assert_eq!(at(&format!("{head}email")).unwrap(), "  text");
        assert_eq!(at(&format!("{head}zzz")), None);
        assert_eq!(at("select * from stripe."), None);
    });
    waiting.await.unwrap();
}
