//! A store that cannot keep two writers apart is refused before anything is written.

use super::store::FaultyStore;
use super::*;

async fn in_bucket(store: &Arc<FaultyStore>) -> Lake {
    Lake::with_store(store.clone(), Url::parse("s3://acme/lake").unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_store_that_ignores_conditional_puts_is_refused() {
    let store = FaultyStore::new();
    store.ignore_conditions();
    let mut table = in_bucket(&store).await.table(&spec()).await.unwrap();
    let error = table.append(invoices(0..5), Commit::default()).await.unwrap_err();
    assert!(error.message().contains("cannot keep the commits of two machines apart"), "{error}");
    assert!(error.hint_text().unwrap().contains("If-None-Match"));
    assert_eq!(parquet_files(store.as_ref()).await, 0);

    // Whoever only reads is not asked.
    let lake = in_bucket(&store).await;
    assert_eq!(lake.tables().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_store_that_heeds_them_is_asked_once() {
    let store = FaultyStore::new();
    let mut table = in_bucket(&store).await.table(&spec()).await.unwrap();
    table.append(invoices(0..5), Commit::default()).await.unwrap();
    // A file and a commit, and no further question.
    store.fail_put_after(2);
    table.append(invoices(5..9), Commit::default()).await.unwrap();
    assert!(store.forgive());
    assert_eq!(ids(&table).await, ids_of(0..9));
}
