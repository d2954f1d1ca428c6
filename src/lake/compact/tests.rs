//! Plans for tables of any size: no file is read, only what is said of it.

use url::Url;

use super::plan::{Draft, Hours, Plan, plan_whole};
use super::{SIZES, Sizes};
use crate::lake::table::DataFile;
use crate::time::DAY_US;

const MB: u64 = 1 << 20;

/// A file with a row a minute from one day to another.
fn file(name: &str, megabytes: u64, days: std::ops::Range<i64>, is_settled: bool) -> DataFile {
    DataFile {
        path: name.into(),
        url: Url::parse("memory:///").unwrap(),
        size: megabytes * MB,
        rows: (days.end - days.start) as u64 * 24 * 60,
        times: Some((days.start * DAY_US, days.end * DAY_US - 1)),
        is_settled,
    }
}

fn loose(name: &str, megabytes: u64, days: std::ops::Range<i64>) -> DataFile {
    file(name, megabytes, days, false)
}

fn settled(name: &str, megabytes: u64, days: std::ops::Range<i64>) -> DataFile {
    file(name, megabytes, days, true)
}

fn hours_of(files: &[DataFile]) -> Hours {
    let mut hours = Hours::default();
    for file in files {
        let ((min, max), rows) = (file.times.unwrap(), file.rows as i64);
        (0..rows).for_each(|row| hours.add(Some(min + (max - min) / rows * row)));
    }
    hours
}

/// The names of a plan's files in order, and its spans in days; `None` is for ever.
type Planned = (Vec<String>, Vec<(Option<i64>, Option<i64>)>);

fn by_time(files: &[DataFile]) -> Option<Planned> {
    let draft = Draft::new(files, SIZES)?;
    let loose = hours_of(&draft.loose);
    let stretches = draft.stretches(&loose);
    let spans = stretches.iter().flat_map(|stretch| {
        let mut rows = hours_of(&stretch.settled);
        rows.merge(&loose);
        stretch.spans(&rows)
    });
    let spans = spans.collect();
    let planned = draft.plan(stretches, spans);
    planned.map(|plan| {
        let day = |us: i64| (us.unsigned_abs() < u64::MAX / 4).then(|| us.div_euclid(DAY_US));
        let spans = plan.spans.iter().map(|span| (day(span.start), day(span.end)));
        (names(&plan), spans.collect())
    })
}

fn names(plan: &Plan) -> Vec<String> {
    let mut names: Vec<String> = plan.inputs.iter().map(|file| file.path.to_string()).collect();
    names.sort_unstable();
    names
}

#[test]
fn files_that_overlap_are_cut_into_even_spans() {
    let files: Vec<_> = (0..8).map(|n| loose(&format!("f{n}"), 80, 0..240)).collect();
    let (inputs, spans) = by_time(&files).unwrap();
    assert_eq!(inputs.len(), 8);
    // 640 MB make four files.
    let spans: Vec<_> = spans
        .into_iter()
        .map(|(from, to)| (from.map(|day| (day + 1) / 10), to.map(|day| (day + 1) / 10)))
        .collect();
    assert_eq!(
        spans,
        [(None, Some(6)), (Some(6), Some(12)), (Some(12), Some(18)), (Some(18), None)]
    );
}

#[test]
fn news_join_the_last_file_until_it_is_full() {
    let history = [settled("a", 100, 0..100), settled("b", 100, 100..200)];
    let days = |parts: &[DataFile]| by_time(&[&history[..], parts].concat());
    assert_eq!(days(&[]), None);
    // One new file has nothing to join.
    assert_eq!(days(&[loose("n", 1, 200..201)]), None);
    let two = [loose("n", 1, 200..201), loose("o", 1, 201..202)];
    assert_eq!(days(&two), Some((vec!["n".into(), "o".into()], vec![(Some(200), None)])));
    let growing = [settled("c", 30, 200..202), loose("n", 1, 202..203)];
    assert_eq!(days(&growing), Some((vec!["c".into(), "n".into()], vec![(Some(200), None)])));
}

#[test]
fn stragglers_wait_until_there_are_enough_of_them() {
    let history = [settled("a", 100, 0..160), settled("b", 100, 160..200)];
    // A day is too few for the 160 days of `a`, and enough for a new file with the next.
    let few = [&history[..], &[loose("n", 1, 3..4), loose("o", 1, 4..5)]].concat();
    assert_eq!(by_time(&few), Some((vec!["n".into(), "o".into()], vec![])));
    let waiting = [&history[..], &[loose("n", 1, 3..5)]].concat();
    assert_eq!(by_time(&waiting), None);
    let enough = [&history[..], &[loose("n", 1, 3..13)]].concat();
    assert_eq!(by_time(&enough), Some((vec!["a".into(), "n".into()], vec![(None, Some(160))])));
}

#[test]
fn a_file_that_outgrows_its_size_is_cut() {
    let files = [settled("a", 200, 0..100), loose("n", 150, 0..100)];
    let (inputs, spans) = by_time(&files).unwrap();
    assert_eq!((inputs.len(), spans.len()), (2, 2));
}

#[test]
fn large_files_that_landed_in_order_of_time_stay() {
    let files: Vec<_> = (0..4).map(|n| loose(&format!("f{n}"), 80, n * 10..(n + 1) * 10)).collect();
    assert_eq!(by_time(&files), None);
    let with_news = [&files[..], &[loose("n", 1, 40..41), loose("o", 1, 41..42)]].concat();
    assert_eq!(by_time(&with_news), Some((vec!["n".into(), "o".into()], vec![(Some(40), None)])));
}

#[test]
fn tables_that_are_not_split_are_rewritten_when_it_pays() {
    let plan =
        |files: &[DataFile]| plan_whole(files, &SIZES).map(|plan| (names(&plan), plan.spans.len()));
    let large = settled("a", 1_000, 0..160);
    assert_eq!(plan(std::slice::from_ref(&large)), None);
    assert_eq!(plan(&[large.clone(), loose("n", 1, 0..1)]), None);
    let few = [large.clone(), loose("n", 1, 0..1), loose("o", 1, 0..1)];
    assert_eq!(plan(&few), Some((vec!["n".into(), "o".into()], 0)));
    let enough = [large, loose("n", 1, 0..10)];
    assert_eq!(plan(&enough), Some((vec!["a".into(), "n".into()], 1)));
    let small = [settled("a", 10, 0..160), loose("n", 1, 0..1)];
    assert_eq!(plan(&small), Some((vec!["a".into(), "n".into()], 1)));
}

#[test]
fn sizes_leave_room() {
    let Sizes { full, target, part, .. } = SIZES;
    // The largest span that is not cut in two still fits one part.
    assert!(full <= target / 2 && target * 3 / 2 < part as u64);
}
