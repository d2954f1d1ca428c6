//! The shell's own commands, one entry each. Parsing, `\?` and completion derive from this list.

use std::fs::File;
use std::future::Future;
use std::io::Write;
use std::pin::Pin;

use arrow::array::{AsArray, RecordBatch};
use clap::ValueEnum;

use super::diagnose::closest;
use super::{Next, Shell, describe};
use crate::error::{Error, Result};
use crate::render::Format;

/// What completes a command's argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    None,
    Relation,
    Function,
    File,
    Format,
    Switch,
}

type Running<'s> = Pin<Box<dyn Future<Output = Result<Next>> + Send + 's>>;

pub struct Command {
    /// Without the backslash.
    pub name: &'static str,
    /// The argument as `\?` shows it; brackets mean it may be left out.
    pub usage: &'static str,
    pub help: &'static str,
    pub argument: Argument,
    run: for<'s> fn(&'s mut Shell<'_>, &'s str) -> Running<'s>,
}

pub const COMMANDS: &[Command] = &[
    Command {
        name: "d",
        usage: "[name]",
        help: "relations, those of a schema or pattern, or the columns of one",
        argument: Argument::Relation,
        run: |shell, name| Box::pin(describe_relation(shell, name)),
    },
    Command {
        name: "d+",
        usage: "name",
        help: "columns of a relation, and the SQL that defines it",
        argument: Argument::Relation,
        run: |shell, name| Box::pin(define_relation(shell, name)),
    },
    Command {
        name: "dn",
        usage: "",
        help: "schemas",
        argument: Argument::None,
        run: |shell, _| Box::pin(async move { shell.show(&describe::schemas(&shell.names)?) }),
    },
    Command {
        name: "df",
        usage: "[pattern]",
        help: "functions, or all about one",
        argument: Argument::Function,
        run: |shell, pattern| Box::pin(async move { show_functions(shell, pattern) }),
    },
    Command {
        name: "i",
        usage: "file",
        help: "run the statements of a file",
        argument: Argument::File,
        run: |shell, file| Box::pin(include(shell, file)),
    },
    Command {
        name: "o",
        usage: "[file]",
        help: "send results to a file, without one to the screen again",
        argument: Argument::File,
        run: |shell, file| Box::pin(async move { redirect(shell, file) }),
    },
    Command {
        name: "format",
        usage: "[name]",
        help: "table, csv, json, ndjson or markdown",
        argument: Argument::Format,
        run: |shell, name| Box::pin(async move { set_format(shell, name) }),
    },
    Command {
        name: "x",
        usage: "[on|off]",
        help: "one line per column, for wide rows",
        argument: Argument::Switch,
        run: |shell, state| {
            Box::pin(async move {
                shell.options.is_expanded = switch(state, shell.options.is_expanded)?;
                shell.say(&format!("one line per column: {}", on_off(shell.options.is_expanded)))
            })
        },
    },
    Command {
        name: "timing",
        usage: "[on|off]",
        help: "how long each statement took",
        argument: Argument::Switch,
        run: |shell, state| {
            Box::pin(async move {
                shell.options.is_timing = switch(state, shell.options.is_timing)?;
                shell.say(&format!("timing: {}", on_off(shell.options.is_timing)))
            })
        },
    },
    Command {
        name: "?",
        usage: "",
        help: "this list",
        argument: Argument::None,
        run: |shell, _| Box::pin(async move { shell.say(&help()) }),
    },
    Command {
        name: "q",
        usage: "",
        help: "leave the shell",
        argument: Argument::None,
        run: |_, _| Box::pin(async { Ok(Next::Leave) }),
    },
];

/// Words that are understood where a statement could start, as in psql.
const WORDS: [(&str, &str); 3] = [("help", "?"), ("quit", "q"), ("exit", "q")];

pub fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// The command that a plain word typed at the prompt means.
pub fn word(line: &str) -> Option<String> {
    let line = line.trim().trim_end_matches(';').trim_end();
    let known = WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(line));
    known.map(|(_, command)| format!("\\{command}"))
}

