//! The account id inside a PostHog `$groups` object.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{AsArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion_common::{Result, internal_err};
use datafusion_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use serde_json::{Map, Value};

use super::Lists;
use super::placeholder::Placeholders;
use super::sql::SECTION;
use crate::documentation;
use crate::text::{map_column, map_text, text_argument};

/// The first value of a JSON object `{"group type": key, …}` that is an id, in the order of the
/// comma-separated group types; in alphabetical order of all types if none are given.
///
/// Numbers are rendered as text, `42.0` as 42. `None` if nothing fits or the text is not a JSON
/// object.
pub fn group_key(groups: &str, types: Option<&str>, placeholders: &Placeholders) -> Option<String> {
    let groups: Map<String, Value> = serde_json::from_str(groups).ok()?;
    let text = |key: &Value| text(key).filter(|key| !placeholders.has(key));
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
        Value::String(key) => Some(key.clone()),
        Value::Number(key) => match key.as_f64().filter(|_| key.is_f64()) {
            // Programs that have only floating-point numbers for a column write so.
            Some(number) if number.fract() == 0.0 => {
                (number.abs() < EXACT).then(|| format!("{:.0}", number + 0.0))
            }
            _ => Some(key.to_string()),
        },
        _ => None,
    }
}

/// From here on floating-point numbers lose the digits by which ids differ.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// [`group_key`] as an SQL function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct GroupKey {
    lists: Arc<Lists>,
    signature: Signature,
    documentation: Documentation,
}

impl GroupKey {
    pub(super) fn new(lists: Arc<Lists>) -> Self {
        let page = documentation(
            SECTION,
            "group_key(groups, types)",
            "The account id in a PostHog `$groups` object: the first value of the given group \
             types, in their order, that is an id and no placeholder for one. With no types, the \
             value of the alphabetically first group type that has one.",
            &[
                ("groups", r#"JSON text, `{"group type": key, …}`."#),
                ("types", "Comma-separated group types, or NULL."),
            ],
            r#"select group_key('{"company":"acme","project":7}', 'organization,project');
-- 7
select group_key('{"company":"acme","project":7}', NULL);
-- acme"#,
        );
        let arguments = vec![text_argument(), text_argument()];
        Self {
            lists,
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
        let rows = arguments.number_rows;
        let placeholders = &self.lists.placeholders;
        match &arguments.args[..] {
            [groups, ColumnarValue::Scalar(types)] => {
                let types = types.try_as_str().flatten();
                map_column(groups, |groups| {
                    map_text(groups, |groups| {
                        group_key(groups, types, placeholders).map(Cow::Owned)
                    })
                })
            }
            [groups, ColumnarValue::Array(types)] => {
                let groups = cast(&groups.to_array(rows)?, &DataType::Utf8View)?;
                let types = cast(types, &DataType::Utf8View)?;
                let each = groups.as_string_view().iter().zip(types.as_string_view());
                let keys: StringViewArray =
                    each.map(|(groups, types)| group_key(groups?, types, placeholders)).collect();
                Ok(ColumnarValue::Array(cast(&keys, arguments.return_type())?))
            }
            other => internal_err!("group_key has two arguments, not {}", other.len()),
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, StringArray};
    use datafusion_common::ScalarValue;
    use datafusion_expr::ScalarUDF;

    use super::*;
    use crate::tests::call;

    fn key(groups: &str, types: Option<&str>) -> Option<String> {
        group_key(groups, types, &Placeholders::default())
    }

    #[test]
    fn picks_the_first_type_with_a_value() {
        let groups =
            r#"{"project":7,"company":"acme","team":"","flag":true,"plan":"undefined","seat":0}"#;
        let cases: [(Option<&str>, Option<&str>); 10] = [
            (Some("company"), Some("acme")),
            (Some(" team , project"), Some("7")),
            (Some("organization,company"), Some("acme")),
            (Some("team"), None),
            (Some("flag"), None),
            (Some("plan"), None),
            (Some("plan,seat,project"), Some("7")),
            (Some("organization"), None),
            (Some(" "), Some("acme")),
            (None, Some("acme")),
        ];
        for (types, expected) in cases {
            assert_eq!(key(groups, types).as_deref(), expected, "{types:?}");
        }
    }

    #[test]
    fn a_text_that_is_no_object_has_no_key() {
        for groups in ["", "null", "[]", "\"acme\"", "{", "{}", "{\"a\":{\"b\":1}}"] {
            assert_eq!(key(groups, None), None, "{groups}");
        }
        assert_eq!(key(r#"{"id":9007199254740993}"#, None).as_deref(), Some("9007199254740993"));
    }

    #[test]
    fn a_whole_number_is_an_id_while_all_its_digits_are_there() {
        for (groups, expected) in [
            (r#"{"company":42.0}"#, Some("42")),
            (r#"{"company":1.234567891e9}"#, Some("1234567891")),
            (r#"{"company":4.5}"#, Some("4.5")),
            (r#"{"company":1e16}"#, None),
            (r#"{"company":123456789012345678901234567890}"#, None),
            (r#"{"company":"42.0"}"#, Some("42.0")),
        ] {
            assert_eq!(key(groups, None).as_deref(), expected, "{groups}");
        }
    }

    #[test]
    fn types_may_be_a_column_and_encodings_are_kept() {
        let function = ScalarUDF::from(GroupKey::new(Arc::default()));
        let encoding = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
        let groups = StringArray::from(vec![Some(r#"{"a":1,"b":2}"#), Some("{}"), None]);
        let groups = ColumnarValue::Array(cast(&groups, &encoding).unwrap());
        let types: ArrayRef = Arc::new(StringArray::from(vec![Some("b"), Some("a"), Some("a")]));
        let types = ColumnarValue::Array(types);
        for (types, expected) in [(types, "2"), (ScalarValue::from("a,b").into(), "1")] {
            let keys = call(&function, &[groups.clone(), types], 3).unwrap();
            assert_eq!(keys.data_type(), encoding);
            let keys = cast(&keys.into_array(3).unwrap(), &DataType::Utf8).unwrap();
            let expected = StringArray::from(vec![Some(expected), None, None]);
            assert_eq!(keys.as_string::<i32>(), &expected);
        }
    }
}
