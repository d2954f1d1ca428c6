//! What a compaction rewrites and where it cuts: pure decisions over the files of a table.
//!
//! Files that a compaction wrote are *settled*: in a table that is split by time they do not
//! overlap, so each stands for a cell of time. All others are *loose*. Rows of loose files go into
//! the cells that are worth rewriting; the few that fall into large cells wait in one loose file
//! until there are more of them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Sizes;
use crate::lake::table::DataFile;

/// A large cell is rewritten once it would grow by one row in so many.
const ROWS_FOR_ONE: u64 = 16;
const ALL_TIME: Range<i64> = i64::MIN..i64::MAX;
const HOUR_US: i64 = 3_600 * 1_000_000;

/// Rows by the hour in which they happened.
#[derive(Debug, Default, Clone)]
pub(super) struct Hours {
    rows: BTreeMap<i64, u64>,
    /// Rows without a time, or with one that file statistics cannot say.
    pub(super) undated: u64,
}

/// The files to rewrite, and the spans of time that become settled files.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) inputs: Vec<DataFile>,
    /// Half-open, in µs, in order; rows outside them stay loose.
    pub(super) spans: Vec<Range<i64>>,
    /// Whether rows go by their time; else all of them go together.
    pub(super) by_time: bool,
}

/// A stretch of hours, and the settled files that hold its rows.
struct Cell {
    hours: Range<i64>,
    settled: Vec<DataFile>,
    is_worthwhile: bool,
}

impl Hours {
    pub(super) fn add(&mut self, time: Option<i64>) {
        match time.filter(|time| is_sayable(*time)) {
            Some(time) => *self.rows.entry(time.div_euclid(HOUR_US)).or_default() += 1,
            None => self.undated += 1,
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (hour, rows) in &other.rows {
            *self.rows.entry(*hour).or_default() += rows;
        }
        self.undated += other.undated;
    }

    fn within(&self, hours: &Range<i64>) -> u64 {
        self.rows.range(hours.clone()).map(|(_, rows)| rows).sum()
    }

    fn total(&self) -> u64 {
        self.rows.values().sum()
    }

    /// Cuts the hours into about `count` ranges with as many rows each.
    fn cut(&self, hours: Range<i64>, count: u64) -> Vec<Range<i64>> {
        let total = self.within(&hours);
        let mut ranges = Vec::new();
        let (mut start, mut seen) = (hours.start, 0);
        for (hour, rows) in self.rows.range(hours.clone()) {
            let filled = ranges.len() as u64 + 1;
            if seen * count >= total * filled && *hour > start && filled < count {
                ranges.push(start..*hour);
                start = *hour;
            }
            seen += rows;
        }
        ranges.push(start..hours.end);
        ranges
    }
}

/// Whether file statistics can say the time: its year has four digits.
fn is_sayable(micros: i64) -> bool {
    const FIRST: i64 = -62_167_219_200_000_000;
    const END: i64 = 253_402_300_800_000_000;
    (FIRST..END).contains(&micros)
}

impl Plan {
    /// How many kinds of output there are; those after the spans stay loose.
    pub(super) fn destinations(&self) -> usize {
        if self.by_time { self.spans.len() + 2 } else { 1 }
    }

    /// Where a row of that time goes.
    pub(super) fn destination(&self, time: Option<i64>) -> usize {
        if !self.by_time {
            return 0;
        }
        let Some(time) = time.filter(|time| is_sayable(*time)) else {
            return self.spans.len() + 1;
        };
        let at = self.spans.partition_point(|span| span.end <= time);
        match self.spans.get(at) {
            Some(span) if span.start <= time => at,
            _ => self.spans.len(),
        }
    }

    pub(super) fn is_settled(&self, destination: usize) -> bool {
        destination < self.spans.len()
    }

    /// The one destination of all rows of the file, if its times say so.
    pub(super) fn only_destination(&self, file: &DataFile) -> Option<usize> {
        if !self.by_time {
            return Some(0);
        }
        let (min, max) = file.times?;
        let (first, last) = (self.destination(Some(min)), self.destination(Some(max)));
        // Rows outside the spans lie on both sides of them.
        (first == last && self.is_settled(first)).then_some(first)
    }
}

/// Plans a table whose rows go together; `None` when nothing is worth it.
pub(super) fn plan_whole(files: &[DataFile], sizes: &Sizes) -> Option<Plan> {
    let (settled, loose): (Vec<_>, Vec<_>) =
        files.iter().cloned().partition(|file| file.is_settled);
    if loose.is_empty() {
        return None;
    }
    if is_worthwhile(&settled, rows_of(&loose), sizes) {
        let inputs: Vec<_> = [settled, loose].concat();
        let spans = Vec::from([ALL_TIME]);
        return (inputs.len() > 1).then_some(Plan { inputs, spans, by_time: false });
    }
    let inputs = small(loose, sizes);
    (inputs.len() > 1).then_some(Plan { inputs, spans: vec![], by_time: false })
}

/// The files of a table that is split by time, on the way to a plan.
pub(super) struct Draft {
    settled: Vec<DataFile>,
    pub(super) loose: Vec<DataFile>,
    sizes: Sizes,
}

/// A stretch of hours that is worth rewriting.
pub(super) struct Stretch {
    hours: Range<i64>,
    pub(super) settled: Vec<DataFile>,
    /// How many files it is to become.
    pub(super) files: u64,
}

impl Stretch {
    /// The spans of its files. Where they are several, `rows` are all that it will hold.
    pub(super) fn spans(&self, rows: &Hours) -> Vec<Range<i64>> {
        let ranges = rows.cut(self.hours.clone(), self.files);
        ranges.into_iter().map(|hours| micros(hours.start)..micros(hours.end)).collect()
    }
}

impl Draft {
    /// `None` when there is nothing to bring in.
    pub(super) fn new(files: &[DataFile], sizes: Sizes) -> Option<Self> {
        let (settled, loose) = sort_out(files, &sizes);
        (!loose.is_empty()).then_some(Self { settled, loose, sizes })
    }

