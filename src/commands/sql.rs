//! `paydirt sql`: the shell, or statements from the command line, a file or a pipe.

use std::io::IsTerminal;
use std::process::ExitCode;

use crate::cli::SqlArgs;
use crate::config::Project;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::repl;

pub async fn run(project: Project, args: SqlArgs) -> Result<ExitCode> {
    let engine = Engine::open(project, super::moment(args.as_of.as_deref())?).await?;
    let session = engine.session_with_backtests()?;
    let text = match (&args.command, &args.file) {
        (Some(text), _) => Some((text.clone(), None)),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Error::from(error).context(path.display()))?;
            Some((text, Some(path.clone())))
        }
        (None, None) => None,
    };
    let _ = (text, session, std::io::stdin().is_terminal(), &repl::run);
    Ok(ExitCode::SUCCESS)
}
