//! What one field of a row says: from the server's binary form to values that keep their meaning.

use std::borrow::Cow;
use std::fmt::Write;

use chrono::{DateTime, NaiveDate, SecondsFormat};

use crate::error::Result;
use crate::sync::files::NoTime;
use crate::sync::json::{Json, write_string};

use super::failure::garbled;

/// From 1970-01-01 to 2000-01-01, where the server counts from.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_US: i64 = EPOCH_DAYS as i64 * 86_400_000_000;
/// Decimal digits in one digit of the server's numerics.
const GROUP: usize = 4;

/// How a type is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    /// Also everything that is asked for as its text.
    Text,
    Uuid,
    Date,
    /// Without a zone: taken as UTC.
    Timestamp,
    Timestamptz,
    Json,
    /// Also arrays and rows, which are asked for as JSON.
    Jsonb,
    Bytea,
}

/// One field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// All digits, or `NaN`, `Infinity`, `-Infinity`.
    Number(String),
    Text(Cow<'a, str>),
    /// As the server wrote it.
    Json(Cow<'a, str>),
    Bytes(&'a [u8]),
    /// Days since 1970.
    Date(i32),
    /// µs since 1970, and whether a zone made it so.
    Time(i64, bool),
    /// `infinity` or `-infinity` of a date or a time.
    Endless(&'static str),
}

impl<'a> Value<'a> {
    /// Reads a field; `None` is NULL.
    pub fn read(form: Form, bytes: Option<&'a [u8]>) -> Result<Self> {
        let Some(bytes) = bytes else { return Ok(Value::Null) };
        let text = || String::from_utf8_lossy(bytes);
        Ok(match form {
            Form::Bool => Value::Bool(fixed::<1>(bytes)? != [0]),
            Form::Int2 => Value::Int(i16::from_be_bytes(fixed(bytes)?).into()),
            Form::Int4 => Value::Int(i32::from_be_bytes(fixed(bytes)?).into()),
            Form::Int8 => Value::Int(i64::from_be_bytes(fixed(bytes)?)),
            // By its shortest text: 0.1 stays 0.1.
            Form::Float4 => {
                let short = f32::from_be_bytes(fixed(bytes)?);
                Value::Float(short.to_string().parse().unwrap_or(f64::from(short)))
            }
            Form::Float8 => Value::Float(f64::from_be_bytes(fixed(bytes)?)),
            Form::Numeric => Value::Number(numeric(bytes)?),
            Form::Text => Value::Text(text()),
            Form::Json => Value::Json(text()),
            Form::Jsonb => match bytes.split_first() {
                Some((1, text)) => Value::Json(String::from_utf8_lossy(text)),
                _ => return Err(garbled("jsonb of a form that is not known")),
            },
            Form::Uuid => {
                Value::Text(uuid::Uuid::from_bytes(fixed(bytes)?).hyphenated().to_string().into())
            }
            Form::Bytea => Value::Bytes(bytes),
            Form::Date => match i32::from_be_bytes(fixed(bytes)?) {
                i32::MAX => Value::Endless("infinity"),
                i32::MIN => Value::Endless("-infinity"),
                days => Value::Date(days.saturating_add(EPOCH_DAYS)),
            },
            Form::Timestamp | Form::Timestamptz => match i64::from_be_bytes(fixed(bytes)?) {
                i64::MAX => Value::Endless("infinity"),
                i64::MIN => Value::Endless("-infinity"),
                at => Value::Time(at.saturating_add(EPOCH_US), form == Form::Timestamptz),
            },
        })
    }

    /// The field as text; nothing for NULL and for an empty text.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Value::Null => return None,
            Value::Text(text) if text.is_empty() => return None,
            Value::Text(text) | Value::Json(text) => Cow::Borrowed(text),
            Value::Number(text) => Cow::Borrowed(text),
            Value::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
            Value::Int(value) => Cow::Owned(value.to_string()),
            Value::Float(value) => Cow::Owned(value.to_string()),
            Value::Endless(text) => Cow::Borrowed(text),
            Value::Bytes(bytes) => Cow::Owned(hex(bytes)),
            Value::Date(days) => Cow::Owned(day(*days)),
            Value::Time(at, is_zoned) => Cow::Owned(moment(*at, *is_zoned)),
        })
    }

    /// The field as an id: a whole number of floating-point numbers that are `exact` up to there.
    pub fn id(&self, exact: i128) -> Result<Option<Cow<'_, str>>, String> {
        match self {
            Value::Float(value) if value.fract() == 0.0 && value.abs() >= exact as f64 => {
                Err(format!("{value:e} is an id that lost digits as a floating-point number"))
            }
            // All digits are there, and zeros behind the point are none.
            Value::Number(text) => match text.split_once('.') {
                Some((whole, zeros)) if zeros.bytes().all(|zero| zero == b'0') => {
                    Ok(Some(Cow::Borrowed(whole)))
                }
                _ => Ok(Some(Cow::Borrowed(text))),
            },
            other => Ok(other.text()),
        }
    }

    /// The time that the field means, µs; numbers and text are `read` by the rules of the entry.
    pub fn moment(
        &self,
        read: impl FnOnce(&Json<'_>) -> Result<i64, NoTime>,
    ) -> Result<i64, NoTime> {
        let none = |why: &str| Err(NoTime::new(why.to_owned()));
        let json = match self {
            Value::Time(at, _) => return Ok(*at),
            Value::Date(days) => return Ok(i64::from(*days) * 86_400_000_000),
            Value::Null => return none("is NULL"),
            Value::Endless(text) => return none(&format!("is {text}, not a time")),
            Value::Int(value) => Json::Number(value.to_string().into()),
            Value::Float(value) => Json::Number(value.to_string().into()),
            Value::Number(text) => Json::Number(text.as_str().into()),
            Value::Text(text) => Json::String(text.as_ref().into()),
            Value::Bool(_) => Json::Bool(true),
            Value::Json(_) | Value::Bytes(_) => return none("is not a time"),
        };
        read(&json)
    }

    /// The field as JSON that means the same. What a document holds that is no JSON stays text.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(_) | Value::Int(_) => out.push_str(&self.text().unwrap_or_default()),
            Value::Float(value) if value.is_finite() => {
                let _ = write!(out, "{value}");
            }
            Value::Number(text) if text.ends_with(|last: char| last.is_ascii_digit()) => {
                out.push_str(text);
            }
            Value::Json(text) => match Json::parse(text) {
                Ok(json) => json.write_compact(out),
                Err(_) => write_string(text, out),
            },
            Value::Text(text) => write_string(text, out),
            other => write_string(&other.text().unwrap_or_default(), out),
        }
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes
        .try_into()
        .map_err(|_| garbled(&format!("{} bytes where a value of {N} belongs", bytes.len())))
}

