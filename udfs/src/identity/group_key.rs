//! The account id inside a PostHog `$groups` object.

use std::borrow::Cow;

use arrow::datatypes::DataType;
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use serde_json::{Map, Value};

use super::sql::SECTION;
use crate::documentation;
use crate::text::{map_column, map_text, text_argument};

/// The first non-empty value of a JSON object `{"group type": key, …}`, in the order of the
/// comma-separated group types; in alphabetical order of all types if none are given.
///
/// Numbers are rendered as text. `None` if nothing fits or the text is not a JSON object.
pub fn group_key(groups: &str, types: Option<&str>) -> Option<String> {
    let groups: Map<String, Value> = serde_json::from_str(groups).ok()?;
    match types.map(str::trim).filter(|types| !types.is_empty()) {
        Some(types) => types.split(',').find_map(|name| text(groups.get(name.trim())?)),
        None => {
            let mut entries: Vec<_> = groups.iter().collect();
            entries.sort_unstable_by_key(|(name, _)| name.as_str());
            entries.into_iter().find_map(|(_, key)| text(key))
        }
    }
}

fn text(key: &Value) -> Option<String> {
    match key {
        Value::String(key) if !key.trim().is_empty() => Some(key.clone()),
        Value::Number(key) => Some(key.to_string()),
        _ => None,
    }
}

/// [`group_key`] as an SQL function; the group types are one constant for all rows.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct GroupKey {
    signature: Signature,
    documentation: Documentation,
}

impl Default for GroupKey {
    fn default() -> Self {
        let page = documentation(
            SECTION,
            "group_key(groups, types)",
            "The account id in a PostHog `$groups` object: the first non-empty value of the given \
             group types, in their order. With no types, the value of the alphabetically first \
             group type that has one.",
            &[
                ("groups", "JSON text, `{\"group type\": key, …}`."),
                ("types", "Comma-separated group types, or NULL; a constant."),
            ],
            "select group_key('{\"company\":\"acme\",\"project\":7}', 'organization,project');\n-- 7\n\
             select group_key('{\"company\":\"acme\",\"project\":7}', NULL);\n-- acme",
        );
        let arguments = vec![text_argument(), text_argument()];
        Self {
            signature: Signature::coercible(arguments, Volatility::Immutable),
            documentation: page.build(),
        }
    }
}

impl ScalarUDFImpl for GroupKey {
    fn name(&self) -> &str {
        "group_key"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[0].clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let types = match &arguments.args[1] {
            ColumnarValue::Scalar(types) => types.try_as_str().flatten(),
            ColumnarValue::Array(_) => {
                return exec_err!("the group types of group_key must be a constant, not a column");
            }
        };
        map_column(&arguments.args[0], |groups| {
            map_text(groups, |groups| group_key(groups, types).map(Cow::Owned))
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_the_first_type_with_a_value() {
        let groups = r#"{"project":7,"company":"acme","team":"","flag":true}"#;
        let cases: [(Option<&str>, Option<&str>); 8] = [
            (Some("company"), Some("acme")),
            (Some(" team , project"), Some("7")),
            (Some("organization,company"), Some("acme")),
            (Some("team"), None),
            (Some("flag"), None),
            (Some("organization"), None),
            (Some(" "), Some("acme")),
            (None, Some("acme")),
        ];
        for (types, expected) in cases {
            assert_eq!(group_key(groups, types).as_deref(), expected, "{types:?}");
        }
    }

    #[test]
    fn a_text_that_is_no_object_has_no_key() {
        for groups in ["", "null", "[]", "\"acme\"", "{", "{}", "{\"a\":{\"b\":1}}"] {
            assert_eq!(group_key(groups, None), None, "{groups}");
        }
        assert_eq!(
            group_key(r#"{"id":9007199254740993}"#, None).as_deref(),
            Some("9007199254740993")
        );
    }
}
