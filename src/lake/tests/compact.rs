//! Compaction: fewer files, the same rows, whatever happens meanwhile.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampMicrosecondType;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use proptest::prelude::*;

use super::store::{Fault, FaultyStore};
use super::*;
use crate::lake::compact::{Compacted, Progress, Sizes};
use crate::lake::rows::keys_of;

/// Everything small enough to be merged at once.
const LARGE: Sizes =
    Sizes { full: 1 << 40, target: 1 << 40, part: 1 << 40, merge_bytes: 1 << 30, merge_runs: 100 };

fn quiet() -> Progress {
    Arc::new(|_, _| {})
}

async fn compact(table: &mut Table) -> Compacted {
    table.compact(quiet()).await.unwrap()
}

async fn appended(table: &mut Table, ranges: impl IntoIterator<Item = std::ops::Range<i64>>) {
    for range in ranges {
        let version = range.end;
        table.append(invoices(range), position("a", version)).await.unwrap();
    }
}

fn events_spec() -> TableSpec {
    TableSpec {
        name: "files_log/events".to_owned(),
        schema: Arc::new(Schema::new(vec![
            Field::new("key", DataType::Binary, false),
            nullable("event", DataType::Utf8),
            nullable("occurred_at", timestamp()),
            nullable("properties", DataType::Utf8),
        ])),
        time_column: Some("occurred_at".to_owned()),
        split_by_time: true,
        repeats_within: None,
        sort_by: vec!["event".to_owned(), "occurred_at".to_owned()],
        marking: None,
    }
}

/// Event number `n`; ids of rows elsewhere in these tests are its `id`.
fn event(n: i64, name: Option<&str>, at: Option<i64>) -> Value {
    json!({
        "key": format!("{n:032x}"),
        "event": name,
        "occurred_at": at,
        "properties": format!("{{\"n\":{n}}}"),
    })
}

#[tokio::test]
async fn small_files_become_one_and_rows_stay() {
    let mut table = memory_lake().await.table(&spec()).await.unwrap();
    appended(&mut table, [20..30, 0..10, 15..20]).await;
    let before = read(&table).await;
    let steps = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&steps);
    let progress: Progress = Arc::new(move |done, of| {
        assert_eq!(of, 25);
        seen.fetch_max(done, Ordering::Relaxed);
    });
    let compacted = table.compact(progress).await.unwrap();
    assert_eq!((compacted.files_before, compacted.files_after), (3, 1));
    assert_eq!((compacted.rows, compacted.rewritten), (25, 25));
    assert!(compacted.bytes_after < compacted.bytes_before);
    assert_eq!(steps.load(Ordering::Relaxed), 25);
    // Rows are in order within the file, and nothing else about them has changed.
    assert_eq!(read_files(&table).await, std::slice::from_ref(&before));
    assert_eq!(table.transaction("a").await.unwrap(), Some(20));
    let again = table.append(invoices(5..16), Commit::default()).await.unwrap();
    assert_eq!((again.rows, again.duplicates), (5, 6));

    let reader = lake_in(table.lake.store()).await.table(&spec()).await.unwrap();
    assert_eq!((reader.version(), reader.rows()), (table.version(), 30));
    assert_eq!(reader.transaction("a").await.unwrap(), Some(20));
}

#[tokio::test]
async fn a_second_time_there_is_nothing_to_do() {
    let mut table = memory_lake().await.table(&spec()).await.unwrap();
    assert_eq!(compact(&mut table).await, Compacted::default());
    appended(&mut table, Some(0..3)).await;
    assert_eq!(compact(&mut table).await.rewritten, 0);
    appended(&mut table, Some(3..6)).await;
    assert_eq!(compact(&mut table).await.rewritten, 6);
    let version = table.version();
    let idle = compact(&mut table).await;
    assert_eq!((idle.rewritten, idle.files_before, idle.files_after), (0, 1, 1));
    assert_eq!(table.version(), version);
    // What lands later joins what is there.
    appended(&mut table, Some(6..8)).await;
    assert_eq!(compact(&mut table).await.rewritten, 8);
    assert_eq!(table.files().len(), 1);
}

