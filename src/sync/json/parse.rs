//! Text to [`Json`], in one pass.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, Peek};
use memchr::memchr;

use super::Json;

/// Deeper values are refused: nothing real nests like this, and the stack is finite.
pub(super) const MAX_DEPTH: usize = 128;

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

impl<'a> Json<'a> {
    /// Parses exactly one value.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        Parser { text, jiter: Jiter::new(text.as_bytes()), non_finite: 0 }.whole()
    }

    /// The same, but `NaN`, `Infinity` and `-Infinity`, which Python writes and JSON does not know,
    /// are null; also gives how many there were.
    pub fn parse_lenient(text: &'a str) -> Result<(Self, u64), ParseError> {
        let jiter = Jiter::new(text.as_bytes()).with_allow_inf_nan();
        let mut parser = Parser { text, jiter, non_finite: 0 };
        let value = parser.whole()?;
        Ok((value, parser.non_finite))
    }
}

struct Parser<'a> {
    text: &'a str,
    jiter: Jiter<'a>,
    /// Numbers so far that are none.
    non_finite: u64,
}

impl<'a> Parser<'a> {
    fn whole(&mut self) -> Result<Json<'a>, ParseError> {
        let peek = self.jiter.peek().map_err(|error| self.error(&error))?;
        let value = self.value(peek, 0)?;
        self.jiter.finish().map_err(|error| self.error(&error))?;
        Ok(value)
    }

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
                // Only the lenient parser lets `NaN` and `Infinity` come so far.
                Ok(bytes) if bytes.last().is_some_and(u8::is_ascii_alphabetic) => {
                    self.non_finite += 1;
                    Ok(Json::Null)
                }
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
        if memchr(b'\\', inner.as_bytes()).is_none() {
            return Ok(Cow::Borrowed(inner));
        }
        let quoted = &self.text[range.start - 1..range.end + 1];
        serde_json::from_str(quoted)
            .map(Cow::Owned)
            .map_err(|error| ParseError { is_truncated: false, reason: error.to_string() })
    }

    fn error(&self, error: &JiterError) -> ParseError {
        let is_truncated = matches!(
            &error.error_type,
            JiterErrorType::JsonError(
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
pub(super) fn range_within(text: &str, part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr() - text.as_ptr().addr();
    start..start + part.len()
}

pub(super) fn within(text: &str, part: Option<&[u8]>) -> Option<Range<usize>> {
    part.map(|part| range_within(text, part))
}
