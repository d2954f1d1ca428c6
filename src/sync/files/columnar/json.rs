//! Values of Arrow as JSON that means the same, where Arrow's own JSON does not.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, LazyLock};

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StringArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Float64Type};
use arrow::error::ArrowError;
use arrow::json::writer::{EncoderOptions, NullableEncoder, make_encoder};
use arrow::json::{Encoder, EncoderFactory};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parking_lot::Mutex;

use super::texts;
use crate::sync::files::number::{EXACT, EXACT_16, EXACT_32};
use crate::sync::json::write_string;

/// From here on Arrow writes an exponent.
const LONG: f64 = 1e10;
/// What Arrow writes in the place of a value that it cannot.
const ERROR: &[u8] = b"\"ERROR: ";

/// For innermost values that are like Arrow's own but for a few.
static USUAL: LazyLock<EncoderOptions> = LazyLock::new(EncoderOptions::default);

/// Gives encoders where they are needed, and collects why values are NULL that were not.
#[derive(Debug, Clone, Default)]
pub struct Values {
    faults: Arc<Mutex<Vec<String>>>,
}

impl Values {
    pub fn options(&self) -> EncoderOptions {
        EncoderOptions::default().with_encoder_factory(Arc::new(self.clone()))
    }

    /// The reasons since the last time.
    pub fn take_faults(&self) -> Vec<String> {
        std::mem::take(&mut self.faults.lock())
    }

    fn null(&self, why: String, out: &mut Vec<u8>) {
        self.faults.lock().push(why);
        out.extend_from_slice(b"null");
    }
}

impl EncoderFactory for Values {
    fn make_default_encoder<'a>(
        &self,
        field: &'a FieldRef,
        array: &'a dyn Array,
        options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let faults = self.clone();
        let encoder: Box<dyn Encoder + 'a> = match array.data_type() {
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => {
                let Some((text, unread)) = texts(field, array)? else { return Ok(None) };
                Box::new(Texts { text, unread: unread.into_iter().collect(), faults })
            }
            DataType::Float16 | DataType::Float32 | DataType::Float64 => {
                let exact = match array.data_type() {
                    DataType::Float16 => EXACT_16,
                    DataType::Float32 => EXACT_32,
                    _ => EXACT,
                };
                let numbers = cast(array, &DataType::Float64)?;
                let numbers = numbers.as_primitive::<Float64Type>().clone();
                let usual = make_encoder(field, array, &USUAL)?;
                Box::new(Floats { numbers, exact, usual, faults })
            }
            DataType::Timestamp(unit, Some(zone)) if zone.parse::<Tz>().is_err() => {
                let utc = DataType::Timestamp(*unit, Some("UTC".into()));
                Box::new(InUtc(cast(array, &utc)?, faults))
            }
            time if time.is_temporal() => {
                Box::new(Checked { usual: make_encoder(field, array, &USUAL)?, faults })
            }
            DataType::Dictionary(..) if !array.as_any_dictionary().values().is_empty() => {
                let dictionary = array.as_any_dictionary();
                let values = make_encoder(field, dictionary.values(), options)?;
                Box::new(Dictionary { keys: dictionary.normalized_keys(), values })
            }
            DataType::Map(entries, _) => {
                let DataType::Struct(fields) = entries.data_type() else { return Ok(None) };
                let map = array.as_map();
                Box::new(Map {
                    offsets: map.offsets().clone(),
                    keys: make_encoder(&fields[0], map.keys(), options)?,
                    values: make_encoder(&fields[1], map.values(), options)?,
                })
            }
            _ => return Ok(None),
        };
        Ok(Some(NullableEncoder::new(encoder, array.logical_nulls())))
    }
}

/// Bytes, which Arrow writes in hex.
struct Texts {
    text: StringArray,
    unread: HashMap<usize, String>,
    faults: Values,
}

impl Encoder for Texts {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        match self.unread.get(&row) {
            Some(why) => self.faults.null(why.clone(), out),
            None => string(self.text.value(row), out),
        }
    }
}

/// Whole numbers are written out as far as all of them can be told apart, so that one in which
/// digits may be missing shows by its exponent.
struct Floats<'a> {
    numbers: Float64Array,
    exact: i128,
    usual: NullableEncoder<'a>,
    faults: Values,
}

impl Encoder for Floats<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let number = self.numbers.value(row);
        let is_whole = number.fract() == 0.0;
        // Writing to memory does not fail.
        let _ = match number.abs() {
            size if size.is_infinite() => {
                self.faults.null(format!("is {number}, which is no number"), out);
                Ok(())
            }
            size if is_whole && size >= self.exact as f64 => {
                let short = match self.exact {
                    EXACT => format!("{number:e}"),
                    _ => format!("{:e}", number as f32),
                };
                write!(out, "{}", short.replace('e', "e+"))
            }
            size if is_whole && size >= LONG => write!(out, "{number:.1}"),
            _ => {
                self.usual.encode(row, out);
                Ok(())
            }
        };
    }
}

/// Days and times; of one that no calendar has, Arrow writes an error as if it were the value.
struct Checked<'a> {
    usual: NullableEncoder<'a>,
    faults: Values,
}

impl Encoder for Checked<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let start = out.len();
        self.usual.encode(row, out);
        if out[start..].starts_with(ERROR) {
            let why = String::from_utf8_lossy(&out[start + ERROR.len()..]).into_owned();
            out.truncate(start);
            self.faults.null(format!("is out of range: {}", why.trim_end_matches('"')), out);
        }
    }
}

/// Moments with the name of a zone that is not known: what they mean does not depend on it.
struct InUtc(ArrayRef, Values);

impl Encoder for InUtc {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let written = ArrayFormatter::try_new(&self.0, &FormatOptions::new())
            .and_then(|formatter| formatter.value(row).try_to_string());
        match written {
            Ok(text) => string(&text, out),
            Err(error) => self.1.null(format!("is out of range: {error}"), out),
        }
    }
}

/// Arrow does not look whether a value of a dictionary is NULL.
struct Dictionary<'a> {
    keys: Vec<usize>,
    values: NullableEncoder<'a>,
}

impl Encoder for Dictionary<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        self.values.encode(self.keys[row], out);
    }
}

/// Arrow writes no map whose keys are not text.
struct Map<'a> {
    offsets: OffsetBuffer<i32>,
    keys: NullableEncoder<'a>,
    values: NullableEncoder<'a>,
}

impl Encoder for Map<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let entries = self.offsets[row] as usize..self.offsets[row + 1] as usize;
        let (mut key, mut separator) = (Vec::new(), "{");
        for entry in entries {
            key.clear();
            if !self.values.is_null(entry) && !self.keys.is_null(entry) {
                self.keys.encode(entry, &mut key);
            }
            // There is no key or no value, or the key is no text, which has been said.
            if key.is_empty() || key == b"null" {
                continue;
            }
            out.extend_from_slice(separator.as_bytes());
            separator = ",";
            match key.starts_with(b"\"") {
                true => out.extend_from_slice(&key),
                false => string(&String::from_utf8_lossy(&key), out),
            }
            out.push(b':');
            self.values.encode(entry, out);
        }
        out.extend_from_slice(if separator == "{" { b"{}" } else { b"}" });
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    let mut quoted = String::with_capacity(text.len() + 2);
    write_string(text, &mut quoted);
    out.extend_from_slice(quoted.as_bytes());
}
