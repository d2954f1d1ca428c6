//! Several writers at once: nothing lost, nothing doubled.

use super::store::FaultyStore;
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
async fn the_loser_of_a_race_looks_again() {
    // What is there before, what the winner writes, and what is left for the loser of 2..6.
    let cases = [(0..0, 1..4, 2), (0..1, 1..4, 2), (0..1, 10..12, 4), (0..1, 1..9, 0)];
    for (before, winner, left) in cases {
        let store = FaultyStore::new();
        let lake = lake_in(store.clone()).await;
        let mut slow = lake.table(&spec()).await.unwrap();
        if !before.is_empty() {
            slow.append(invoices(before.clone()), Commit::default()).await.unwrap();
        }
        let (arrived, release) = store.hold_next_commit();
        let race = tokio::spawn(async move {
            let appended = slow.append(invoices(2..6), position("slow", 1)).await.unwrap();
            (slow, appended)
        });
        arrived.await.unwrap();
        let mut fast = lake_in(store.clone()).await.table(&spec()).await.unwrap();
        fast.append(invoices(winner.clone()), position("fast", 1)).await.unwrap();
        release.send(()).unwrap();
        let (slow, appended) = race.await.unwrap();
        assert_eq!((appended.rows, appended.duplicates), (left, 4 - left));
        let mut expected: Vec<i64> = before.chain(winner).chain(2..6).collect();
        expected.sort_unstable();
        expected.dedup();
        assert_eq!(ids(&slow).await, ids_of(expected));
        for app in ["fast", "slow"] {
            assert_eq!(slow.transaction(app).await.unwrap(), Some(1));
        }
        // What the loser had written in vain is gone.
        assert_eq!(parquet_files(store.as_ref()).await, slow.files().len());
    }
}