fn day(days: i32) -> String {
    match NaiveDate::from_epoch_days(days) {
        Some(day) => day.to_string(),
        None => format!("day {days}"),
    }
}

fn moment(at: i64, is_zoned: bool) -> String {
    match DateTime::from_timestamp_micros(at) {
        Some(time) if is_zoned => time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        Some(time) => {
            time.to_rfc3339_opts(SecondsFormat::AutoSi, true).trim_end_matches('Z').to_owned()
        }
        None => format!("{at} µs"),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("\\x");
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// All digits of a numeric, as the server would print them.
fn numeric(bytes: &[u8]) -> Result<String> {
    let wrong = || garbled("a numeric of a form that is not known");
    let word = |at: usize| -> Result<u16> {
        let word = bytes.get(2 * at..2 * at + 2).and_then(|word| word.try_into().ok());
        word.map(u16::from_be_bytes).ok_or_else(wrong)
    };
    let count = usize::from(word(0)?);
    let weight = i32::from(word(1)? as i16);
    let scale = usize::from(word(3)?);
    let sign = match word(2)? {
        0x0000 => "",
        0x4000 => "-",
        0xC000 => return Ok("NaN".to_owned()),
        0xD000 => return Ok("Infinity".to_owned()),
        0xF000 => return Ok("-Infinity".to_owned()),
        _ => return Err(wrong()),
    };
    let group = |place: i32| -> Result<u16> {
        match usize::try_from(place) {
            Ok(place) if place < count => word(4 + place),
            _ => Ok(0),
        }
    };
    let mut text = sign.to_owned();
    if weight < 0 {
        text.push('0');
    }
    for place in 0..=weight {
        let digits = group(place)?;
        let _ = match place {
            0 => write!(text, "{digits}"),
            _ => write!(text, "{digits:04}"),
        };
    }
    if scale > 0 {
        text.push('.');
        let end = text.len() + scale;
        for place in 0..scale.div_ceil(GROUP) as i32 {
            let _ = write!(text, "{:04}", group(weight + 1 + place)?);
        }
        text.truncate(end);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::files::{EXACT, EXACT_32};

    fn words(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn numerics_keep_every_digit() {
        for (form, text) in [
            (&[2, 0, 0, 2, 12, 3400][..], "12.34"),
            (&[2, 1, 0x4000, 0, 1, 5][..], "-10005"),
            (&[1, 2, 0, 0, 7][..], "700000000"),
            (&[1, 0xFFFF, 0, 6, 15][..], "0.001500"),
            (&[1, 0xFFFE, 0, 8, 1][..], "0.00000001"),
            (&[0, 0, 0, 2][..], "0.00"),
            (&[0, 0, 0xC000, 0][..], "NaN"),
            (&[0, 0, 0xF000, 0][..], "-Infinity"),
        ] {
            assert_eq!(numeric(&words(form)).unwrap(), text);
        }
        assert!(numeric(&[0, 1]).is_err());
    }

    #[test]
    fn values_keep_their_meaning_in_json() {
        let json = |form, bytes: &[u8]| {
            let mut out = String::new();
            Value::read(form, Some(bytes)).unwrap().write_json(&mut out);
            out
        };
        assert_eq!(json(Form::Bool, &[1]), "true");
        assert_eq!(json(Form::Int8, &i64::MIN.to_be_bytes()), "-9223372036854775808");
        assert_eq!(json(Form::Float4, &0.1_f32.to_be_bytes()), "0.1");
        assert_eq!(json(Form::Float8, &f64::NAN.to_be_bytes()), "\"NaN\"");
        assert_eq!(json(Form::Numeric, &words(&[2, 0, 0, 4, 1, 5000])), "1.5000");
        assert_eq!(json(Form::Numeric, &words(&[0, 0, 0xC000, 0])), "\"NaN\"");
        assert_eq!(json(Form::Jsonb, b"\x01{\"a\": [1, 2.50]}"), r#"{"a":[1,2.50]}"#);
        assert_eq!(json(Form::Text, "a\"é".as_bytes()), r#""a\"é""#);
        assert_eq!(json(Form::Timestamptz, &0_i64.to_be_bytes()), "\"2000-01-01T00:00:00Z\"");
        assert_eq!(json(Form::Timestamp, &1_i64.to_be_bytes()), "\"2000-01-01T00:00:00.000001\"");
        assert_eq!(json(Form::Timestamptz, &i64::MAX.to_be_bytes()), "\"infinity\"");
        assert_eq!(json(Form::Date, &(-1_i32).to_be_bytes()), "\"1999-12-31\"");
        assert_eq!(json(Form::Bytea, &[0, 255]), "\"\\\\x00ff\"");
        assert!(Value::read(Form::Int8, Some(&[0; 4])).is_err());
    }

    #[test]
    fn ids_are_whole_or_lost() {
        let id = |value: Value<'_>, exact| value.id(exact).map(|id| id.map(Cow::into_owned));
        let number = |text: &str| Value::Number(text.to_owned());
        let is = |id: &str| Ok(Some(id.to_owned()));
        assert_eq!(id(Value::Float(42.0), EXACT), is("42"));
        assert_eq!(id(Value::Float(42.5), EXACT), is("42.5"));
        assert_eq!(id(number("12345678901234567890.00"), EXACT), is("12345678901234567890"));
        assert_eq!(id(number("42.10"), EXACT), is("42.10"));
        assert_eq!(id(Value::Int(i64::MAX), EXACT), is("9223372036854775807"));
        assert!(id(Value::Float(1e16), EXACT).unwrap_err().starts_with("1e16 is an id that lost"));
        assert!(id(Value::Float(16_777_216.0), EXACT_32).is_err());
    }
}