#[tokio::test]
async fn columns_of_a_newer_paydirt_stay() {
    let wide = |more: Vec<Field>| {
        let taxes = list([vec![nullable("id", DataType::Utf8)], more].concat());
        spec_of(
            [fields(), vec![nullable("number", DataType::Utf8), nullable("taxes", taxes)]].concat(),
        )
    };
    let lake = memory_lake().await;
    let mut old = lake.table(&spec()).await.unwrap();
    old.append(invoices([1]), Commit::default()).await.unwrap();
    let rows = |spec: &TableSpec, n: i64, tax: Value| {
        let mut row = invoice(n);
        row["number"] = json!(format!("A-{n}"));
        row["taxes"] = json!([tax]);
        vec![batch_of(spec, &[row])]
    };
    let narrow = wide(vec![]);
    let mut newer = lake.table(&narrow).await.unwrap();
    newer.append(rows(&narrow, 2, json!({"id": "t"})), Commit::default()).await.unwrap();
    let newest_spec = wide(vec![nullable("amount_minor", DataType::Int64)]);
    let mut newest = lake.table(&newest_spec).await.unwrap();
    let tax = json!({ "id": "t", "amount_minor": 5 });
    newest.append(rows(&newest_spec, 3, tax), Commit::default()).await.unwrap();
    let before = read(&newest).await;

    assert_eq!(compact(&mut old).await.files_after, 1);
    newest.refresh().await.unwrap();
    assert_eq!(read(&newest).await, before);
    assert_eq!(newest.grown, None);
    newest.append(invoices([4]), Commit::default()).await.unwrap();
    assert_eq!(newest.rows(), 4);
}

#[tokio::test]
async fn a_crash_at_any_moment_changes_nothing() {
    let mut crashes = 0;
    for puts in 0.. {
        let store = FaultyStore::new();
        let mut table = lake_in(store.clone()).await.table(&spec()).await.unwrap();
        appended(&mut table, [0..5, 5..9, 3..12]).await;
        store.fail_put_after(puts);
        let compacted = table.compact(quiet()).await;
        if store.forgive() {
            assert_eq!(compacted.unwrap().files_after, 1);
            break;
        }
        crashes += 1;
        assert!(compacted.is_err());
        let mut reader = lake_in(store.clone()).await.table(&spec()).await.unwrap();
        assert_eq!((reader.version(), reader.files().len()), (Some(2), 3));
        assert_eq!(ids(&reader).await, ids_of(0..12));
        assert_eq!(compact(&mut reader).await.files_after, 1);
        assert_eq!(ids(&reader).await, ids_of(0..12));
    }
    // The part, and the commit.
    assert_eq!(crashes, 2);
}

#[tokio::test]
async fn a_commit_without_an_answer_is_found_to_have_happened() {
    for (fault, is_seen) in [(Fault::Unanswered, false), (Fault::SentTwice, true)] {
        let store = FaultyStore::new();
        let mut table = lake_in(store.clone()).await.table(&spec()).await.unwrap();
        appended(&mut table, [0..5, 5..9]).await;
        store.fail_next_commit(fault);
        assert_eq!(table.compact(quiet()).await.is_ok(), is_seen);
        assert_eq!(compact(&mut table).await.rewritten, 0);
        assert_eq!((table.files().len(), table.version()), (1, Some(2)));
        assert_eq!(ids(&table).await, ids_of(0..9));
    }
}

#[tokio::test]
async fn an_append_meanwhile_is_kept() {
    let store = FaultyStore::new();
    let mut table = lake_in(store.clone()).await.table(&spec()).await.unwrap();
    appended(&mut table, [0..5, 5..9]).await;
    let mut other = lake_in(store.clone()).await.table(&spec()).await.unwrap();
    let (arrived, release) = store.hold_next_commit();
    let race = tokio::spawn(async move {
        compact(&mut table).await;
        table
    });
    arrived.await.unwrap();
    // Some of the rows are in the files that are being compacted.
    let appended = other.append(invoices(7..12), position("other", 1)).await.unwrap();
    assert_eq!((appended.rows, appended.duplicates), (3, 2));
    release.send(()).unwrap();
    let mut table = race.await.unwrap();
    assert_eq!((table.files().len(), table.version()), (2, Some(3)));
    assert_eq!(ids(&table).await, ids_of(0..12));
    assert_eq!(table.transaction("other").await.unwrap(), Some(1));
    // The appender, who still knows the old files, goes on.
    assert_eq!(other.append(invoices(0..13), Commit::default()).await.unwrap().rows, 1);
    table.refresh().await.unwrap();
    assert_eq!(ids(&table).await, ids_of(0..13));
}

#[tokio::test]
async fn of_two_compactions_one_wins() {
    let store = FaultyStore::new();
    let mut slow = lake_in(store.clone()).await.table(&spec()).await.unwrap();
    appended(&mut slow, [0..5, 5..9]).await;
    let mut fast = lake_in(store.clone()).await.table(&spec()).await.unwrap();
    let (arrived, release) = store.hold_next_commit();
    let race = tokio::spawn(async move { (compact(&mut slow).await, slow) });
    arrived.await.unwrap();
    assert_eq!(compact(&mut fast).await.rewritten, 9);
    release.send(()).unwrap();
    let (lost, slow) = race.await.unwrap();
    assert_eq!(lost.rewritten, 0);
    assert_eq!((slow.version(), slow.rows()), (Some(2), 9));
    assert_eq!(ids(&slow).await, ids_of(0..9));
    // Two old files, the winner's, and nothing of the loser's.
    assert_eq!(parquet_files(store.as_ref()).await, 3);
}

