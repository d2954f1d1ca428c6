//! Crashes around a commit: readers see all of it or nothing, and a retry puts it right.

use super::store::{Fault, FaultyStore};
use super::*;
use crate::lake::Appended;

#[tokio::test]
async fn files_without_a_commit_are_not_seen() {
    let store = FaultyStore::new();
    let lake = lake_in(store.clone()).await;
    let mut table = lake.table(&spec()).await.unwrap();
    for (before, first) in [(None, 0), (Some(0), 10)] {
        store.fail_next_commit(Fault::Lost);
        let error = table.append(invoices(first..first + 3), position("a", first)).await;
        assert!(error.unwrap_err().to_string().starts_with("table stripe_log/invoices: "));
        let reader = lake_in(store.clone()).await;
        let seen = reader.table(&spec()).await.unwrap();
        assert_eq!((seen.version(), seen.rows()), (before, first as u64 * 3 / 10));
        assert_eq!(reader.tables().await.unwrap().len(), usize::from(before.is_some()));

        let appended = table.append(invoices(first..first + 3), position("a", first)).await;
        assert_eq!(appended.unwrap(), Appended { rows: 3, duplicates: 0 });
        assert_eq!(table.transaction("a").await.unwrap(), Some(first));
    }
    assert_eq!(ids(&table).await, ids_of((0..3).chain(10..13)));
    // Two of them are what the crashes left behind.
    assert_eq!(parquet_files(store.as_ref()).await, 4);
}

#[tokio::test]
async fn a_commit_without_an_answer_is_not_doubled() {
    let store = FaultyStore::new();
    let lake = lake_in(store.clone()).await;
    let mut table = lake.table(&spec()).await.unwrap();
    for first in [0, 10] {
        store.fail_next_commit(Fault::Unanswered);
        assert!(table.append(invoices(first..first + 3), position("a", first)).await.is_err());
        let again = table.append(invoices(first..first + 3), position("a", first)).await.unwrap();
        assert_eq!(again, Appended { rows: 0, duplicates: 3 });
        assert_eq!(table.transaction("a").await.unwrap(), Some(first));
    }
    assert_eq!(ids(&table).await, ids_of((0..3).chain(10..13)));
}

#[tokio::test]
async fn a_commit_that_only_seems_lost_counts() {
    let store = FaultyStore::new();
    let lake = lake_in(store.clone()).await;
    let mut table = lake.table(&spec()).await.unwrap();
    for first in [0, 10] {
        store.fail_next_commit(Fault::SentTwice);
        let appended = table.append(invoices(first..first + 3), position("a", first)).await;
        assert_eq!(appended.unwrap(), Appended { rows: 3, duplicates: 0 });
        assert_eq!(table.transaction("a").await.unwrap(), Some(first));
    }
    assert_eq!(table.version(), Some(1));
    assert_eq!(ids(&table).await, ids_of((0..3).chain(10..13)));
}
