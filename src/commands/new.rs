//! `paydirt new hypothesis NAME`: a commented file to start from.

use std::process::ExitCode;

use crate::config::Project;
use crate::error::{Error, Result};

const TEMPLATE: &str = include_str!("hypothesis.sql");

pub fn hypothesis(project: &Project, name: &str) -> Result<ExitCode> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(Error::new(format!("`{name}` cannot be the name of a hypothesis"))
            .hint("use lower case letters, digits and _, as in published_a_workflow"));
    }
    let path = project.sql_dir().join("hypotheses").join(format!("{name}.sql"));
    if path.exists() {
        return Err(Error::new(format!("{} is there already", path.display()))
            .hint("edit it, or choose another name"));
    }
    let text = TEMPLATE.replace("{event}", name);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&path, text).map_err(|error| Error::from(error).context(path.display()))?;
    println!("wrote {}", path.display());
    println!("next: put in the event you mean (`paydirt events` lists them), then");
    println!("  paydirt check");
    println!("  paydirt backtest {name}");
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::library::{HypothesisHeader, Kind, SqlFile};

    #[test]
    fn the_template_is_a_hypothesis() {
        let path = Path::new("h.sql");
        let text = TEMPLATE.replace("{event}", "shared");
        let file = SqlFile::parse(Kind::of("hypotheses"), "h", path, text).unwrap();
        assert_eq!(file.header.sentence, "Trialists who show `shared` within 3 days convert.");
        HypothesisHeader::from_header(&file.header, path).unwrap();
    }
}
