//! The shell of `paydirt sql`: statements and commands, typed, piped or from files.

mod clause;
mod commands;
mod complete;
mod describe;
mod diagnose;
mod editor;
mod history;
mod names;
mod output;
mod query;
mod statements;

#[cfg(test)]
mod tests;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::RecordBatch;
use datafusion::prelude::SessionContext;

use crate::error::{Error, Result};
use crate::render::{self, Format, Layout};
use diagnose::{Diagnosis, Statement};
use names::Names;
use output::Output;
use statements::Item;

pub use commands::help;
pub use describe::Describe;
pub use history::default_path as default_history;

/// A script that includes itself ends here.
const DEEPEST_INCLUDE: usize = 16;

/// How the shell starts; its commands change some of it.
#[derive(Clone)]
pub struct Options {
    pub format: Format,
    pub is_expanded: bool,
    pub is_timing: bool,
    /// What tables are drawn on; `None` asks standard output before each result.
    pub layout: Option<Layout>,
    /// Where typed statements are remembered; `None` forgets them.
    pub history: Option<PathBuf>,
    /// What `\d` says about a relation.
    pub describe: Option<Describe>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: Format::Table,
            is_expanded: false,
            is_timing: false,
            layout: None,
            history: history::default_path(),
            describe: None,
        }
    }
}

/// Reads statements until the end: with prompt and completion on a terminal, plainly otherwise.
///
/// On a terminal errors are printed and the shell goes on. Piped input ends at the first error,
/// which names the line.
pub async fn run(ctx: &SessionContext, options: Options) -> Result<()> {
    let mut stdout = std::io::stdout();
    let mut shell = Shell::new(ctx, options, &mut stdout);
    if std::io::stdin().is_terminal() {
        shell.is_interactive = true;
        editor::converse(&mut shell).await
    } else {
        shell.run_piped().await
    }
}

/// Runs a script; ends at the first error, which names `source` and the line.
///
/// Shell commands are understood as well. A last statement needs no `;`.
pub async fn run_statements(
    ctx: &SessionContext,
    sql: &str,
    source: &str,
    options: Options,
    out: &mut (dyn Write + Send),
) -> Result<()> {
    Shell::new(ctx, options, out).run_script(sql, source).await.map(|_| ())
}

/// What follows a statement or command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Go,
    Leave,
}

/// One conversation with a session.
pub(crate) struct Shell<'a> {
    ctx: &'a SessionContext,
    names: Arc<Names>,
    options: Options,
    out: Output<'a>,
    /// Someone is there to read hints and press Ctrl-C.
    is_interactive: bool,
    depth: usize,
}

impl<'a> Shell<'a> {
    fn new(ctx: &'a SessionContext, options: Options, out: &'a mut (dyn Write + Send)) -> Self {
        // Errors can only point at the statement if the planner keeps the places.
        ctx.state_ref().write().config_mut().options_mut().sql_parser.collect_spans = true;
        let out = Output::new(out);
        Self { ctx, names: Names::new(ctx), options, out, is_interactive: false, depth: 0 }
    }

    async fn run_item(&mut self, item: Item<'_>) -> Result<Next, Diagnosis> {
        let outcome = match item {
            Item::Sql { text, line } => {
                self.execute(Statement { sql: text, line }).await.map(|()| Next::Go)
            }
            Item::Command { text, .. } => commands::run(self, text).await.map_err(Diagnosis::from),
        };
        self.out.flush()?;
        if self.out.closed().load(Ordering::Relaxed) { Ok(Next::Leave) } else { outcome }
    }

    async fn run_script(&mut self, text: &str, source: &str) -> Result<Next> {
        if self.depth == DEEPEST_INCLUDE {
            return Err(Error::new(format!("{source} is included {DEEPEST_INCLUDE} files deep"))
                .hint("does a file include itself?"));
        }
        let items = statements::split(text, self.names.dialect().as_ref()).into_items();
        self.depth += 1;
        let outcome = self.run_items(&items, source, 0).await;
        self.depth -= 1;
        outcome
    }

    /// Runs items in order; an error names the source and the line, counted after `lines_before`.
    async fn run_items(
        &mut self,
        items: &[Item<'_>],
        source: &str,
        lines_before: usize,
    ) -> Result<Next> {
        for &item in items {
            let (Item::Sql { line, .. } | Item::Command { line, .. }) = item;
            let outcome = self.run_item(item).await.map_err(|diagnosis| {
                let line = lines_before + diagnosis.line.unwrap_or(line);
                diagnosis.error.context(format!("{source}:{line}"))
            });
            if outcome? == Next::Leave {
                return Ok(Next::Leave);
            }
        }
        Ok(Next::Go)
    }

    /// Runs each statement as soon as its `;` arrives, so that a program can hold a conversation.
    async fn run_piped(&mut self) -> Result<()> {
        let mut pending = String::new();
        let mut lines_before = 0;
        while let Some(line) = read_line().await? {
            let may_end = line.contains(';') || line.trim_start().starts_with('\\');
            pending.push_str(&line);
            if !may_end {
                continue;
            }
            let split = statements::split(&pending, self.names.dialect().as_ref());
            let done = split.rest_start(&pending);
            if self.run_items(&split.items, "stdin", lines_before).await? == Next::Leave {
                return Ok(());
            }
            lines_before += pending[..done].matches('\n').count();
            pending.drain(..done);
        }
        let items = statements::split(&pending, self.names.dialect().as_ref()).into_items();
        self.run_items(&items, "stdin", lines_before).await.map(|_| ())
    }

    fn layout(&self) -> Layout {
        let paper = if self.out.is_redirected() {
            Layout::default()
        } else {
            self.options.layout.unwrap_or_else(Layout::of_stdout)
        };
        Layout { is_expanded: self.options.is_expanded, ..paper }
    }

    /// Prints rows the shell made itself.
    fn show(&mut self, batch: &RecordBatch) -> Result<Next> {
        let (format, layout) = (self.options.format, self.layout());
        let batches = std::slice::from_ref(batch);
        render::write_batches(format, layout, batch.schema(), batches, &mut self.out)?;
        Ok(Next::Go)
    }

    fn sentence_about(&self, name: &str) -> Option<String> {
        let describe = self.options.describe.as_ref()?;
        let schema = self.names.defaults().1;
        let (schema, name) = name.rsplit_once('.').unwrap_or((&schema, name));
        describe(schema.rsplit('.').next().unwrap_or(schema), name)
    }
}

/// The next line of standard input with its line break, or the end.
async fn read_line() -> Result<Option<String>> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|length| (length > 0).then_some(line))
    });
    let line = read.await.map_err(|error| Error::new(format!("cannot read stdin: {error}")))?;
    line.map_err(|error| Error::new(format!("cannot read stdin: {error}")))
}

/// The first names of a list, `…` for the others.
fn shorten<T: AsRef<str>>(names: &[T], most: usize) -> String {
    let mut text = names.iter().take(most).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if names.len() > most {
        text.push_str(", …");
    }
    text
}
