//! Bars and intervals out of block and line characters.

/// Eighths of a cell, from none to seven.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A share between 0 and 1 as a bar of at most `width` cells; more than nothing shows a sliver.
pub(super) fn bar(share: f64, width: usize) -> String {
    let share = share.clamp(0.0, 1.0);
    let mut eighths = (share * width as f64 * 8.0).round() as usize;
    if share > 0.0 {
        eighths = eighths.max(1);
    }
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// An interval with its value on a ruler of `width` cells: `├──●───┤`. Shares of the ruler.
pub(super) fn range(lo: f64, value: f64, hi: f64, width: usize) -> String {
    let last = width.saturating_sub(1);
    let cell = |share: f64| (share.clamp(0.0, 1.0) * last as f64).round() as usize;
    let (lo, value, hi) = (cell(lo), cell(value), cell(hi));
    (0..=hi)
        .map(|at| match at {
            _ if at < lo => ' ',
            _ if at == value => '●',
            _ if at == lo => '├',
            _ if at == hi => '┤',
            _ => '─',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!(bar(0.0, 10), "");
        assert_eq!(bar(0.001, 10), "▏");
        assert_eq!(bar(0.55, 10), "█████▌");
        assert_eq!(bar(1.0, 10), "██████████");
        assert_eq!(bar(7.0, 10), "██████████");
    }

    #[test]
    fn an_interval_marks_its_ends_and_its_value() {
        assert_eq!(range(0.2, 0.5, 0.8, 11), "  ├──●──┤");
        assert_eq!(range(0.5, 0.5, 0.5, 11), "     ●");
        assert_eq!(range(-1.0, 0.0, 0.3, 11), "●──┤");
    }
}
