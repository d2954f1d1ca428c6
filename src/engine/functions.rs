//! Functions that answer from the session: `as_of()`, `setting(name)`, and the clocks.
//!
//! `now()` and its kin answer the as-of time, so that no query can look past it. All are stable:
//! the optimiser folds them into literals, which then prune files.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, DocSection, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};

use crate::engine::options::Settings;
use crate::time::DAY_US;

/// Examples are those of the demo, whose as-of time is the start of December 2025.
pub(super) const SECTION: DocSection =
    DocSection { include: true, label: "Session Functions", description: None };

/// Names of the functions below that tell the time, and of those that tell what else a session
/// believes: what calls none of them is the same in every session.
pub const OF_TIME: [&str; 4] = ["as_of", "now", "current_date", "current_time"];
pub const OF_SETTINGS: [&str; 3] = ["data_through", "is_live", "setting"];
pub const OF_CONFIDENCE: [&str; 1] = ["min_confidence"];

type Answer = fn(&Settings) -> ScalarValue;

/// A function without arguments that reads the session's settings.
#[derive(Debug)]
struct SessionFunction {
    name: &'static str,
    aliases: Vec<String>,
    signature: Signature,
    return_type: DataType,
    answer: Answer,
    documentation: Documentation,
}

impl PartialEq for SessionFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for SessionFunction {}

impl std::hash::Hash for SessionFunction {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for SessionFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.return_type.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(ColumnarValue::Scalar((self.answer)(Settings::of(&args.config_options)?)))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

/// `setting('mode')`: a `paydirt.*` variable as text.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Setting {
    signature: Signature,
    documentation: Documentation,
}

impl Setting {
    fn new() -> Self {
        let description = "A setting of the session, `paydirt.*`, as text.";
        let documentation = Documentation::builder(SECTION, description, "setting(name)")
            .with_argument("name", "The name without `paydirt.`, as a literal.")
            .with_sql_example("select setting('mode');\n-- live")
            .build();
        Self { signature: Signature::string(1, Volatility::Stable), documentation }
    }

    fn key(args: &[ColumnarValue]) -> Result<&str> {
        match args {
            [ColumnarValue::Scalar(key)] => match key.try_as_str() {
                Some(Some(key)) => Ok(key),
                _ => exec_err!("setting() takes a name"),
            },
            _ => exec_err!("setting() takes the name of a setting, not a column"),
        }
    }
}

impl ScalarUDFImpl for Setting {
    fn name(&self) -> &str {
        "setting"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let key = Self::key(&args.args)?;
        match Settings::of(&args.config_options)?.value(key) {
            Some(value) => Ok(ColumnarValue::Scalar(ScalarValue::Utf8(Some(value)))),
            None => plan_err!("no setting `paydirt.{key}`"),
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

fn moment(us: i64) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into()))
}

fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn session_function(
    name: &'static str,
    aliases: &[&str],
    return_type: DataType,
    description: &str,
    example: &str,
    answer: Answer,
) -> ScalarUDF {
    let documentation = Documentation::builder(SECTION, description, format!("{name}()"))
        .with_sql_example(example)
        .build();
    ScalarUDF::new_from_impl(SessionFunction {
        name,
        aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
        signature: Signature::nullary(Volatility::Stable),
        return_type,
        answer,
        documentation,
    })
}

/// Functions of the session; they replace DataFusion's clocks.
pub fn session_functions() -> Vec<Arc<ScalarUDF>> {
    let functions = [
        session_function(
            "as_of",
            &[],
            timestamp(),
            "The as-of time of the session: nothing later is visible (timestamp µs UTC).",
            "select as_of();\n-- 2025-12-01T00:00:00Z",
            |settings| moment(settings.as_of),
        ),
        session_function(
            "now",
            &["current_timestamp"],
            timestamp(),
            "The as-of time of the session, so that no query looks past it (timestamp µs UTC).",
            "select now();\n-- 2025-12-01T00:00:00Z",
            |settings| moment(settings.as_of),
        ),
        session_function(
            "data_through",
            &[],
            timestamp(),
            "The latest fact in the data (timestamp µs UTC).",
            "select data_through() > '2025-01-01';\n-- true",
            |settings| moment(settings.data_through),
        ),
        session_function(
            "current_date",
            &["today"],
            DataType::Date32,
            "The day of the as-of time, UTC.",
            "select current_date;\n-- 2025-12-01",
            |settings| ScalarValue::Date32(Some(settings.as_of.div_euclid(DAY_US) as i32)),
        ),
        session_function(
            "current_time",
            &[],
            DataType::Time64(TimeUnit::Nanosecond),
            "The time of day of the as-of time, UTC.",
            "select current_time;\n-- 00:00:00",
            |settings| {
                ScalarValue::Time64Nanosecond(Some(settings.as_of.rem_euclid(DAY_US) * 1000))
            },
        ),
        session_function(
            "min_confidence",
            &[],
            DataType::Float64,
            "Links of events to accounts below this confidence are not used (0 to 1).",
            "select min_confidence();\n-- 0.7",
            |settings| ScalarValue::Float64(Some(settings.min_confidence)),
        ),
        session_function(
            "is_live",
            &[],
            DataType::Boolean,
            "Whether the session counts live rows of Stripe (else test rows).",
            "select is_live();\n-- true",
            |settings| ScalarValue::Boolean(Some(settings.mode == crate::config::Mode::Live)),
        ),
        ScalarUDF::new_from_impl(Setting::new()),
    ];
    functions.into_iter().map(Arc::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_session_function_is_named() {
        let functions = session_functions();
        let names: Vec<&str> = functions.iter().map(|function| function.name()).collect();
        let named = [&OF_TIME[..], &OF_SETTINGS, &OF_CONFIDENCE].concat();
        assert_eq!(names.len(), named.len());
        assert!(named.iter().all(|name| names.contains(name)), "{names:?}");
    }
}
