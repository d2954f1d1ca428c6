//! `paydirt check`: plans every SQL file without running it.

use std::process::ExitCode;
use std::sync::Arc;

use crate::backtest::run::spec;
use crate::backtest::signals::signal_frame;
use crate::config::Project;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::library::SqlFile;

pub async fn run(project: Project) -> Result<ExitCode> {
    let engine = Engine::open(project, None).await?;
    let mut problems = engine.library.broken.clone();
    let mut planned = 0;
    let files: Vec<Arc<SqlFile>> = engine.library.files().cloned().collect();
    for file in files {
        match check(&engine, &file).await {
            Ok(true) => planned += 1,
            Ok(false) => {}
            Err(error) => problems.push(error),
        }
    }
    for problem in &problems {
        super::fail(problem);
    }
    println!("{planned} files plan, {} do not", problems.len());
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether the file is one that can be planned on its own, and plans.
async fn check(engine: &Engine, file: &SqlFile) -> Result<bool> {
    if file.kind.folder == "hypotheses" {
        let settings = engine.settings().await?;
        spec(engine, settings, file)?;
        signal_frame(&engine.fenced_session(settings.clone())?, file).await?;
        return Ok(true);
    }
    if !file.kind.is_relation {
        return Ok(false);
    }
    let session = engine.session()?;
    let own = session.ctx.table(file.qualified_name()).await?;
    if let Some(shipped) = engine.library.replaced(file) {
        let wanted = session.ctx.sql(&shipped.text).await?;
        let missing: Vec<&str> = wanted
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .filter(|column| own.schema().field_with_unqualified_name(column).is_err())
            .collect();
        if !missing.is_empty() {
            return Err(Error::new(format!(
                "{}: lacks columns of the definition it replaces: {}",
                file.path.display(),
                missing.join(", ")
            )));
        }
    }
    Ok(true)
}
