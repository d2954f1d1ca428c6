//! A document for the terminal: at most 100 columns, read from top to bottom.

use unicode_width::UnicodeWidthStr;

use super::{Align, Block, Cell, Document, Line, Style, Table, Tone};

/// No line is wider.
pub(super) const WIDTH: usize = 100;
const INDENT: &str = "  ";
const GAP: &str = "  ";
/// No column of words is cut to less.
const NARROWEST: usize = 10;

impl Document {
    /// The document as text, ending in a line break.
    pub fn text(&self, style: Style) -> String {
        let mut lines: Vec<String> = Vec::new();
        for (index, block) in self.blocks.iter().enumerate() {
            if index > 0 && !matches!(self.blocks[index - 1], Block::Heading(_)) {
                lines.push(String::new());
            }
            match block {
                Block::Title(text) => {
                    lines.extend(wrap(&Line::default().then(Tone::Strong, text), "", "", style));
                }
                Block::Heading(text) => lines.push(style.paint(Tone::Strong, text)),
                Block::Paragraph(line) => lines.extend(wrap(line, INDENT, INDENT, style)),
                Block::List(items) => {
                    lines.extend(items.iter().flat_map(|item| wrap(item, "  · ", "    ", style)))
                }
                Block::Table(table) => lines.extend(rows(table, style)),
            }
        }
        lines.join("\n") + "\n"
    }
}

/// Breaks a line between words, `first` before the first row and `rest` before all others.
fn wrap(line: &Line, first: &str, rest: &str, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut current, mut width) = (first.to_owned(), first.width());
    let mut is_row_empty = true;
    let mut has_space = false;
    for span in &line.0 {
        let text = match span.tone {
            Tone::Code => format!("[{}]", span.text),
            _ => tie(&span.text),
        };
        for piece in text.split_inclusive(' ') {
            let word = piece.trim_end_matches(' ');
            if !word.is_empty() {
                let space = usize::from(has_space && !is_row_empty);
                // A break is allowed only where there was a space.
                if width + space + word.width() > WIDTH && has_space && !is_row_empty {
                    lines.push(std::mem::replace(&mut current, rest.to_owned()));
                    width = rest.width();
                } else if space > 0 {
                    current.push(' ');
                    width += 1;
                }
                current.push_str(&style.paint(span.tone, word));
                width += word.width();
                is_row_empty = false;
                has_space = false;
            }
            has_space |= piece.ends_with(' ');
        }
    }
    lines.push(current);
    lines.into_iter().map(|line| line.replace(TIE, " ")).collect()
}

/// A space at which no line breaks.
const TIE: char = '\u{a0}';

/// Ties a number to its unit.
fn tie(text: &str) -> String {
    text.replace(" %", "\u{a0}%").replace(" points", "\u{a0}points")
}

fn rows(table: &Table, style: Style) -> Vec<String> {
    let head = table.columns.iter().map(|column| (column.title.clone(), Tone::Faint)).collect();
    let body = table.rows.iter().map(|row| row.iter().map(|cell| cell.shown()).collect());
    let mut all: Vec<Vec<(String, Tone)>> =
        table.has_head().then_some(head).into_iter().chain(body).collect();
    let widths = fit(table, &all);
    for (text, width) in all.iter_mut().flat_map(|row| row.iter_mut().zip(&widths)) {
        text.0 = shorten(&text.0, *width);
    }
    all.iter()
        .map(|row| {
            let cells = row.iter().zip(&widths).zip(&table.columns).map(
                |(((text, tone), width), column)| {
                    let pad = " ".repeat(width - text.width());
                    match column.align {
                        Align::Left => format!("{}{pad}", style.paint(*tone, text)),
                        Align::Right => format!("{pad}{}", style.paint(*tone, text)),
                    }
                },
            );
            let line = cells.collect::<Vec<_>>().join(GAP);
            format!("{INDENT}{}", line.trim_end())
        })
        .collect()
}

/// The widths of the columns. Where they do not fit side by side, the widest columns of words give
/// way; numbers and drawings never do.
fn fit(table: &Table, rows: &[Vec<(String, Tone)>]) -> Vec<usize> {
    let columns = 0..table.columns.len();
    let width = |column: usize| rows.iter().map(|row| row[column].0.width()).max().unwrap_or(0);
    let mut widths: Vec<usize> = columns.clone().map(width).collect();
    let has_words = |column: &usize| {
        table.columns[*column].align == Align::Left
            && table.rows.iter().all(|row| matches!(row[*column], Cell::Text(_)))
    };
    let wordy: Vec<usize> = columns.filter(has_words).collect();
    let room = WIDTH.saturating_sub(INDENT.len() + GAP.len() * widths.len().saturating_sub(1));
    loop {
        let excess = widths.iter().sum::<usize>().saturating_sub(room);
        let Some(widest) = wordy.iter().copied().max_by_key(|column| widths[*column]) else {
            break;
        };
        if excess == 0 || widths[widest] <= NARROWEST {
            break;
        }
        widths[widest] = widths[widest].saturating_sub(excess).max(NARROWEST);
    }
    widths
}

/// The text, or its beginning and `…` if it is wider than `width`.
fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for char in text.chars() {
        if short.width() + char.to_string().width() + 1 > width {
            break;
        }
        short.push(char);
    }
    short + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_breaks_between_words_only() {
        let line = Line::new("word ".repeat(40)).then(Tone::Strong, "end").then(Tone::Plain, ".");
        let lines = wrap(&line, "· ", "  ", Style::default());
        assert!(lines.iter().all(|line| line.width() <= WIDTH), "{lines:#?}");
        assert!(lines.last().unwrap().ends_with("word end."), "{lines:#?}");
    }

    #[test]
    fn a_long_name_is_cut_not_pushed_over_the_edge() {
        assert_eq!(shorten("abcdef", 6), "abcdef");
        assert_eq!(shorten("abcdefg", 6), "abcde…");
    }
}
