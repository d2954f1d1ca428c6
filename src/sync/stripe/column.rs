//! A typed column: where its value lies in an object, and how JSON becomes its type.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};

use crate::sync::json::{Json, Step, steps};

/// The last second of the year 9999.
const MAX_SECONDS: i64 = 253_402_300_799;

/// The type of a column, and which JSON it accepts.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Unix seconds → timestamp, µs UTC.
    Time,
    /// A string; numbers and booleans are rendered.
    Text,
    /// An id, or the `id` of an expanded object.
    Id,
    /// An integer, also as a string of digits.
    Int,
    /// The whole part of a decimal.
    Whole,
    Bool,
    /// Decimal text, exactly as given as a string or a number.
    Decimal,
    /// Any value as compact JSON text.
    Json,
    /// The place of the element in its list, from 0.
    Position,
    /// One struct per element. The first path holding a non-empty array counts, and a lone value
    /// is a list of one.
    List(&'static [Column]),
}

/// A value that paths alone cannot tell, asked for when they find nothing.
pub type Compute = for<'a, 'j> fn(&'a Json<'j>) -> Value<'a>;

/// A column of a resource.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    /// Paths separated by `|`; the first that is not null wins. In a list, `^.` starts a path at
    /// the object that holds the list.
    pub paths: &'static str,
    /// The time of something that happened to the object, so the object was seen no earlier.
    pub is_fact: bool,
    pub compute: Option<Compute>,
}

impl Column {
    pub const fn new(name: &'static str, kind: Kind, paths: &'static str) -> Self {
        Self { name, kind, paths, is_fact: false, compute: None }
    }

    pub const fn fact(mut self) -> Self {
        self.is_fact = true;
        self
    }

    pub const fn by(mut self, compute: Compute) -> Self {
        self.compute = Some(compute);
        self
    }

    pub fn field(&self) -> Field {
        Field::new(self.name, self.kind.data_type(), true)
    }
}

impl Kind {
    fn data_type(&self) -> DataType {
        match self {
            Kind::Time => time_type(),
            Kind::Int | Kind::Whole | Kind::Position => DataType::Int64,
            Kind::Bool => DataType::Boolean,
            Kind::Text | Kind::Id | Kind::Decimal | Kind::Json => DataType::Utf8,
            Kind::List(columns) => DataType::List(element_field(columns)),
        }
    }
}

/// Timestamps are microseconds, UTC, everywhere.
pub fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

pub fn element_fields(columns: &[Column]) -> Fields {
    columns.iter().map(Column::field).collect()
}

pub fn element_field(columns: &[Column]) -> FieldRef {
    Arc::new(Field::new("item", DataType::Struct(element_fields(columns)), true))
}

/// A column with its paths taken apart, ready to be asked many times.
#[derive(Debug)]
pub struct Extraction {
    pub column: &'static Column,
    paths: Vec<Path>,
    pub children: Vec<Extraction>,
}

#[derive(Debug)]
struct Path {
    text: &'static str,
    is_outer: bool,
    steps: Vec<Step>,
}

/// Where an extraction looks: an object, or an element of one of its lists.
#[derive(Clone, Copy)]
pub struct Place<'a, 'j> {
    pub json: &'a Json<'j>,
    pub outer: Option<&'a Json<'j>>,
    pub position: usize,
}

impl<'a, 'j> Place<'a, 'j> {
    fn at(&self, path: &Path) -> Option<&'a Json<'j>> {
        if path.is_outer { self.outer?.at(&path.steps) } else { self.json.at(&path.steps) }
    }
}

impl Path {
    fn new(text: &'static str) -> Self {
        let inner = text.strip_prefix('^');
        Self { text, is_outer: inner.is_some(), steps: steps(inner.unwrap_or(text)) }
    }
}

impl Extraction {
    pub fn all(columns: &'static [Column]) -> Vec<Extraction> {
        columns.iter().map(Self::new).collect()
    }

    fn new(column: &'static Column) -> Self {
        let paths = column.paths.split('|').filter(|path| !path.is_empty());
        let paths = paths.map(Path::new).collect();
        let children = match column.kind {
            Kind::List(columns) => Self::all(columns),
            _ => Vec::new(),
        };
        Self { column, paths, children }
    }

    /// The value at `place`, or the source field and what is wrong with it.
    pub fn value<'a>(&self, place: Place<'a, '_>) -> Result<Value<'a>, (&'static str, String)> {
        if let Kind::Position = self.column.kind {
            return Ok(Value::Int(place.position as i64));
        }
        match self.paths.iter().find_map(|path| Some((path.text, place.at(path)?))) {
            Some((path, json)) => convert(self.column.kind, json).map_err(|why| (path, why)),
            None => Ok(self.column.compute.map_or(Value::Null, |compute| compute(place.json))),
        }
    }

