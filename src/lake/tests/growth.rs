//! A declaration that grows, and one that changes.

use super::*;

fn with(field: Field) -> TableSpec {
    spec_of([fields(), vec![field]].concat())
}

#[tokio::test]
async fn a_new_column_is_added_with_the_rows() {
    let lake = memory_lake().await;
    let mut old = lake.table(&spec()).await.unwrap();
    old.append(invoices([1]), Commit::default()).await.unwrap();

    let wide = with(nullable("number", DataType::Utf8));
    let mut new = lake.table(&wide).await.unwrap();
    let mut row = invoice(2);
    row["number"] = json!("A-2");
    new.append(vec![batch_of(&wide, &[row])], Commit::default()).await.unwrap();
    assert_eq!(new.version(), Some(1));
    assert!(new.delta.snapshot().unwrap().schema().contains("number"));
    let numbers: Vec<_> = read(&new).await.iter().map(|row| row["number"].clone()).collect();
    assert_eq!(numbers, [json!(null), json!("A-2")]);

    // An older paydirt goes on with its own columns and takes nothing away.
    old.append(invoices([3]), Commit::default()).await.unwrap();
    new.refresh().await.unwrap();
    assert!(new.delta.snapshot().unwrap().schema().contains("number"));
    assert_eq!(ids(&new).await, ids_of(1..4));
}

#[tokio::test]
async fn a_nested_field_is_added() {
    let lines = |more: Vec<Field>| {
        with(nullable("taxes", list([vec![nullable("id", DataType::Utf8)], more].concat())))
    };
    let lake = memory_lake().await;
    let mut old = lake.table(&lines(vec![])).await.unwrap();
    old.append(vec![], position("a", 1)).await.unwrap();
    let wide = lines(vec![nullable("amount_minor", DataType::Int64)]);
    let mut new = lake.table(&wide).await.unwrap();
    let mut row = invoice(1);
    row["taxes"] = json!([{ "id": "t", "amount_minor": 5 }]);
    new.append(vec![batch_of(&wide, &[row])], Commit::default()).await.unwrap();
    assert_eq!(new.grown, None);
    assert_eq!(read(&new).await[0]["taxes"], json!([{ "id": "t", "amount_minor": 5 }]));
    let schema = new.delta.snapshot().unwrap().schema();
    insta::assert_snapshot!(schema.field("taxes").unwrap().data_type(), @"array<struct<id: string, amount_minor: long>>");
}

#[tokio::test]
async fn a_column_of_another_type_is_refused() {
    let lake = memory_lake().await;
    let narrow = with(nullable("taxes", list(vec![nullable("rate", DataType::Int64)])));
    lake.table(&narrow).await.unwrap().append(vec![], position("a", 1)).await.unwrap();
    let changed = with(nullable("taxes", list(vec![nullable("rate", DataType::Utf8)])));
    let error = lake.table(&changed).await.unwrap_err();
    insta::assert_snapshot!(error, @"table stripe_log/invoices: column 'taxes[].rate' is long in the lake and string in this paydirt");
    assert!(error.hint_text().is_some());
}

#[tokio::test]
async fn a_column_that_two_writers_add_is_added_once() {
    let lake = memory_lake().await;
    let wide = with(nullable("number", DataType::Utf8));
    lake.table(&spec()).await.unwrap().append(invoices([1]), Commit::default()).await.unwrap();
    let mut tables = [lake.table(&wide).await.unwrap(), lake.table(&wide).await.unwrap()];
    for (table, n) in tables.iter_mut().zip(2..) {
        table.append(vec![batch_of(&wide, &[invoice(n)])], Commit::default()).await.unwrap();
    }
    assert_eq!(ids(&tables[1]).await, ids_of(1..4));
}
