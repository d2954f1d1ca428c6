//! Appending by one writer: what comes back, what is left out.

use arrow::array::{Array, BinaryArray, StringArray};
use object_store::ObjectStoreExt;

use super::*;
use crate::lake::Appended;

#[tokio::test]
async fn what_is_appended_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    // A space and a percent sign must survive the way through URLs.
    let location = folder.path().join("my lake 100%");
    let lake = Lake::open(location.as_path()).await.unwrap();
    let mut table = lake.table(&spec()).await.unwrap();
    assert_eq!((table.version(), table.rows(), table.files().len()), (None, 0, 0));
    assert_eq!(lake.tables().await.unwrap(), Vec::<String>::new());

    let appended = table.append(invoices([2, 0, 1]), Commit::default()).await.unwrap();
    assert_eq!(appended, Appended { rows: 3, duplicates: 0 });
    assert_eq!((table.version(), table.rows()), (Some(0), 3));
    assert_eq!(ids(&table).await, ids_of(0..3));

    let again = Lake::open(location.as_path()).await.unwrap();
    assert_eq!(again.tables().await.unwrap(), ["stripe_log/invoices"]);
    let again = again.table(&spec()).await.unwrap();
    let file = &again.files()[0];
    assert_eq!((file.rows, file.times), (3, Some((micros(0), micros(2)))));
    assert_eq!(file.size, std::fs::metadata(file.url.to_file_path().unwrap()).unwrap().len());
    assert_eq!(ids(&again).await, ids_of(0..3));
}

#[tokio::test]
async fn the_same_rows_again_change_nothing() {
    let lake = memory_lake().await;
    let mut table = lake.table(&spec()).await.unwrap();
    table.append(invoices(0..5), Commit::default()).await.unwrap();
    let again = table.append(invoices(0..5), Commit::default()).await.unwrap();
    assert_eq!(again, Appended { rows: 0, duplicates: 5 });
    assert_eq!((table.version(), table.files().len()), (Some(0), 1));

    // A process that has none of the keys in memory reads them from the files.
    let mut fresh = lake_in(lake.store()).await.table(&spec()).await.unwrap();
    let overlap = fresh.append(invoices(3..8), Commit::default()).await.unwrap();
    assert_eq!(overlap, Appended { rows: 3, duplicates: 2 });
    let twice = [invoices([8, 9, 8]), invoices([9, 10])].concat();
    let twice = fresh.append(twice, Commit::default()).await.unwrap();
    assert_eq!(twice, Appended { rows: 3, duplicates: 2 });
    assert_eq!(ids(&fresh).await, ids_of(0..11));
}

#[tokio::test]
async fn files_are_sorted_and_nulls_come_last() {
    let lake = memory_lake().await;
    let mut table = lake.table(&spec()).await.unwrap();
    let nameless = json!({ "key": "f".repeat(32), "total_minor": 7 });
    let batches = [vec![batch_of(&spec(), &[nameless])], invoices([3, 1]), invoices([2])].concat();
    table.append(batches, Commit::default()).await.unwrap();
    let totals: Vec<_> =
        read_files(&table).await[0].iter().map(|row| row["total_minor"].clone()).collect();
    assert_eq!(totals, [100, 200, 300, 7]);
    assert_eq!(table.files()[0].times, Some((micros(1), micros(3))));
}

#[tokio::test]
async fn keys_are_looked_up_near_the_times_only() {
    let lake = memory_lake().await;
    let mut table = lake.table(&spec()).await.unwrap();
    table.append(invoices(0..3), Commit::default()).await.unwrap();
    table.append(invoices(10..13), Commit::default()).await.unwrap();
    let count = async |from, to| table.keys(Some((micros(from), micros(to)))).await.unwrap().len();
    assert_eq!(count(0, 1).await, 3);
    assert_eq!(count(2, 10).await, 6);
    assert_eq!(count(3, 9).await, 0);
    assert_eq!(table.keys(None).await.unwrap().len(), 6);
    assert!(table.keys(None).await.unwrap().contains(&11));
}

#[tokio::test]
async fn a_key_that_comes_back_at_another_time_is_found() {
    let moved = |seconds: i64| {
        let mut row = invoice(1);
        row["observed_at"] = json!(micros(seconds));
        vec![batch_of(&spec(), &[row])]
    };
    let cases = [(None, 1_000_000, 0), (Some(60), 61, 0), (Some(60), 62, 1)];
    for (repeats_within, seconds, rows) in cases {
        let repeats_within = repeats_within.map(Duration::from_secs);
        let mut table =
            memory_lake().await.table(&TableSpec { repeats_within, ..spec() }).await.unwrap();
        table.append(invoices([1]), Commit::default()).await.unwrap();
        let appended = table.append(moved(seconds), Commit::default()).await.unwrap();
        assert_eq!(appended.rows, rows, "{repeats_within:?} {seconds}");
    }
}

#[tokio::test]
async fn a_row_without_a_time_is_compared_with_all() {
    let lake = memory_lake().await;
    let mut table = lake.table(&spec()).await.unwrap();
    let timeless = || vec![batch_of(&spec(), &[json!({ "key": "a".repeat(32), "id": "x" })])];
    table.append([timeless(), invoices(0..3)].concat(), Commit::default()).await.unwrap();
    table.append(timeless(), Commit::default()).await.unwrap();
    assert_eq!(table.rows(), 4);
}

