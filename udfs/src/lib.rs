//! The functions of paydirt. Pure: no IO, no clock, the same list for shell, server and cluster.
//!
//! - [`identity`]: e-mail addresses, domains, mail lists, group keys
//! - [`money`]: prices to monthly amounts, discounts, currencies, MRR movements
//! - [`stats`]: intervals, tests and the statistics of a backtest
//! - [`times`]: lists of times, cut by a span
//!
//! Every rule is a plain Rust function that tests call directly. Beside it stands one `sql` file a
//! family, a list with one entry a function: name, plain function, documentation. Adding a function
//! is one entry there; help, completion and the tests over the list follow from it. `text` turns a
//! function of one text into an SQL function of every string encoding.

pub mod identity;
pub mod money;
pub mod stats;
mod text;
pub mod times;

use std::sync::Arc;

use datafusion_expr::{DocSection, Documentation, DocumentationBuilder, ScalarUDF};

use identity::Lists;

/// All scalar functions; those that ask a list ask these.
pub fn scalar_functions(lists: Arc<Lists>) -> Vec<ScalarUDF> {
    let mut functions = identity::scalar_functions(lists);
    functions.extend(money::scalar_functions());
    functions.extend(stats::scalar_functions());
    functions.extend(times::scalar_functions());
    functions
}

pub use stats::{aggregate_functions, window_functions};

/// The page of a function in the manual. The example is SQL that a test runs: a `select` of one
/// value in a line, then a `-- ` line with the value.
pub(crate) fn documentation(
    section: DocSection,
    syntax: &str,
    description: &str,
    arguments: &[(&str, &str)],
    example: &str,
) -> DocumentationBuilder {
    let page = Documentation::builder(section, description, syntax).with_sql_example(example);
    arguments.iter().fold(page, |page, (name, what)| page.with_argument(*name, *what))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use arrow::datatypes::Field;
    use datafusion_common::Result;
    use datafusion_common::config::ConfigOptions;
    use datafusion_expr::type_coercion::functions::fields_with_udf;
    use datafusion_expr::{ColumnarValue, ScalarFunctionArgs};
    use proptest::test_runner::Config;

    use super::*;

    /// How the properties of this crate are tested: this many cases, and no files beside the code.
    pub(crate) fn cases(count: u32) -> Config {
        Config { failure_persistence: None, ..Config::with_cases(count) }
    }

    /// Plans and runs a call, as SQL does; the answer has the type that planning promised.
    pub(crate) fn call(
        function: &ScalarUDF,
        arguments: &[ColumnarValue],
        rows: usize,
    ) -> Result<ColumnarValue> {
        let field = |argument: &ColumnarValue| Field::new("a", argument.data_type(), true).into();
        let arg_fields =
            fields_with_udf(&arguments.iter().map(field).collect::<Vec<_>>(), function)?;
        let types: Vec<_> = arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let args = std::iter::zip(arguments, &types)
            .map(|(argument, planned)| argument.cast_to(planned, None))
            .collect::<Result<_>>()?;
        let returns = function.return_type(&types)?;
        let answer = function.invoke_with_args(ScalarFunctionArgs {
            args,
            arg_fields,
            number_rows: rows,
            return_field: Arc::new(Field::new("f", returns.clone(), true)),
            config_options: Arc::new(ConfigOptions::default()),
        })?;
        assert_eq!(answer.data_type(), returns, "{}", function.name());
        Ok(answer)
    }

    #[test]
    fn names_are_unique_and_known_to_the_manual() {
        let functions = scalar_functions(Arc::default());
        let mut names = HashSet::new();
        for function in &functions {
            let aliases = function.aliases().iter().map(String::as_str);
            for name in aliases.chain([function.name()]) {
                assert!(names.insert(name), "{name} is there twice");
            }
        }
        for function in &functions {
            let name = function.name();
            let page = function.documentation().unwrap_or_else(|| panic!("{name}: undocumented"));
            assert!(page.description.ends_with('.'), "{name}: description");
            assert!(page.syntax_example.starts_with(&format!("{name}(")), "{name}: syntax");
            assert!(!page.arguments.as_deref().unwrap_or_default().is_empty(), "{name}: arguments");
            for related in page.related_udfs.iter().flatten() {
                assert!(names.contains(related.as_str()), "{name}: unknown {related}");
            }
        }
    }

    #[test]
    fn examples_are_pairs_of_query_and_value() {
        for function in scalar_functions(Arc::default()) {
            let name = function.name();
            let page = function.documentation().expect(name);
            let example = page.sql_example.as_deref().expect(name);
            let lines: Vec<&str> = example.lines().collect();
            assert!(lines.len().is_multiple_of(2) && !lines.is_empty(), "{name}: {example}");
            for pair in lines.chunks(2) {
                assert!(pair[0].starts_with("select ") && pair[0].ends_with(';'), "{name}");
                assert!(pair[0].contains(&format!("{name}(")), "{name}: {}", pair[0]);
                assert!(pair[1].starts_with("-- "), "{name}: {}", pair[1]);
            }
        }
    }
}