#[tokio::test]
async fn a_table_that_is_not_what_its_log_says_is_left_alone() {
    let mut table = memory_lake().await.table(&spec()).await.unwrap();
    appended(&mut table, [0..5, 5..9]).await;
    let store = table.lake.store();
    let first = table.folder().join("_delta_log").join("00000000000000000000.json");
    let log = store.get(&first).await.unwrap().bytes().await.unwrap();
    let log = String::from_utf8(log.to_vec()).unwrap();
    assert!(log.contains(r#"\"numRecords\":5"#));
    let log = log.replace(r#"\"numRecords\":5"#, r#"\"numRecords\":6"#);
    store.put(&first, PutPayload::from(log)).await.unwrap();
    let mut table = lake_in(store.clone()).await.table(&spec()).await.unwrap();
    let error = table.compact(quiet()).await.unwrap_err();
    insta::assert_snapshot!(error, @"table stripe_log/invoices: 10 rows are in the log, 9 were read and 9 written; nothing was changed");
    assert_eq!((table.version(), parquet_files(store.as_ref()).await), (Some(1), 2));
}

#[tokio::test]
async fn the_keys_of_new_files_are_known_at_once() {
    let mut table = memory_lake().await.table(&spec()).await.unwrap();
    appended(&mut table, [0..5, 5..9]).await;
    compact(&mut table).await;
    // Dropping the file proves that nobody reads it.
    table.lake.store.delete(&table.files()[0].path).await.unwrap();
    let again = table.append(invoices(0..10), Commit::default()).await.unwrap();
    assert_eq!((again.rows, again.duplicates), (1, 9));
}

/// Name, time in µs, key and properties of an event.
type Event = (Option<String>, Option<i64>, u128, String);

/// The events of every file, in the files' order in time.
async fn events(table: &Table) -> Vec<Vec<Event>> {
    let mut files = table.files().to_vec();
    files.sort_by_key(|file| file.times);
    let mut all = Vec::new();
    for file in files {
        let reader = ParquetObjectReader::new(table.lake.store(), file.path.clone());
        let stream = ParquetRecordBatchStreamBuilder::new(reader).await.unwrap().build().unwrap();
        let mut events = Vec::new();
        for batch in stream.try_collect::<Vec<_>>().await.unwrap() {
            let keys = keys_of(batch.column(0)).unwrap();
            let (names, properties) = (batch.column(1).as_string::<i32>(), batch.column(3));
            let times = batch.column(2).as_primitive::<TimestampMicrosecondType>();
            let properties = properties.as_string::<i32>();
            events.extend((0..batch.num_rows()).map(|row| {
                let name = names.is_valid(row).then(|| names.value(row).to_owned());
                let at = times.is_valid(row).then(|| times.value(row));
                (name, at, keys[row], properties.value(row).to_owned())
            }));
        }
        // As they are declared to be: by name, then by time, NULL last.
        let order =
            |event: &Event| (event.0.is_none(), event.0.clone(), event.1.is_none(), event.1);
        assert!(events.is_sorted_by_key(order), "{events:?}");
        all.push(events);
    }
    all
}

const DAY: i64 = 86_400;

#[tokio::test]
async fn events_are_split_by_time_and_sorted_by_name() {
    let spec = events_spec();
    let mut table = memory_lake().await.table(&spec).await.unwrap();
    let names = ["login", "report_shared", "workflow_published"];
    // Each file spans a hundred days, as an export that is not in order of time.
    for part in 0..4 {
        let rows: Vec<Value> = (0..500)
            .map(|n| {
                let at = micros(n * DAY / 5 + part);
                event(part * 1_000 + n, Some(names[n as usize % 3]), Some(at))
            })
            .collect();
        table.append(vec![batch_of(&spec, &rows)], Commit::default()).await.unwrap();
    }
    let bytes: u64 = table.files().iter().map(|file| file.size).sum();
    let sizes = Sizes { full: bytes / 10, target: bytes / 4, ..LARGE };
    let compacted = table.compact_to(sizes, quiet()).await.unwrap();
    assert_eq!((compacted.files_before, compacted.files_after, compacted.rewritten), (4, 4, 2_000));
    for events in events(&table).await {
        assert!((450..550).contains(&events.len()), "{}", events.len());
    }
    let mut times: Vec<_> = table.files().iter().map(|file| file.times.unwrap()).collect();
    times.sort_unstable();
    assert!(times.windows(2).all(|pair| pair[0].1 < pair[1].0));
    assert_eq!(table.compact_to(sizes, quiet()).await.unwrap().rewritten, 0);

    // News of the last days touch the last file only; a few stragglers wait in a file of their own.
    let old: Vec<Path> = table.files().iter().map(|file| file.path.clone()).collect();
    let news = (0..100).map(|n| event(9_000 + n, Some("login"), Some(micros(99 * DAY + n))));
    let straggler = event(9_999, Some("login"), Some(micros(DAY)));
    let news: Vec<Value> = news.chain([straggler]).collect();
    table.append(vec![batch_of(&spec, &news)], Commit::default()).await.unwrap();
    table.compact_to(sizes, quiet()).await.unwrap();
    let kept = table.files().iter().filter(|file| old.contains(&file.path)).count();
    assert_eq!((table.files().len(), kept, table.rows()), (5, 3, 2_101));
    assert_eq!(table.compact_to(sizes, quiet()).await.unwrap().rewritten, 0);
}

#[tokio::test]
async fn times_that_statistics_cannot_say_are_kept_apart() {
    let spec = events_spec();
    let mut table = memory_lake().await.table(&spec).await.unwrap();
    let far = 300_000_000_000_000_000_i64;
    for n in 0..3 {
        let at = [Some(micros(n)), None, Some(far + n), Some(-far)];
        let rows = (0..4).map(|i| event(n * 10 + i, Some("login"), at[i as usize]));
        let rows: Vec<Value> = rows.collect();
        table.append(vec![batch_of(&spec, &rows)], Commit::default()).await.unwrap();
    }
    table.compact_to(LARGE, quiet()).await.unwrap();
    let mut rows: Vec<_> = table.files().iter().map(|file| (file.times, file.rows)).collect();
    rows.sort_unstable();
    assert_eq!(rows, [(None, 9), (Some((micros(0), micros(2))), 3)]);
    assert_eq!(table.compact_to(LARGE, quiet()).await.unwrap().rewritten, 0);
}

/// One landing, or a compaction.
#[derive(Debug, Clone)]
enum Step {
    Land(Vec<(i64, Option<u8>, Option<i64>)>),
    Compact,
}

fn step() -> impl Strategy<Value = Step> {
    let at = prop_oneof![
        8 => (0..40 * DAY).prop_map(|at| Some(micros(at))),
        1 => Just(None),
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), Just(micros(900_000_000))].prop_map(Some),
    ];
    let row = (0..400_i64, proptest::option::weighted(0.95, 0..4_u8), at);
    prop_oneof![
        3 => proptest::collection::vec(row, 1..60).prop_map(Step::Land),
        1 => Just(Step::Compact),
    ]
}

fn any_sizes() -> impl Strategy<Value = Sizes> {
    (0..40_000_u64, 1_000..60_000_u64, 1..40_000_usize, 0..100_000_usize, 2..6_usize).prop_map(
        |(full, target, part, merge_bytes, merge_runs)| Sizes {
            full,
            target,
            part,
            merge_bytes,
            merge_runs,
        },
    )
}

/// Lands and compacts as told; whatever the sizes, the rows are those that landed.
async fn lands_and_compacts(spec: TableSpec, sizes: Sizes, steps: Vec<Step>) {
    let lake = memory_lake().await;
    let mut table = lake.table(&spec).await.unwrap();
    let mut landed: BTreeMap<u128, String> = BTreeMap::new();
    for step in steps.into_iter().chain([Step::Compact]) {
        match step {
            Step::Land(rows) => {
                let rows: Vec<Value> = rows
                    .into_iter()
                    .map(|(n, name, at)| {
                        landed.insert(n as u128, format!("{{\"n\":{n}}}"));
                        event(n, name.map(|n| ["a", "b", "c", "d"][n as usize]), at)
                    })
                    .collect();
                table.append(vec![batch_of(&spec, &rows)], Commit::default()).await.unwrap();
            }
            Step::Compact => {
                table.compact_to(sizes, quiet()).await.unwrap();
                let idle = table.compact_to(sizes, quiet()).await.unwrap();
                assert_eq!(idle.rewritten, 0, "{:?}", table.files());
            }
        }
        let mut found: Vec<(u128, String)> = events(&table)
            .await
            .into_iter()
            .flatten()
            .map(|(_, _, key, properties)| (key, properties))
            .collect();
        found.sort_unstable();
        assert!(found.into_iter().eq(landed.clone()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn rows_outlive_any_history(
        steps in proptest::collection::vec(step(), 1..10),
        sizes in any_sizes(),
        split_by_time in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let spec = TableSpec { split_by_time, ..events_spec() };
        runtime.block_on(lands_and_compacts(spec, sizes, steps));
    }
}