    /// Where rows of the loose files, known by the hour, are worth rewriting settled ones.
    pub(super) fn stretches(&self, loose: &Hours) -> Vec<Stretch> {
        let loose_rows = u128::from((loose.total() + loose.undated).max(1));
        let loose_bytes = u128::from(bytes_of(&self.loose));
        let cells = cells(self.settled.clone(), loose, &self.sizes);
        cells
            .chunk_by(|one, next| one.is_worthwhile == next.is_worthwhile)
            .filter(|run| run[0].is_worthwhile)
            .map(|run| {
                let hours = run[0].hours.start..run[run.len() - 1].hours.end;
                let settled: Vec<_> = run.iter().flat_map(|cell| cell.settled.clone()).collect();
                let new_bytes = loose_bytes * u128::from(loose.within(&hours)) / loose_rows;
                let bytes = bytes_of(&settled) + u64::try_from(new_bytes).unwrap_or(u64::MAX);
                let target = self.sizes.target;
                let files = ((bytes + target / 2) / target).max(1);
                Stretch { hours, settled, files }
            })
            .collect()
    }

    /// The plan for stretches that are cut into spans; `None` when it is not worth it.
    pub(super) fn plan(self, stretches: Vec<Stretch>, spans: Vec<Range<i64>>) -> Option<Plan> {
        if !spans.is_empty() {
            let settled = stretches.into_iter().flat_map(|stretch| stretch.settled);
            let inputs: Vec<_> = settled.chain(self.loose).collect();
            return (inputs.len() > 1).then_some(Plan { inputs, spans, by_time: true });
        }
        let inputs = small(self.loose, &self.sizes);
        // Rows without a time that can be said come into a file of their own.
        let undated = inputs.iter().filter(|file| file.times.is_none()).count();
        let outputs = undated.min(1) + (inputs.len() - undated).min(1);
        (inputs.len() > outputs).then_some(Plan { inputs, spans, by_time: true })
    }
}

/// Settled files first, then loose ones. A large file that overlaps no other is as good as settled.
fn sort_out(files: &[DataFile], sizes: &Sizes) -> (Vec<DataFile>, Vec<DataFile>) {
    let is_alone = |file: &DataFile| {
        let others = files.iter().filter(|other| other.path != file.path);
        let own = hours_of_file(file);
        others.map(hours_of_file).all(|other| match (&own, other) {
            (Some(own), Some(other)) => own.end <= other.start || other.end <= own.start,
            _ => false,
        })
    };
    files.iter().cloned().partition(|file| {
        file.times.is_some() && (file.is_settled || file.size >= sizes.full && is_alone(file))
    })
}

/// The hours a file has rows in.
fn hours_of_file(file: &DataFile) -> Option<Range<i64>> {
    let (min, max) = file.times?;
    Some(min.div_euclid(HOUR_US)..max.div_euclid(HOUR_US) + 1)
}

/// Divides all time among the settled files; what comes after the last full one is a cell as well.
fn cells(mut settled: Vec<DataFile>, loose: &Hours, sizes: &Sizes) -> Vec<Cell> {
    settled.sort_by_key(|file| file.times);
    let mut cells: Vec<Cell> = Vec::new();
    for file in settled {
        let Some(hours) = hours_of_file(&file) else { continue };
        match cells.last_mut() {
            // Parts of one span overlap: it was too large for one file.
            Some(cell) if hours.start < cell.hours.end => {
                cell.hours.end = cell.hours.end.max(hours.end);
                cell.settled.push(file);
            }
            _ => cells.push(Cell { hours, settled: vec![file], is_worthwhile: false }),
        }
    }
    let is_full = |cell: &Cell| bytes_of(&cell.settled) >= sizes.full;
    if cells.last().is_none_or(is_full) {
        let start = cells.last().map_or(i64::MIN, |cell| cell.hours.end);
        cells.push(Cell { hours: start..i64::MAX, settled: vec![], is_worthwhile: false });
    }
    let starts: Vec<i64> = cells.iter().map(|cell| cell.hours.start).collect();
    for (at, cell) in cells.iter_mut().enumerate() {
        let start = if at == 0 { i64::MIN } else { starts[at] };
        cell.hours = start..starts.get(at + 1).copied().unwrap_or(i64::MAX);
        cell.is_worthwhile = is_worthwhile(&cell.settled, loose.within(&cell.hours), sizes);
    }
    cells
}

/// Whether so many loose rows are worth rewriting these files.
fn is_worthwhile(settled: &[DataFile], loose_rows: u64, sizes: &Sizes) -> bool {
    loose_rows > 0
        && (bytes_of(settled) < sizes.full || loose_rows * ROWS_FOR_ONE >= rows_of(settled))
}

fn small(files: Vec<DataFile>, sizes: &Sizes) -> Vec<DataFile> {
    files.into_iter().filter(|file| file.size < sizes.full).collect()
}

fn rows_of(files: &[DataFile]) -> u64 {
    files.iter().map(|file| file.rows).sum()
}

fn bytes_of(files: &[DataFile]) -> u64 {
    files.iter().map(|file| file.size).sum()
}

fn micros(hour: i64) -> i64 {
    hour.saturating_mul(HOUR_US)
}
