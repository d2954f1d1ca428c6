//! The conversation on a terminal: prompt, history, completion, hints.

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;

use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::{Hint, Hinter};
use rustyline::history::FileHistory;
use rustyline::{ColorMode, CompletionType, Config, Context, Editor, Helper, Validator};

use super::names::Names;
use super::{Next, Shell, commands, complete, history, statements};
use crate::error::{Error, Result};
use crate::render::Layout;

const PROMPT: &str = "paydirt> ";
const CONTINUATION: &str = "     -> ";

type Lines = Editor<Assistant, FileHistory>;

/// Talks until Ctrl-D or `\q`. Errors are printed; only a broken terminal ends the shell.
pub async fn converse(shell: &mut Shell<'_>) -> Result<()> {
    let mut editor = open(shell)?;
    writeln!(shell.out, "paydirt {}, \\? for help", env!("CARGO_PKG_VERSION"))?;
    shell.out.flush()?;
    let mut pending = String::new();
    let mut entry = String::new();
    loop {
        let prompt = if pending.is_empty() { PROMPT } else { CONTINUATION };
        if let Some(assistant) = editor.helper_mut() {
            assistant.pending.clone_from(&pending);
        }
        let reading = tokio::task::spawn_blocking(move || {
            let line = editor.readline(prompt);
            (editor, line)
        });
        let (returned, line) = reading.await.map_err(|error| Error::new(error.to_string()))?;
        editor = returned;
        match line {
            Ok(line) => {
                let line =
                    if pending.is_empty() { commands::word(&line) } else { None }.unwrap_or(line);
                for text in [&mut pending, &mut entry] {
                    text.push_str(&line);
                    text.push('\n');
                }
            }
            Err(ReadlineError::Interrupted) => {
                pending.clear();
                entry.clear();
                continue;
            }
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(Error::new(format!("cannot read the terminal: {error}"))),
        }
        let typed = std::mem::take(&mut pending);
        let split = statements::split(&typed, shell.names.dialect().as_ref());
        pending.push_str(&typed[split.rest_start(&typed)..]);
        if pending.is_empty() {
            remember(&mut editor, shell, &entry);
            entry.clear();
        }
        for item in split.items {
            match shell.run_item(item).await {
                Ok(Next::Go) => {}
                Ok(Next::Leave) => return Ok(()),
                Err(diagnosis) => {
                    report(&diagnosis.error);
                    break;
                }
            }
        }
    }
}

fn open(shell: &Shell<'_>) -> Result<Lines> {
    let is_coloured = Layout::of_stdout().is_coloured;
    let failed = |error: ReadlineError| Error::new(format!("cannot use the terminal: {error}"));
    let config = Config::builder()
        .max_history_size(history::ENTRIES)
        .map_err(failed)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .color_mode(if is_coloured { ColorMode::Enabled } else { ColorMode::Disabled })
        .build();
    let mut editor = Lines::with_config(config).map_err(failed)?;
    editor.set_helper(Some(Assistant {
        names: shell.names.clone(),
        files: FilenameCompleter::new(),
        pending: String::new(),
    }));
    if let Some(path) = &shell.options.history {
        let loaded = history::prepare(path).map_err(ReadlineError::from);
        if let Err(error) = loaded.and_then(|()| editor.load_history(path)) {
            report(&Error::new(format!("no history in {}: {error}", path.display())));
        }
    }
    Ok(editor)
}

fn remember(editor: &mut Lines, shell: &Shell<'_>, typed: &str) {
    let typed = typed.trim();
    if typed.is_empty() {
        return;
    }
    let added = editor.add_history_entry(typed);
    if let (Ok(true), Some(path)) = (added, &shell.options.history) {
        // A history that cannot be written was reported at the start.
        let _ = editor.append_history(path);
    }
}

fn report(error: &Error) {
    eprintln!("error: {}", error.message());
    if let Some(hint) = error.hint_text() {
        eprintln!("hint: {hint}");
    }
}

/// What rustyline asks while a line is typed. It runs on a thread that may wait.
#[derive(Helper, Validator)]
struct Assistant {
    names: Arc<Names>,
    files: FilenameCompleter,
    /// The lines of the statement before this one.
    pending: String,
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        ctx: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let head = format!("{}{}", self.pending, &line[..at]);
        let dialect = self.names.dialect();
        let completion = complete::complete(&head, &line[at..], &self.names, dialect.as_ref());
        if completion.is_file {
            return self.files.complete(line, at, ctx);
        }
        let pairs = completion.candidates.into_iter();
        let pairs = pairs.map(|name| Pair { display: name.clone(), replacement: name });
        Ok((completion.start.saturating_sub(self.pending.len()), pairs.collect()))
    }
}

impl Hinter for Assistant {
    type Hint = Ghost;

    fn hint(&self, line: &str, at: usize, _: &Context<'_>) -> Option<Ghost> {
        if at < line.len() {
            return None;
        }
        let head = format!("{}{line}", self.pending);
        complete::hint(&head, &self.names, self.names.dialect().as_ref()).map(Ghost)
    }
}

impl Highlighter for Assistant {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[2m{hint}\x1b[0m"))
    }
}

/// Text that is shown but not typed.
struct Ghost(String);

impl Hint for Ghost {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}
