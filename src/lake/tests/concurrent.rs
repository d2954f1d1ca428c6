//! Several writers at once: nothing lost, nothing doubled.

use super::*;

/// Ten commits of five rows each, where every row but the last is also written by the other.
async fn ten_commits(lake: Lake, writer: i64) -> u64 {
    let mut table = lake.table(&spec()).await.unwrap();
    let mut rows = 0;
    for round in 0..10 {
        let shared = round * 4..round * 4 + 4;
        let own = 1_000 * writer + round;
        let app = format!("writer {writer}");
        let batches = invoices(shared.chain([own]));
        rows += table.append(batches, position(&app, round)).await.unwrap().rows;
    }
    rows
}

async fn both_write(first: Lake, second: Lake) {
    let (one, two) = tokio::join!(
        tokio::spawn(ten_commits(first.clone(), 1)),
        tokio::spawn(ten_commits(second, 2))
    );
    let table = first.table(&spec()).await.unwrap();
    let expected = (0..40).chain(1_000..1_010).chain(2_000..2_010);
    assert_eq!(ids(&table).await, ids_of(expected));
    assert_eq!(one.unwrap() + two.unwrap(), 60);
    assert_eq!((table.rows(), table.version()), (60, Some(19)));
    for writer in ["writer 1", "writer 2"] {
        assert_eq!(table.transaction(writer).await.unwrap(), Some(9));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_in_memory() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    both_write(lake_in(store.clone()).await, lake_in(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) =
        tokio::try_join!(Lake::open(folder.path()), Lake::open(folder.path())).unwrap();
    both_write(first, second).await;
}

#[tokio::test]
async fn the_loser_looks_again() {
    let lake = memory_lake().await;
    let mut slow = lake.table(&spec()).await.unwrap();
    slow.append(invoices([0]), Commit::default()).await.unwrap();
    let mut fast = lake.table(&spec()).await.unwrap();
    fast.append(invoices(1..4), Commit::default()).await.unwrap();
    // The slow one still believes in the first commit.
    let appended = slow.append(invoices(2..6), Commit::default()).await.unwrap();
    assert_eq!((appended.rows, appended.duplicates), (2, 2));
    assert_eq!(ids(&slow).await, ids_of(0..6));
}
