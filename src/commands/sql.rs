//! `paydirt sql`: the shell, or statements from the command line, a file or a pipe.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::backtest::table_functions;
use crate::cli::SqlArgs;
use crate::config::Project;
use crate::engine::{Engine, Session, explain};
use crate::error::{Error, Result};
use crate::identity;
use crate::render;
use crate::repl::{self, Options};

pub async fn run(project: Project, args: SqlArgs) -> Result<ExitCode> {
    let engine = Engine::open(project, super::moment(args.as_of.as_deref())?).await?;
    let session = engine.session()?;
    table_functions::register(&engine, &session);
    explain::register(&engine, &session);
    let library = Arc::clone(&engine.library);
    let options = Options {
        format: args.format,
        describe: Some(Arc::new(move |schema: &str, relation: &str| {
            let own = (schema == identity::SCHEMA).then(|| identity::sentence(relation)).flatten();
            let file = library.get(schema, relation).map(|file| file.header.sentence.clone());
            file.or(own.map(str::to_owned))
        })),
        ..Options::default()
    };
    let (text, source) = match (&args.command, &args.file) {
        (Some(text), _) => (text.clone(), "-c".to_owned()),
        (None, Some(path)) => (read(path)?, path.display().to_string()),
        (None, None) => {
            repl::run(&session.ctx, options).await?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    match &args.output {
        Some(path) => export(&session, &text, path).await?,
        None => {
            let mut out = std::io::stdout();
            repl::run_statements(&session.ctx, &text, &source, options, &mut out).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| Error::from(error).context(path.display()))
}

/// Writes the rows of one query to a file.
async fn export(session: &Session, sql: &str, path: &Path) -> Result<()> {
    let stream = session.stream(sql).await?;
    let rows = render::write_output(path, stream).await?;
    eprintln!("wrote {rows} rows to {}", path.display());
    Ok(())
}