/// A command line without its backslash, cut into its command and argument.
pub fn parse(text: &str) -> Result<(&'static Command, &str)> {
    let text = text.trim_start_matches('\\');
    let (name, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let name = name.trim_end_matches(';');
    let argument = argument.trim().trim_end_matches(';').trim_end();
    let Some(command) = find(name) else {
        let hint = match closest(name, COMMANDS.iter().map(|command| command.name)) {
            Some(at) => format!("did you mean \\{}? \\? lists the commands", COMMANDS[at].name),
            None => "\\? lists the commands".to_owned(),
        };
        return Err(Error::new(format!("no command \\{name}")).hint(hint));
    };
    if argument.is_empty() && !command.usage.is_empty() && !command.usage.starts_with('[') {
        return Err(Error::new(format!("\\{name} needs an argument"))
            .hint(format!("\\{name} {}", command.usage)));
    }
    if !argument.is_empty() && command.usage.is_empty() {
        return Err(Error::new(format!("\\{name} takes no argument")));
    }
    Ok((command, argument))
}

pub async fn run(shell: &mut Shell<'_>, text: &str) -> Result<Next> {
    let (command, argument) = parse(text)?;
    (command.run)(shell, argument).await
}

pub fn help() -> String {
    let calls: Vec<_> = COMMANDS
        .iter()
        .map(|c| format!("\\{} {}", c.name, c.usage).trim_end().to_owned())
        .collect();
    let width = calls.iter().map(String::len).max().unwrap_or(0);
    let mut text = String::from("Statements end with ; and may take several lines.\n\n");
    for (call, command) in calls.iter().zip(COMMANDS) {
        text.push_str(&format!("  {call:width$}  {}\n", command.help));
    }
    text.push_str("\nTab completes, Ctrl-C stops a query, Ctrl-D leaves.");
    text
}

async fn describe_relation(shell: &mut Shell<'_>, name: &str) -> Result<Next> {
    if name.is_empty() {
        return list_relations(shell, None).await;
    }
    let is_schema = shell.names.schemas().iter().any(|s| s == name.trim_end_matches('.'));
    if is_schema || describe::is_wild(name) {
        return list_relations(shell, Some(name)).await;
    }
    let provider = describe::provider(shell.ctx, &shell.names, name).await?;
    if let Some(sentence) = shell.sentence_about(name) {
        shell.say(&sentence)?;
    }
    shell.show(&describe::columns(provider.as_ref())?)
}

async fn list_relations(shell: &mut Shell<'_>, pattern: Option<&str>) -> Result<Next> {
    let describe = shell.options.describe.as_ref();
    let list = describe::relations(shell.ctx, &shell.names, pattern, describe).await?;
    let descriptions = list.column(2).as_string::<i32>();
    let has_descriptions = descriptions.iter().any(|text| text != Some(""));
    // Without descriptions the column would only take room.
    let list: RecordBatch = if has_descriptions { list } else { list.project(&[0, 1])? };
    shell.show(&list)
}

async fn define_relation(shell: &mut Shell<'_>, name: &str) -> Result<Next> {
    describe_relation(shell, name).await?;
    let provider = describe::provider(shell.ctx, &shell.names, name).await?;
    match provider.get_table_definition() {
        Some(definition) => shell.say(&format!("\n{}", definition.trim())),
        None => Ok(Next::Go),
    }
}

fn show_functions(shell: &mut Shell<'_>, pattern: &str) -> Result<Next> {
    let all = describe::all_functions(shell.ctx);
    let exact: Vec<_> = all.iter().filter(|f| f.name.eq_ignore_ascii_case(pattern)).collect();
    if !exact.is_empty() {
        let manuals: Vec<_> = exact.into_iter().map(describe::manual).collect();
        return shell.say(manuals.join("\n").trim_end());
    }
    let fitting: Vec<_> = all.iter().filter(|f| describe::fits(pattern, &f.name)).collect();
    shell.show(&describe::functions(&fitting)?)
}

async fn include(shell: &mut Shell<'_>, file: &str) -> Result<Next> {
    let text = tokio::fs::read_to_string(file).await;
    let text = text.map_err(|error| Error::new(format!("cannot read {file}: {error}")))?;
    shell.run_script(&text, file).await
}

fn redirect(shell: &mut Shell<'_>, file: &str) -> Result<Next> {
    let target = if file.is_empty() {
        None
    } else {
        let made = File::create(file);
        Some(made.map_err(|error| Error::new(format!("cannot write {file}: {error}")))?)
    };
    shell.out.redirect(target)?;
    Ok(Next::Go)
}

fn set_format(shell: &mut Shell<'_>, name: &str) -> Result<Next> {
    if !name.is_empty() {
        shell.options.format = Format::from_str(name, true).map_err(|_| {
            let known = Format::names().join(", ");
            Error::new(format!("no format {name}")).hint(format!("one of {known}"))
        })?;
    }
    shell.say(&format!("format: {}", shell.options.format.name()))
}

/// A switch with no state turns over.
fn switch(state: &str, now: bool) -> Result<bool> {
    match state {
        "" => Ok(!now),
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(Error::new(format!("{other} is neither on nor off"))),
    }
}

fn on_off(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

impl Shell<'_> {
    /// Prints a line for the person at the screen.
    fn say(&mut self, text: &str) -> Result<Next> {
        writeln!(self.out, "{text}")?;
        self.out.flush()?;
        Ok(Next::Go)
    }
}
