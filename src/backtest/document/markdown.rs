//! A document as Markdown, for issues, wikis and mail.

use super::{Align, Block, Document, Line, Span, Table, Tone};

impl Document {
    /// The document as GitHub-flavoured Markdown, ending in a line break.
    pub fn markdown(&self) -> String {
        let blocks: Vec<String> = self.blocks.iter().map(block).collect();
        blocks.join("\n\n") + "\n"
    }
}

fn block(block: &Block) -> String {
    match block {
        Block::Title(text) => format!("# {}", escape(text)),
        Block::Heading(text) => format!("## {}", escape(text)),
        Block::Paragraph(text) => line(text),
        Block::List(items) => {
            items.iter().map(|item| format!("- {}", line(item))).collect::<Vec<_>>().join("\n")
        }
        Block::Table(content) => table(content),
    }
}

fn line(line: &Line) -> String {
    line.0.iter().map(span).collect()
}

fn span(span: &Span) -> String {
    let text = escape(&span.text);
    match span.tone {
        Tone::Code => format!("`{}`", span.text.replace('`', "'")),
        Tone::Plain | Tone::Faint => text,
        Tone::Strong | Tone::Good | Tone::Bad => {
            // Emphasis must hug its words.
            let trimmed = text.trim();
            if trimmed.is_empty() {
                return text;
            }
            text.replacen(trimmed, &format!("**{trimmed}**"), 1)
        }
    }
}

fn table(table: &Table) -> String {
    let cells = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let head = cells(table.columns.iter().map(|column| escape(&column.title)).collect());
    let rule = cells(
        table
            .columns
            .iter()
            .map(|column| match column.align {
                Align::Left => "---".to_owned(),
                Align::Right => "---:".to_owned(),
            })
            .collect(),
    );
    let rows = table.rows.iter().map(|row| {
        cells(
            row.iter().map(|cell| cell.shown()).map(|(text, tone)| cell_text(text, tone)).collect(),
        )
    });
    [head, rule].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

fn cell_text(text: String, tone: Tone) -> String {
    // Leading blanks place an interval on its ruler; Markdown would drop plain ones.
    let is_drawing = text.contains(['█', '─', '●', '▏']);
    if is_drawing { text.replace(' ', "\u{a0}") } else { span(&Span { text, tone }) }
}

/// Keeps names from being read as markup. Inside a word an underscore is none.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut is_in_word = false;
    while let Some(char) = chars.next() {
        let is_markup = match char {
            '_' => !is_in_word || !chars.peek().is_some_and(|next| next.is_alphanumeric()),
            _ => matches!(char, '\\' | '`' | '*' | '[' | ']' | '<' | '|'),
        };
        if is_markup {
            escaped.push('\\');
        }
        escaped.push(if char == '\n' { ' ' } else { char });
        is_in_word = char.is_alphanumeric();
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_not_markup() {
        assert_eq!(escape("n_exposed | *x*"), r"n_exposed \| \*x\*");
        assert_eq!(escape("_so_ ![](a)"), r"\_so\_ !\[\](a)");
    }

    #[test]
    fn emphasis_hugs_its_words() {
        let span = |text: &str| super::span(&Span { text: text.into(), tone: Tone::Strong });
        assert_eq!(span(" few "), " **few** ");
        assert_eq!(span(" "), " ");
    }
}