    /// The elements of a list column; `None` if the object says nothing about it.
    pub fn elements<'a, 'j>(
        &self,
        place: Place<'a, 'j>,
    ) -> Result<Option<&'a [Json<'j>]>, (&'static str, String)> {
        let mut empty = None;
        for path in &self.paths {
            match place.at(path) {
                Some(Json::Array(values)) if values.is_empty() => empty = Some(&values[..]),
                Some(Json::Array(values)) => return Ok(Some(values)),
                Some(one @ (Json::Object(_) | Json::String(_))) => {
                    return Ok(Some(std::slice::from_ref(one)));
                }
                Some(other) => return Err((path.text, format!("is {}, not a list", other.kind()))),
                None => {}
            }
        }
        Ok(empty)
    }
}

/// A value in the type of its column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    Null,
    /// Also µs of a time.
    Int(i64),
    Bool(bool),
    Text(Cow<'a, str>),
}

impl<'a> Value<'a> {
    pub fn text(text: Option<&'a str>) -> Self {
        text.map_or(Value::Null, |text| Value::Text(Cow::Borrowed(text)))
    }
}

fn convert<'a>(kind: Kind, json: &'a Json<'_>) -> Result<Value<'a>, String> {
    let wrong = |wanted: &str| Err(format!("is {}, not {wanted}", json.kind()));
    match (kind, json) {
        (Kind::Json, json) => Ok(Value::Text(Cow::Owned(json.to_compact()))),
        (Kind::Text, Json::String(text) | Json::Number(text)) => Ok(Value::text(Some(text))),
        (Kind::Text, Json::Bool(true)) => Ok(Value::text(Some("true"))),
        (Kind::Text, Json::Bool(false)) => Ok(Value::text(Some("false"))),
        (Kind::Text, _) => wrong("a string"),
        (Kind::Id, Json::String(id)) => Ok(Value::text(Some(id))),
        (Kind::Id, Json::Object(_)) => Ok(Value::text(json.get_str("id"))),
        (Kind::Id, _) => wrong("an id"),
        (Kind::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (Kind::Bool, _) => wrong("a boolean"),
        (Kind::Int, Json::Number(text) | Json::String(text)) => match integer(text) {
            Some(value) => Ok(Value::Int(value)),
            None => Err(format!("{text:?} is not an integer of 64 bits")),
        },
        (Kind::Whole, Json::Number(text) | Json::String(text)) => {
            match integer(text.split('.').next().unwrap_or_default()) {
                Some(value) => Ok(Value::Int(value)),
                None => Err(format!("{text:?} is not a number of 64 bits")),
            }
        }
        (Kind::Int | Kind::Whole, _) => wrong("an integer"),
        (Kind::Decimal, Json::Number(text)) => Ok(Value::text(Some(text))),
        (Kind::Decimal, Json::String(text)) if is_decimal(text) => Ok(Value::text(Some(text))),
        (Kind::Decimal, Json::String(text)) => Err(format!("{text:?} is not a decimal number")),
        (Kind::Decimal, _) => wrong("a decimal number"),
        (Kind::Time, Json::Number(text)) => match unix_micros(text) {
            Some(micros) => Ok(Value::Int(micros)),
            None => Err(format!("{text} is outside the years 1970 to 9999")),
        },
        (Kind::Time, _) => wrong("a unix time"),
        (Kind::Position | Kind::List(_), _) => Ok(Value::Null),
    }
}

/// An integer, also written `12.0`.
pub fn integer(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    fraction.bytes().all(|b| b == b'0').then(|| whole.parse().ok())?
}

pub fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && text.parse::<f64>().is_ok()
}

/// Unix seconds, possibly with a fraction, as µs; `None` outside the years 1970 to 9999.
pub fn unix_micros(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (seconds, micros) = match whole.parse::<i64>() {
        Ok(seconds) if fraction.bytes().all(|b| b.is_ascii_digit()) => {
            let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
            (seconds, micros)
        }
        _ => {
            let value: f64 = text.parse().ok()?;
            (value.floor() as i64, ((value - value.floor()) * 1e6) as i64)
        }
    };
    (!text.starts_with('-') && seconds <= MAX_SECONDS).then(|| seconds * 1_000_000 + micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_microseconds_and_know_their_bounds() {
        assert_eq!(unix_micros("1721954054"), Some(1_721_954_054_000_000));
        assert_eq!(unix_micros("1721954054.1234567"), Some(1_721_954_054_123_456));
        assert_eq!(unix_micros("1.721954054e9"), Some(1_721_954_054_000_000));
        assert_eq!(unix_micros("0"), Some(0));
        assert_eq!(unix_micros("-1"), None);
        assert_eq!(unix_micros("-0.5"), None);
        assert_eq!(unix_micros("253402300800"), None);
        assert_eq!(unix_micros("99999999999999999999"), None);
    }

    #[test]
    fn integers_and_decimals_are_exact() {
        assert_eq!(integer("12.00"), Some(12));
        assert_eq!(integer("12.5"), None);
        assert_eq!(integer("9223372036854775808"), None);
        assert!(is_decimal("0.000000000001") && is_decimal("-3"));
        assert!(!is_decimal("inf") && !is_decimal("1,5") && !is_decimal(""));
    }
}
