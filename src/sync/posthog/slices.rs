//! Spans of time, read one after the other: as wide as the server takes them, and narrower when it
//! does not.

use crate::time::{DAY_US, SECOND_US};

/// A span of ingestion times, µs; what begins it is in it, what ends it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    pub from: i64,
    pub to: i64,
}

/// What is still to be read.
#[derive(Debug)]
pub struct Slices {
    from: i64,
    to: i64,
    width: i64,
    most: i64,
}

/// How many times as wide the next slice is where there is room.
const WIDER: i64 = 4;
/// No narrower than this: what happened in one second is read page by page.
pub const NARROWEST: i64 = SECOND_US;

impl Slices {
    /// From `from` to `to` in slices of `width` at first and of `most` at most.
    pub fn new(from: i64, to: i64, width: i64, most: i64) -> Self {
        Self { from, to, width, most }
    }

    /// The slice to read now.
    pub fn next(&self) -> Option<Slice> {
        let to = self.from.saturating_add(self.width).min(self.to);
        (self.from < to).then_some(Slice { from: self.from, to })
    }

    /// The slice was read; the next one may be wider if there was `room` for more.
    pub fn read(&mut self, slice: Slice, room: bool) {
        self.from = slice.to;
        if room {
            self.width = self.width.saturating_mul(WIDER).min(self.most);
        }
    }

    /// No more than one second fits.
    pub fn narrow_most(&mut self) {
        self.width = NARROWEST;
    }

    /// The slice is too much; false if it can be no less.
    pub fn narrow(&mut self, slice: Slice) -> bool {
        let width = slice.to - slice.from;
        self.width = (width / 2).max(NARROWEST);
        self.width < width
    }
}

/// A week: the most that an export spans.
pub const WEEK: i64 = 7 * DAY_US;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_lie_side_by_side_whatever_their_width() {
        let mut slices = Slices::new(0, 100 * NARROWEST, 16 * NARROWEST, 32 * NARROWEST);
        let (mut at, mut tries, mut widest) = (0, 0, 0);
        while let Some(slice) = slices.next() {
            assert_eq!(slice.from, at);
            let width = slice.to - slice.from;
            assert!((NARROWEST..=32 * NARROWEST).contains(&width));
            tries += 1;
            if tries % 3 == 0 && slices.narrow(slice) {
                continue;
            }
            widest = widest.max(width);
            slices.read(slice, true);
            at = slice.to;
        }
        assert_eq!((at, widest), (100 * NARROWEST, 32 * NARROWEST));
        let mut narrow = Slices::new(0, NARROWEST, NARROWEST, NARROWEST);
        let slice = narrow.next().unwrap();
        assert!(!narrow.narrow(slice));
        narrow.read(slice, false);
        assert_eq!(narrow.next(), None);
    }
}
