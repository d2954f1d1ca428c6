//! What the log keeps of the rows of each file.

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use object_store::ObjectStoreExt;

use super::*;
use crate::error::Result;
use crate::lake::{Marking, Marks};

/// The latest even minor amount, and how many are odd.
fn amounts(batch: &RecordBatch) -> Result<Marks> {
    let mut marks = Marks::default();
    let Some(amounts) = batch.column_by_name("total_minor") else { return Ok(marks) };
    for amount in amounts.as_primitive::<Int64Type>().iter().flatten() {
        match amount % 200 {
            0 => marks.see("even", Some(amount)),
            _ => marks.count("odd", 1),
        }
    }
    if let Some(times) = batch.column_by_name("observed_at") {
        marks.see("time", times.as_primitive::<TimestampMicrosecondType>().iter().flatten().max());
    }
    Ok(marks)
}

fn marked_spec() -> TableSpec {
    let marking = Marking { columns: &["total_minor", "observed_at"], of: amounts };
    TableSpec { marking: Some(marking), ..spec() }
}

/// What all files say together; each must say something.
fn said(table: &Table) -> (Option<i64>, u64, Option<i64>) {
    let mut all = Marks::default();
    for file in table.marked().unwrap() {
        assert!(file.written_at > 1_700_000_000_000_000, "{file:?}");
        all.merge(&file.marks.unwrap());
    }
    (all.latest("even"), all.counted("odd"), all.latest("time"))
}

#[tokio::test]
async fn marks_are_of_the_rows_that_landed() {
    let lake = memory_lake().await;
    let mut table = lake.table(&marked_spec()).await.unwrap();
    assert_eq!(said(&table), (None, 0, None));
    table.append(invoices([1, 3, 4, 2]), Commit::default()).await.unwrap();
    assert_eq!(said(&table), (Some(400), 2, Some(micros(4))));
    // What was there already is not counted again.
    table.append(invoices([3, 4, 5]), Commit::default()).await.unwrap();
    assert_eq!(said(&table), (Some(400), 3, Some(micros(5))));
    assert_eq!(said(&lake.table(&marked_spec()).await.unwrap()), (Some(400), 3, Some(micros(5))));
}

#[tokio::test]
async fn marks_outlive_compaction_and_the_cleaning_of_the_log() {
    let lake = memory_lake().await;
    let mut table = lake.table(&marked_spec()).await.unwrap();
    for n in 1..=102 {
        table.append(invoices([n]), Commit::default()).await.unwrap();
    }
    // Only the checkpoint still tells of the first commits.
    for version in 0..99 {
        let name = format!("stripe_log/invoices/_delta_log/{version:020}.json");
        lake.store().delete(&lake.path(&name)).await.unwrap();
    }
    let expected = (Some(10_200), 51, Some(micros(102)));
    assert_eq!(said(&lake.table(&marked_spec()).await.unwrap()), expected);
    table.compact(Arc::new(|_, _| {})).await.unwrap();
    assert_eq!((table.files().len(), said(&table)), (1, expected));
    assert_eq!(said(&lake.table(&marked_spec()).await.unwrap()), expected);
}

#[tokio::test]
async fn a_file_without_marks_can_be_read_for_them() {
    let lake = memory_lake().await;
    // As by an older paydirt.
    lake.table(&spec()).await.unwrap().append(invoices([1, 2]), Commit::default()).await.unwrap();
    let mut table = lake.table(&marked_spec()).await.unwrap();
    let marked = table.marked().unwrap();
    assert_eq!(marked.len(), 1);
    assert_eq!(marked[0].marks, None);
    let read = table.read_marks(&marked[0].file).await.unwrap();
    assert_eq!((read.latest("even"), read.counted("odd")), (Some(200), 1));
    table.append(invoices([3]), Commit::default()).await.unwrap();
    table.compact(Arc::new(|_, _| {})).await.unwrap();
    assert_eq!(said(&table), (Some(200), 2, Some(micros(3))));
}
