//! Which lakes and which declarations are accepted.

use object_store::ObjectStoreExt;

use super::*;
use crate::error::Error;

async fn open_with(format: &str) -> Result<Lake, Error> {
    let store = Arc::new(InMemory::new());
    let text = format.to_owned();
    store.put(&"data/lake/paydirt.json".into(), text.into()).await.unwrap();
    Lake::with_store(store, Url::parse("memory:///data/lake/").unwrap()).await
}

#[tokio::test]
async fn a_new_lake_says_its_format() {
    let folder = tempfile::tempdir().unwrap();
    Lake::open(folder.path().join("new").as_path()).await.unwrap();
    let text = std::fs::read_to_string(folder.path().join("new/paydirt.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!({ "format": 1 }));
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    assert!(open_with(r#"{"format": 1, "made_by": "somebody"}"#).await.is_ok());
    let error = open_with(r#"{"format": 2}"#).await.unwrap_err();
    insta::assert_snapshot!(error, @"the lake memory:///data/lake/ has format 2; this paydirt knows formats up to 1");
    insta::assert_snapshot!(error.hint_text().unwrap(), @"use the newer paydirt that wrote it, or name another lake");
    let error = open_with("hello").await.unwrap_err();
    assert!(error.message().starts_with("cannot read paydirt.json of the lake"), "{error}");
}

#[tokio::test]
async fn tables_are_found_at_any_depth() {
    let lake = memory_lake().await;
    for name in ["stripe_log/prices", "posthog_log/events", "ledger"] {
        let spec = TableSpec { name: name.to_owned(), ..spec() };
        lake.table(&spec).await.unwrap().append(vec![], position("a", 1)).await.unwrap();
    }
    lake.store().put(&"data/lake/notes/read.me".into(), "hello".into()).await.unwrap();
    let names = ["ledger", "posthog_log/events", "stripe_log/prices"];
    assert_eq!(lake.tables().await.unwrap(), names);
}

#[tokio::test]
async fn declarations_that_cannot_be_kept_are_refused() {
    let lake = memory_lake().await;
    let refuse = async |spec: TableSpec| lake.table(&spec).await.unwrap_err().to_string();
    let with = |field: Field| spec_of([fields(), vec![field]].concat());
    let named = TableSpec { name: "stripe_log/../x".to_owned(), ..spec() };
    insta::assert_snapshot!(refuse(named).await, @"'stripe_log/../x' is not a table name");
    let keyless = spec_of(fields()[1..].to_vec());
    insta::assert_snapshot!(refuse(keyless).await, @"there is no column 'key' of type Binary NOT NULL in the schema of table stripe_log/invoices");
    let strict = with(Field::new("a", DataType::Utf8, false));
    insta::assert_snapshot!(refuse(strict).await, @"column 'a' is not nullable in the schema of table stripe_log/invoices");
    let views = with(nullable("a", list(vec![nullable("b", DataType::Utf8View)])));
    insta::assert_snapshot!(refuse(views).await, @"column 'a[].b' has the unsupported type Utf8View in the schema of table stripe_log/invoices");
    let timeless = TableSpec { time_column: Some("id".to_owned()), ..spec() };
    insta::assert_snapshot!(refuse(timeless).await, @"there is no timestamp column 'id' in the schema of table stripe_log/invoices");
    let unsorted = TableSpec { sort_by: vec!["lines".to_owned()], ..spec() };
    insta::assert_snapshot!(refuse(unsorted).await, @"there is no column 'lines' to sort by in the schema of table stripe_log/invoices");
}
