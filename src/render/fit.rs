//! Decides how wide the columns of a table are, and which ones find no room.

use std::ops::Range;

/// What a column asks for, in terminal columns.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// Shows everything.
    pub natural: usize,
    /// Below this it says nothing any more.
    pub least: usize,
}

/// What the columns get.
#[derive(Debug, PartialEq, Eq)]
pub struct Fit {
    /// Column and width, in order.
    pub shown: Vec<(usize, usize)>,
    /// The columns left out, always from the middle.
    pub hidden: Range<usize>,
}

/// A bar and two blanks a column, and the closing bar.
fn frame(columns: usize) -> usize {
    3 * columns + 1
}

/// Fits columns into `width`: long ones shrink first, then the middle ones go.
pub fn fit(wishes: &[Wish], width: Option<usize>) -> Fit {
    let all = wishes.len();
    let natural = || (0..all).map(|column| (column, wishes[column].natural)).collect();
    let Some(width) = width else { return Fit { shown: natural(), hidden: 0..0 } };
    if frame(all) + wishes.iter().map(|wish| wish.natural).sum::<usize>() <= width {
        return Fit { shown: natural(), hidden: 0..0 };
    }
    let hidden = middle_without_room(wishes, width);
    let shown: Vec<usize> = (0..all).filter(|column| !hidden.contains(column)).collect();
    // The gap is drawn as a column of its own, one `…` wide.
    let gap = if hidden.is_empty() { 0 } else { 1 };
    let room = width.saturating_sub(frame(shown.len() + gap) + gap);
    let widths = shrink(&shown.iter().map(|column| wishes[*column]).collect::<Vec<_>>(), room);
    Fit { shown: shown.into_iter().zip(widths).collect(), hidden }
}

/// Takes columns from both ends, first and last first, while they fit.
fn middle_without_room(wishes: &[Wish], width: usize) -> Range<usize> {
    let all = wishes.len();
    if frame(all) + wishes.iter().map(|wish| wish.least).sum::<usize>() <= width {
        return 0..0;
    }
    let (mut first, mut last) = (0, all);
    let mut used = 0;
    while first < last {
        let from_front = first <= all - last;
        let wish = if from_front { wishes[first] } else { wishes[last - 1] };
        let taken = first + (all - last);
        if taken > 0 && frame(taken + 2) + 1 + used + wish.least > width {
            break;
        }
        used += wish.least;
        if from_front { first += 1 } else { last -= 1 }
    }
    if first < last { first..last } else { 0..0 }
}

/// Lowers one common ceiling until the columns fit; none goes below its least width.
fn shrink(wishes: &[Wish], room: usize) -> Vec<usize> {
    let under = |ceiling: usize| wishes.iter().map(move |w| w.natural.min(w.least.max(ceiling)));
    let ceiling = (1..=room).rev().find(|ceiling| under(*ceiling).sum::<usize>() <= room);
    let Some(ceiling) = ceiling else {
        // A single column that is too wide for the terminal: cut to what there is.
        return wishes.iter().map(|wish| wish.least.min(room.max(1))).collect();
    };
    let mut widths: Vec<usize> = under(ceiling).collect();
    let mut spare = room - widths.iter().sum::<usize>();
    for (width, wish) in widths.iter_mut().zip(wishes) {
        if spare > 0 && *width < wish.natural {
            *width += 1;
            spare -= 1;
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wish(natural: usize, least: usize) -> Wish {
        Wish { natural, least }
    }

    fn drawn(fit: &Fit) -> usize {
        let gap = usize::from(!fit.hidden.is_empty());
        frame(fit.shown.len() + gap) + gap + fit.shown.iter().map(|(_, w)| w).sum::<usize>()
    }

    #[test]
    fn without_a_terminal_nothing_is_cut() {
        let fit = fit(&[wish(500, 10), wish(3, 3)], None);
        assert_eq!(fit, Fit { shown: vec![(0, 500), (1, 3)], hidden: 0..0 });
    }

    #[test]
    fn the_longest_column_shrinks_first() {
        let fit = fit(&[wish(5, 5), wish(100, 10), wish(12, 10)], Some(60));
        assert_eq!(fit, Fit { shown: vec![(0, 5), (1, 33), (2, 12)], hidden: 0..0 });
    }

    #[test]
    fn the_middle_goes_when_nothing_helps() {
        let fit = fit(&[wish(10, 10); 12], Some(60));
        assert_eq!(fit, Fit { shown: [0, 1, 10, 11].map(|c| (c, 10)).to_vec(), hidden: 2..10 });
    }

    #[test]
    fn one_column_is_always_shown() {
        assert_eq!(fit(&[wish(40, 40)], Some(20)).shown, [(0, 16)]);
        assert_eq!(fit(&[wish(40, 40); 3], Some(3)).shown, [(0, 1)]);
    }

    proptest! {
        #[test]
        fn a_table_never_exceeds_the_terminal(
            naturals in prop::collection::vec(1usize..80, 1..30),
            width in 20usize..200,
        ) {
            let wishes: Vec<Wish> = naturals.iter().map(|n| wish(*n, (*n).min(10))).collect();
            let fit = fit(&wishes, Some(width));
            prop_assert!(drawn(&fit) <= width, "{fit:?} takes {}", drawn(&fit));
            prop_assert_eq!(fit.shown.len() + fit.hidden.len(), wishes.len());
        }
    }
}
