//! Vacuum: only what no reader can still want.

use std::fs::{File, FileTimes};
use std::time::SystemTime;

use super::*;
use crate::lake::RETAINED;

async fn two_files(lake: &Lake) -> Table {
    let mut table = lake.table(&spec()).await.unwrap();
    for range in [0..5, 5..9] {
        table.append(invoices(range), Commit::default()).await.unwrap();
    }
    table
}

#[tokio::test]
async fn replaced_files_wait_for_their_readers() {
    let store = Arc::new(InMemory::new());
    let lake = lake_in(store.clone()).await;
    let mut table = two_files(&lake).await;
    let reader = lake.table(&spec()).await.unwrap();
    table.compact(Arc::new(|_, _| {})).await.unwrap();
    assert_eq!(table.vacuum(RETAINED).await.unwrap().files, 0);
    assert_eq!(ids(&reader).await, ids_of(0..9));

    let bytes = reader.files().iter().map(|file| file.size).sum();
    let vacuumed = table.vacuum(Duration::ZERO).await.unwrap();
    assert_eq!((vacuumed.files, vacuumed.bytes), (2, bytes));
    assert_eq!(parquet_files(store.as_ref()).await, 1);
    assert_eq!(ids(&table).await, ids_of(0..9));
    assert_eq!(table.vacuum(Duration::ZERO).await.unwrap().files, 0);
}

#[tokio::test]
async fn only_old_leftovers_of_our_own_go() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path()).await.unwrap();
    let mut table = two_files(&lake).await;
    let place = folder.path().join("stripe_log/invoices");
    let two_days_ago = SystemTime::UNIX_EPOCH
        + Duration::from_micros(crate::clock::now_us() as u64)
        - Duration::from_secs(2 * 86_400);
    for (name, is_old) in
        [("part-old.parquet", true), ("part-new.parquet", false), ("notes.parquet", true)]
    {
        let file = File::create(place.join(name)).unwrap();
        if is_old {
            file.set_times(FileTimes::new().set_modified(two_days_ago)).unwrap();
        }
    }
    assert_eq!(table.vacuum(RETAINED).await.unwrap().files, 0);
    assert_eq!(table.vacuum(Duration::ZERO).await.unwrap().files, 1);
    assert!(!place.join("part-old.parquet").exists());
    assert!(place.join("part-new.parquet").exists() && place.join("notes.parquet").exists());
    assert_eq!(ids(&table).await, ids_of(0..9));
}

#[tokio::test]
async fn a_week_is_the_longest_that_replaced_files_are_kept() {
    let mut table = two_files(&memory_lake().await).await;
    let error = table.vacuum(RETAINED + Duration::from_secs(1)).await.unwrap_err();
    insta::assert_snapshot!(error, @"replaced files are kept for 7 days at most");
}
