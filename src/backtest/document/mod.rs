//! A report before it has a form: headings, sentences, lists, tables, bars. Rendered as text or
//! as Markdown, so that both always say the same.

mod bars;
mod markdown;
mod style;
mod text;

pub use style::Style;

/// How a piece of text is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Strong,
    Good,
    Bad,
    Faint,
    /// A name for programs, such as a reason code.
    Code,
}

/// Text of one tone.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    pub text: String,
    pub tone: Tone,
}

/// A sentence, or some: spans one after the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line(pub Vec<Span>);

impl Line {
    pub fn new(text: impl Into<String>) -> Self {
        Self::default().then(Tone::Plain, text)
    }

    #[must_use]
    pub fn then(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.0.push(Span { text: text.into(), tone });
        self
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// The first thing on the page: a name, and what it is.
    Title(String),
    Heading(String),
    Paragraph(Line),
    List(Vec<Line>),
    Table(Table),
}

/// Rows of cells under optional column titles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Empty titles on all columns: no head is drawn.
    pub title: String,
    pub align: Align,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Text(Span),
    /// A share between 0 and 1 as a bar; `None` draws nothing.
    Bar {
        share: Option<f64>,
        width: usize,
        tone: Tone,
    },
    /// An interval on a ruler; values outside `from..to` are cut.
    Range {
        lo: f64,
        value: f64,
        hi: f64,
        from: f64,
        to: f64,
        width: usize,
    },
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Self {
        Self::toned(Tone::Plain, text)
    }

    pub fn toned(tone: Tone, text: impl Into<String>) -> Self {
        Self::Text(Span { text: text.into(), tone })
    }

    /// What the cell shows, and in which tone.
    fn shown(&self) -> (String, Tone) {
        match self {
            Self::Text(span) => (span.text.clone(), span.tone),
            Self::Bar { share, width, tone } => {
                (share.map(|share| bars::bar(share, *width)).unwrap_or_default(), *tone)
            }
            Self::Range { lo, value, hi, from, to, width } => {
                let scaled = |x: f64| (x - from) / (to - from);
                (bars::range(scaled(*lo), scaled(*value), scaled(*hi), *width), Tone::Faint)
            }
        }
    }
}

impl Table {
    /// A table without a head.
    pub fn bare(aligns: &[Align]) -> Self {
        let columns =
            aligns.iter().map(|align| Column { title: String::new(), align: *align }).collect();
        Self { columns, rows: Vec::new() }
    }

    pub fn new(columns: &[(&str, Align)]) -> Self {
        let columns = columns
            .iter()
            .map(|(title, align)| Column { title: (*title).to_owned(), align: *align })
            .collect();
        Self { columns, rows: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    fn has_head(&self) -> bool {
        self.columns.iter().any(|column| !column.title.is_empty())
    }
}

/// A report as a sequence of blocks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    pub blocks: Vec<Block>,
}

impl Document {
    pub fn title(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Title(text.into()));
    }

    pub fn heading(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Heading(text.into()));
    }

    pub fn say(&mut self, text: impl Into<String>) {
        self.line(Line::new(text));
    }

    pub fn line(&mut self, line: Line) {
        self.blocks.push(Block::Paragraph(line));
    }

    /// A list; nothing if there are no lines.
    pub fn list(&mut self, lines: Vec<Line>) {
        if !lines.is_empty() {
            self.blocks.push(Block::List(lines));
        }
    }

    /// A table; nothing if it has no rows.
    pub fn table(&mut self, table: Table) {
        if !table.rows.is_empty() {
            self.blocks.push(Block::Table(table));
        }
    }
}