#[tokio::test]
async fn nested_lists_come_back() {
    let mut table = memory_lake().await.table(&spec()).await.unwrap();
    let mut first = invoice(1);
    first["lines"] = json!([
        { "id": "il_1", "amount_minor": 900, "period_start_at": micros(5), "is_proration": false,
          "discounts": [{ "discount_id": "di_1", "amount_minor": 100 }, { "discount_id": null }] },
        { "id": "il_2", "discounts": [] },
    ]);
    let mut second = invoice(2);
    second["lines"] = json!([]);
    let rows = [first, second, invoice(3)];
    table.append(vec![batch_of(&spec(), &rows)], Commit::default()).await.unwrap();
    let found: Vec<_> = read(&table).await.iter().map(|row| row["lines"].clone()).collect();
    assert_eq!(
        found,
        [
            json!([
                { "id": "il_1", "amount_minor": 900, "period_start_at": "2026-01-01T00:00:05Z",
                  "is_proration": false,
                  "discounts": [{ "discount_id": "di_1", "amount_minor": 100 }, {}] },
                { "id": "il_2", "discounts": [] },
            ]),
            json!([]),
            json!(null),
        ]
    );
}

#[tokio::test]
async fn applications_keep_their_positions() {
    let lake = memory_lake().await;
    let mut table = lake.table(&spec()).await.unwrap();
    assert_eq!(table.transaction("a").await.unwrap(), None);
    table.append(invoices([1]), position("a", 7)).await.unwrap();
    table.append(vec![], position("b", 1)).await.unwrap();
    table.append(invoices([1]), position("a", 9)).await.unwrap();
    assert_eq!(table.version(), Some(2));
    table.append(vec![], Commit::default()).await.unwrap();
    assert_eq!((table.version(), table.rows()), (Some(2), 1));
    let again = lake.table(&spec()).await.unwrap();
    assert_eq!(again.transaction("a").await.unwrap(), Some(9));
    assert_eq!(again.transaction("b").await.unwrap(), Some(1));
    assert_eq!(again.transaction("c").await.unwrap(), None);
}

#[tokio::test]
async fn a_position_alone_makes_a_table() {
    let mut table = memory_lake().await.table(&spec()).await.unwrap();
    table.append(vec![], position("a", 3)).await.unwrap();
    assert_eq!((table.version(), table.files().len()), (Some(0), 0));
    assert_eq!(table.transaction("a").await.unwrap(), Some(3));
}

#[tokio::test]
async fn notes_are_in_the_history() {
    let mut table = memory_lake().await.table(&spec()).await.unwrap();
    let notes = json!({ "cursor": "evt_1", "pages": { "events": 3 } });
    let commit = Commit { metadata: notes.as_object().unwrap().clone(), ..position("a", 1) };
    table.append(invoices([1]), commit).await.unwrap();
    let history: Vec<_> = table.delta.history(Some(1)).try_collect().await.unwrap();
    assert_eq!(history[0].info["cursor"], json!("evt_1"));
    assert_eq!(history[0].info["pages"], json!({ "events": 3 }));
}

#[tokio::test]
async fn checkpoints_keep_everything() {
    let lake = memory_lake().await;
    let mut table = lake.table(&spec()).await.unwrap();
    table.append(invoices(0..3), position("early", 5)).await.unwrap();
    for version in 1..=101 {
        table.append(vec![], position("late", version)).await.unwrap();
    }
    let log = lake.path("stripe_log/invoices/_delta_log/_last_checkpoint");
    assert!(lake.store().head(&log).await.is_ok());
    // Only the checkpoint still tells of the first commits.
    for version in 0..99 {
        let name = format!("stripe_log/invoices/_delta_log/{version:020}.json");
        let gone = lake.path(&name);
        lake.store().delete(&gone).await.unwrap();
    }
    let mut again = lake_in(lake.store()).await.table(&spec()).await.unwrap();
    assert_eq!(again.files()[0].times, Some((micros(0), micros(2))));
    assert_eq!(again.transaction("early").await.unwrap(), Some(5));
    assert_eq!(again.transaction("late").await.unwrap(), Some(101));
    let appended = again.append(invoices(2..5), Commit::default()).await.unwrap();
    assert_eq!(appended, Appended { rows: 2, duplicates: 1 });
    assert_eq!(ids(&again).await, ids_of(0..5));
}

#[tokio::test]
async fn columns_may_come_in_any_order_or_not_at_all() {
    let mut table = memory_lake().await.table(&spec()).await.unwrap();
    let full = &invoices([1])[0];
    let some = full.project(&[3, 0, 1]).unwrap();
    table.append(vec![some], Commit::default()).await.unwrap();
    assert_eq!(
        read(&table).await,
        [json!({ "key": format!("{:032x}", 1), "id": "in_00001", "total_minor": 100 })]
    );
}

#[tokio::test]
async fn batches_that_do_not_fit_are_refused() {
    let mut table = memory_lake().await.table(&spec()).await.unwrap();
    let mut refuse = async |column: &str, array: Arc<dyn Array>| {
        let key: Arc<dyn Array> = Arc::new(BinaryArray::from_vec(vec![&[0_u8; 16]]));
        let columns = match column {
            "key" => vec![("key", array)],
            other => vec![("key", key), (other, array)],
        };
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        table.append(vec![batch], Commit::default()).await.unwrap_err().to_string()
    };
    let text: Arc<dyn Array> = Arc::new(StringArray::from(vec!["x"]));
    insta::assert_snapshot!(refuse("total_minor", text.clone()).await, @"table stripe_log/invoices: column 'total_minor' is declared as Int64 and came as Utf8");
    insta::assert_snapshot!(refuse("totals", text).await, @"table stripe_log/invoices: column 'totals' is not declared");
    let short: Arc<dyn Array> = Arc::new(BinaryArray::from_vec(vec![&[1_u8; 8]]));
    insta::assert_snapshot!(refuse("key", short).await, @"table stripe_log/invoices: column 'key' holds a value that has not 16 bytes");
    assert_eq!(table.version(), None);
}
