//! A JSON value that borrows from its text: numbers keep their digits, and strings are copied
//! only where they hold escapes.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use jiter::{Jiter, JsonErrorType, Peek};

/// Deeper values are refused: nothing real nests like this, and the stack is finite.
const MAX_DEPTH: usize = 128;

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

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct ParseError {
    /// The text ends too early, as a file does that was cut while it was written.
    pub is_truncated: bool,
    reason: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.is_truncated { "truncated JSON" } else { "not JSON" };
        write!(f, "{what}: {}", self.reason)
    }
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
    /// Parses exactly one value.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        let mut parser = Parser { text, jiter: Jiter::new(text.as_bytes()) };
        parser
            .jiter
            .peek()
            .map_err(|error| parser.error(&error))
            .and_then(|peek| parser.value(peek, 0))
            .and_then(|value| match parser.jiter.finish() {
                Ok(()) => Ok(value),
                Err(error) => Err(parser.error(&error)),
            })
    }

    /// The value of a key. Of a key that is given twice, the last value counts.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        match self {
            Json::Object(fields) => {
                fields.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
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

struct Parser<'a> {
    text: &'a str,
    jiter: Jiter<'a>,
}

impl<'a> Parser<'a> {
    fn value(&mut self, peek: Peek, depth: usize) -> Result<Json<'a>, ParseError> {
        if depth > MAX_DEPTH {
            let reason = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(ParseError { is_truncated: false, reason });
        }
        match peek {
            Peek::Null => self.jiter.known_null().map(|()| Json::Null),
            Peek::True | Peek::False => self.jiter.known_bool(peek).map(Json::Bool),
            Peek::String => match self.jiter.known_bytes() {
                Ok(bytes) => {
                    let range = range_within(self.text, bytes);
                    return self.string(range).map(Json::String);
                }
                Err(error) => Err(error),
            },
            Peek::Array => return self.array(depth),
            Peek::Object => return self.object(depth),
            _ => match self.jiter.known_number_bytes(peek) {
                Ok(bytes) => {
                    let range = range_within(self.text, bytes);
                    Ok(Json::Number(Cow::Borrowed(&self.text[range])))
                }
                Err(error) => Err(error),
            },
        }
        .map_err(|error| self.error(&error))
    }

    fn array(&mut self, depth: usize) -> Result<Json<'a>, ParseError> {
        let mut values = Vec::new();
        let mut next = self.jiter.known_array();
        loop {
            match next {
                Ok(Some(peek)) => values.push(self.value(peek, depth + 1)?),
                Ok(None) => return Ok(Json::Array(values)),
                Err(error) => return Err(self.error(&error)),
            }
            next = self.jiter.array_step();
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, ParseError> {
        let mut fields = Vec::with_capacity(8);
        let mut key = self.jiter.next_object_bytes().map(|key| within(self.text, key));
        loop {
            let range = match key {
                Ok(Some(range)) => range,
                Ok(None) => return Ok(Json::Object(fields)),
                Err(error) => return Err(self.error(&error)),
            };
            let name = self.string(range)?;
            let peek = self.jiter.peek().map_err(|error| self.error(&error))?;
            fields.push((name, self.value(peek, depth + 1)?));
            key = self.jiter.next_key_bytes().map(|key| within(self.text, key));
        }
    }

    /// The string between two quotes; copied only if it holds escapes.
    fn string(&self, range: Range<usize>) -> Result<Cow<'a, str>, ParseError> {
        let inner = &self.text[range.clone()];
        if !inner.contains('\\') {
            return Ok(Cow::Borrowed(inner));
        }
        let quoted = &self.text[range.start - 1..range.end + 1];
        serde_json::from_str(quoted)
            .map(Cow::Owned)
            .map_err(|error| ParseError { is_truncated: false, reason: error.to_string() })
    }

    fn error(&self, error: &jiter::JiterError) -> ParseError {
        let is_truncated = matches!(
            &error.error_type,
            jiter::JiterErrorType::JsonError(
                JsonErrorType::EofWhileParsingList
                    | JsonErrorType::EofWhileParsingObject
                    | JsonErrorType::EofWhileParsingString
                    | JsonErrorType::EofWhileParsingValue
            )
        );
        ParseError { is_truncated, reason: error.description(&self.jiter) }
    }
}

/// Half of a surrogate pair is legal JSON but no text: browsers cut strings there. The same text
/// with U+FFFD in the place of each half, so that it costs a character and not the record; `None`
/// if there is none.
pub fn mend_surrogates(text: &str) -> Option<String> {
    let escape = |at: usize| -> Option<u16> {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut mended = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = text[at..].find('\\') {
        at += found;
        match escape(at) {
            Some(0xD800..=0xDBFF) if matches!(escape(at + 6), Some(0xDC00..=0xDFFF)) => at += 12,
            Some(0xD800..=0xDFFF) => {
                mended.push_str(&text[copied..at]);
                mended.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            // Any other escape is two ASCII characters long, or its letter may stay text.
            _ => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    (copied > 0).then(|| mended + &text[copied..])
}

/// Where `part`, a slice of `text`, lies in it.
fn range_within(text: &str, part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr() - text.as_ptr().addr();
    start..start + part.len()
}

fn within(text: &str, part: Option<&[u8]>) -> Option<Range<usize>> {
    part.map(|part| range_within(text, part))
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
