//! Text as a terminal shows it: harmless, measured in columns, cut to a width.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const ELLIPSIS: char = '…';

/// Replaces what would move the cursor, colour the screen or reorder text, except line breaks.
///
/// Values come from strangers (customers' names, event properties): none may drive the terminal.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        if is_unsafe(char) {
            shown.extend(char.escape_default());
        } else {
            shown.push(char);
        }
    }
    Cow::Owned(shown)
}

fn is_unsafe(char: char) -> bool {
    let reorders = matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (char.is_control() && char != '\n') || reorders
}

/// Columns that the widest line takes.
pub fn width(text: &str) -> usize {
    text.split('\n').map(UnicodeWidthStr::width).max().unwrap_or(0)
}

/// The line itself, or as much of it as fits with `…` at the end.
pub fn cut(line: &str, width: usize) -> Cow<'_, str> {
    if line.width() <= width {
        return Cow::Borrowed(line);
    }
    let mut kept = String::new();
    let mut used = 0;
    for char in line.chars() {
        used += char.width().unwrap_or(0);
        if used >= width {
            break;
        }
        kept.push(char);
    }
    if width > 0 {
        kept.push(ELLIPSIS);
    }
    Cow::Owned(kept)
}

/// `count rows`, with the noun in the right number.
pub fn count(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_cannot_drive_the_terminal() {
        assert_eq!(visible("a\u{1b}[2Jb\tc\nd"), "a\\u{1b}[2Jb\\tc\nd");
        assert_eq!(visible("\u{202e}txt.exe"), "\\u{202e}txt.exe");
        assert!(matches!(visible("plain é 漢"), Cow::Borrowed(_)));
    }

    #[test]
    fn cutting_counts_columns_not_characters() {
        assert_eq!(cut("漢字漢字", 8), "漢字漢字");
        assert_eq!(cut("漢字漢字", 7), "漢字漢…");
        assert_eq!(cut("漢字漢字", 6), "漢字…");
        assert_eq!(cut("abcdef", 3), "ab…");
        assert_eq!(cut("abcdef", 1), "…");
        assert_eq!(cut("abcdef", 0), "");
    }
}
