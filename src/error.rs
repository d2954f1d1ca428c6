//! One error for the whole program: what was wrong, and what to do next.

use std::fmt;

use datafusion::error::DataFusionError;

/// What went wrong (`error:` line) and, where there is one, what to do about it (`hint:` line).
///
/// Values are part of the sentence: a file, a line, a field. Secrets never are.
#[derive(Debug, Clone)]
pub struct Error {
    message: String,
    hint: Option<String>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says where the error arose: `context: message`.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// Says in which SQL file, and moves the place that the parser names to where people look.
    #[must_use]
    pub fn in_file(mut self, path: &std::path::Path) -> Self {
        let place = self.message.rsplit_once(" at Line: ").and_then(|(message, place)| {
            let (line, _) = place.split_once(',')?;
            Some((message.to_owned(), line.to_owned()))
        });
        match place {
            Some((message, line)) => {
                self.message = format!("{}:{line}: {message}", path.display());
                self
            }
            None => self.context(path.display()),
        }
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<parquet::errors::ParquetError> for Error {
    fn from(error: parquet::errors::ParquetError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl Error {
    /// The error with the place that the planner names, for `in_file` to move.
    pub fn located(error: DataFusionError) -> Self {
        let start = error.diagnostic().and_then(|diagnostic| diagnostic.span).map(|s| s.start);
        let mut located = Self::from(error);
        if let Some(start) = start {
            located.message =
                format!("{} at Line: {}, Column: {}", located.message, start.line, start.column);
        }
        located
    }
}

impl From<DataFusionError> for Error {
    /// The innermost error, without the layers it came through.
    fn from(error: DataFusionError) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(layer) = cause {
            if let Some(own) = layer.downcast_ref::<Self>() {
                return own.clone();
            }
            cause = layer.source();
        }
        let message = error.find_root().strip_backtrace();
        let layers = [
            "Error during planning: ",
            "External error: ",
            "Execution error: ",
            "Schema error: ",
            "SQL error: ParserError(\"",
        ];
        let message = layers
            .iter()
            .fold(message.as_str(), |text, layer| text.strip_prefix(layer).unwrap_or(text));
        Self::new(message.trim_end_matches("\")"))
    }
}
