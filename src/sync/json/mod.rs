//! A JSON value that borrows from its text: numbers keep their digits, and strings are copied
//! only where they hold escapes.

mod parse;
mod plain;
mod twice;

use std::borrow::Cow;

pub use parse::{ParseError, mend_surrogates};
pub use plain::{compact_fields, is_compact, plain_fields, plain_string};

/// One parsed value. Objects keep the order of their keys.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    Null,
    Bool(bool),
    /// The digits as they were written.
    Number(Cow<'a, str>),
    String(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// One step of a path into a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// `items.data[0].id` as steps; `.` is the value itself.
pub fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in path.split('.').filter(|part| !part.is_empty()) {
        match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
            Some((key, index)) if index.parse::<usize>().is_ok() => {
                steps.push(Step::Key(key.to_owned()));
                steps.push(Step::Index(index.parse().unwrap_or_default()));
            }
            _ => steps.push(Step::Key(part.to_owned())),
        }
    }
    steps
}

impl<'a> Json<'a> {
    /// The value of a key. Of a key that is given twice, the last value counts.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        match self {
            Json::Object(fields) => {
                let first = key.as_bytes().first();
                // Most names differ in their first letter: comparing all of it is a call.
                let is_it = |name: &str| name.as_bytes().first() == first && name == key;
                fields.iter().rev().find(|(name, _)| is_it(name)).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The non-null value at the end of a path.
    pub fn at(&self, steps: &[Step]) -> Option<&Json<'a>> {
        let mut value = self;
        for step in steps {
            value = match step {
                Step::Key(key) => value.get(key)?,
                Step::Index(index) => value.as_array()?.get(*index)?,
            };
        }
        (*value != Json::Null).then_some(value)
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&[Json<'a>]> {
        match self {
            Json::Array(values) => Some(values),
            _ => None,
        }
    }

    pub fn is_object(&self) -> bool {
        matches!(self, Json::Object(_))
    }

    /// The string under a key.
    pub fn get_str(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// What the value is, for sentences: `a string`.
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }

    /// Writes the value without white space, keys in their own order.
    pub fn write_compact(&self, out: &mut String) {
        self.write(out, false);
    }

    /// Writes the value without white space, keys sorted at every level: equal content, equal text.
    pub fn write_canonical(&self, out: &mut String) {
        self.write(out, true);
    }

    /// The compact text.
    pub fn to_compact(&self) -> String {
        let mut out = String::new();
        self.write_compact(&mut out);
        out
    }

    /// True if the compact text is the canonical one already.
    pub fn is_sorted(&self) -> bool {
        match self {
            Json::Array(values) => values.iter().all(Json::is_sorted),
            Json::Object(fields) => {
                fields.is_sorted_by(|a, b| a.0 <= b.0)
                    && fields.iter().all(|(_, value)| value.is_sorted())
            }
            _ => true,
        }
    }

    fn write(&self, out: &mut String, is_canonical: bool) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(true) => out.push_str("true"),
            Json::Bool(false) => out.push_str("false"),
            Json::Number(digits) => out.push_str(digits),
            Json::String(text) => write_string(text, out),
            Json::Array(values) => {
                out.push('[');
                for (i, value) in values.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    value.write(out, is_canonical);
                }
                out.push(']');
            }
            Json::Object(fields) if is_canonical && !fields.is_sorted_by(|a, b| a.0 <= b.0) => {
                let mut sorted: Vec<_> = fields.iter().collect();
                sorted.sort_by(|a, b| a.0.cmp(&b.0));
                write_object(sorted.into_iter(), out, is_canonical);
            }
            Json::Object(fields) => write_object(fields.iter(), out, is_canonical),
        }
    }
}

fn write_object<'i, 'a: 'i>(
    fields: impl Iterator<Item = &'i (Cow<'a, str>, Json<'a>)>,
    out: &mut String,
    is_canonical: bool,
) {
    out.push('{');
    for (i, (key, value)) in fields.enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_string(key, out);
        out.push(':');
        value.write(out, is_canonical);
    }
    out.push('}');
}

/// Writes a quoted string, escaping what JSON requires and nothing else.
pub fn write_string(text: &str, out: &mut String) {
    // Without an early exit the loop is vectorised; escapes are rare.
    let needs_escape =
        text.bytes().fold(false, |found, b| found | (b < 0x20) | (b == b'"') | (b == b'\\'));
    if needs_escape && let Ok(quoted) = serde_json::to_string(text) {
        out.push_str(&quoted);
    } else {
        out.push('"');
        out.push_str(text);
        out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_text_are_exact() {
        let text = r#"{"b":12.50,"a":[1e2,123456789012345678901234567890,-0.0],"c":"é\n\"x\""}"#;
        let json = Json::parse(text).unwrap();
        assert_eq!(json.to_compact(), text);
        let mut canonical = String::new();
        json.write_canonical(&mut canonical);
        assert!(
            canonical.starts_with(r#"{"a":[1e2,123456789012345678901234567890,-0.0],"b":12.50"#)
        );
        assert!(!json.is_sorted());
        assert_eq!(json.at(&steps("a[1]")).unwrap().kind(), "a number");
        assert_eq!(json.get_str("c"), Some("é\n\"x\""));
    }

    #[test]
    fn escapes_are_read() {
        let json = Json::parse(r#"{"k\u0065y":"\u00e9\/\ud83d\ude00"}"#).unwrap();
        assert_eq!(json.get_str("key"), Some("é/😀"));
        assert_eq!(mend_surrogates(r#""\ud83d\ude00 \\ud83d""#), None);
        let mended = mend_surrogates(r#"["\ude00\ud83d!","\\","\ud83d"]"#).unwrap();
        assert_eq!(mended, r#"["\ufffd\ufffd!","\\","\ufffd"]"#);
    }

    #[test]
    fn numbers_that_are_none_are_null_where_they_may_be() {
        let text = r#"{"a":NaN,"b":[Infinity,-Infinity,-1],"c":"NaN, Infinity","NaN":"\"NaN"}"#;
        assert!(Json::parse(text).is_err());
        let (json, count) = Json::parse_lenient(text).unwrap();
        let expected = r#"{"a":null,"b":[null,null,-1],"c":"NaN, Infinity","NaN":"\"NaN"}"#;
        assert_eq!((json.to_compact().as_str(), count), (expected, 3));
        for text in ["[NaNs]", "[Inf]", "[nan]", "[-NaN]", "[Infinity"] {
            assert!(Json::parse_lenient(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_json_says_why() {
        for (text, is_truncated) in [
            (r#"{"a":"#, true),
            (r#"{"a":[1,2"#, true),
            (r#"{"a":"b"#, true),
            (r#"{"a":1} x"#, false),
            (r#"{a:1}"#, false),
            (r#"{"a":01}"#, false),
            ("\"a\u{1}\"", false),
        ] {
            let error = Json::parse(text).unwrap_err();
            assert_eq!(error.is_truncated, is_truncated, "{text}: {error}");
        }
        let deep = "[".repeat(5000);
        assert!(Json::parse(&deep).unwrap_err().to_string().contains("nested deeper"));
    }

    #[test]
    fn the_last_of_two_equal_keys_counts() {
        let json = Json::parse(r#"{"a":1,"a":2}"#).unwrap();
        assert_eq!(json.get("a"), Some(&Json::Number("2".into())));
    }
}
