//! The versions of objects that have several, and which of them counts at a time.

use std::cmp::Reverse;
use std::ops::Range;

use crate::engine::ties::Class;

/// A time that nothing tells.
pub const UNKNOWN: i64 = i64::MIN;

/// The versions of objects that have several, and deletions; all other rows count at any time.
#[derive(Debug)]
pub struct Contested {
    pub versions: Vec<Version>,
    /// Rows of each file.
    pub rows: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
pub struct Version {
    pub object: u128,
    pub key: u128,
    pub observed_at: i64,
    /// When the object came to be.
    pub born_at: i64,
    pub place: Place,
    pub file: u32,
    pub row: u32,
    pub livemode: Option<bool>,
    pub is_deletion: bool,
}

/// Where a version stands among those of its second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub class: Class,
    pub progress: u8,
    pub within: u16,
}

/// Rows of one file, in order: those that do not count, and those whose object is deleted.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub left_out: Vec<usize>,
    pub deleted: Vec<usize>,
}

impl Contested {
    /// What counts of each file. An id may stand in both modes: a row without one is of ours.
    pub fn choose(&self, as_of: i64, is_live: bool) -> Vec<Choice> {
        let mut choices = vec![Choice::default(); self.rows.len()];
        for object in self.versions.chunk_by(|one, next| one.object == next.object) {
            for mode in [true, false] {
                let is_of_mode = |version: &&Version| version.livemode.unwrap_or(is_live) == mode;
                let versions = || object.iter().filter(is_of_mode);
                let Some(counts) = versions().min_by_key(|version| version.order(as_of)) else {
                    continue;
                };
                let others = versions().filter(|other| !std::ptr::eq(*other, counts));
                for other in others {
                    choices[other.file as usize].left_out.push(other.row as usize);
                }
                // What was made again afterwards is not deleted.
                let is_deleted = versions().any(|version| {
                    version.is_deletion
                        && version.observed_at <= as_of
                        && counts.born_at <= version.deletes_until()
                });
                if is_deleted {
                    choices[counts.file as usize].deleted.push(counts.row as usize);
                }
            }
        }
        for choice in &mut choices {
            choice.left_out.sort_unstable();
            choice.deleted.sort_unstable();
        }
        choices
    }
}

impl Version {
    /// The least of an object's versions counts.
    fn order(&self, as_of: i64) -> impl Ord + use<> {
        let (born, observed) =
            (Distance::of(self.born_at, as_of), Distance::of(self.observed_at, as_of));
        // Of those observed by then the last of a second, of later ones the first.
        let place = (self.place, self.key);
        let (first, last) = match observed.is_later {
            true => (Some(place), None),
            false => (None, Some(Reverse(place))),
        };
        (self.is_deletion, born, observed, first, last)
    }

    /// What came to be later than this was not meant by a deletion.
    fn deletes_until(&self) -> i64 {
        match (self.born_at, self.observed_at) {
            (UNKNOWN, UNKNOWN) => i64::MAX,
            (UNKNOWN, observed_at) => observed_at,
            (born_at, _) => born_at,
        }
    }
}

/// Versions that do not tell when their object came to be are of the first of its id.
pub fn fill_births(versions: &mut [Version]) {
    for object in versions.chunk_by_mut(|one, next| one.object == next.object) {
        let known = object.iter().map(|version| version.born_at).filter(|&born| born != UNKNOWN);
        let first = known.min().unwrap_or(UNKNOWN);
        let unknown = object.iter_mut().filter(|v| v.born_at == UNKNOWN && !v.is_deletion);
        unknown.for_each(|version| version.born_at = first);
    }
}

/// How far a moment is from the as-of time: past ones come first, the nearest of each before others.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Distance {
    is_later: bool,
    micros: i64,
}

impl Distance {
    fn of(moment: i64, as_of: i64) -> Self {
        let is_later = moment > as_of;
        Self { is_later, micros: if is_later { moment } else { as_of.saturating_sub(moment) } }
    }
}

/// Versions of one second, the order of which only their content tells, and the last one before them.
pub struct Tie {
    pub versions: Vec<usize>,
    pub before: Option<usize>,
}

/// The ties among contested versions, which are in the order of objects and keys. In a table whose
/// rows show their progress, as invoices do, one update and what came of it are no tie.
pub fn ties_of(versions: &[Version], shows_progress: bool) -> Vec<Tie> {
    let mut ties = vec![];
    let mut from = 0;
    for object in versions.chunk_by(|one, next| one.object == next.object) {
        let mut order: Vec<usize> = (from..from + object.len()).collect();
        from += object.len();
        let moment = |at: usize| (versions[at].observed_at, versions[at].place.class);
        let alike = |at: usize| (moment(at), versions[at].place.progress);
        order.sort_by_key(|&at| (alike(at), versions[at].key));
        let mut ranges: Vec<Range<usize>> = vec![];
        for tie in order.chunk_by(|&one, &next| alike(one) == alike(next)) {
            let start = ranges.last().map_or(0, |range| range.end);
            ranges.push(start..start + tie.len());
        }
        for range in ranges {
            let tie = &order[range.clone()];
            let updates = tie.iter().filter(|&&at| versions[at].place.within > 0).count();
            let least = if shows_progress { 2 } else { 1 };
            let is_change = versions[tie[0]].place.class == Class::Change;
            if is_change && tie.len() > 1 && updates >= least {
                let before = range.start.checked_sub(1).map(|at| order[at]);
                ties.push(Tie { versions: tie.to_vec(), before });
            }
        }
    }
    ties
}
