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

use super::columnar::texts;
use super::number::{EXACT, EXACT_16, EXACT_32};
use crate::sync::json::write_string;

/// From here on Arrow writes an exponent.
const LONG: f64 = 1e9;
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
        for entry in entries.filter(|entry| !self.values.is_null(*entry)) {
            key.clear();
            if !self.keys.is_null(entry) {
                self.keys.encode(entry, &mut key);
            }
            // The key is no text, which has been said, or there is none.
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

#[cfg(test)]
mod tests {
    use arrow::array::{
        BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array, Decimal256Array,
        DictionaryArray, DurationMillisecondArray, FixedSizeBinaryArray, Float16Array, Float32Array,
        Int8Array, Int32Array, IntervalMonthDayNanoArray, LargeBinaryArray, ListArray, MapArray,
        RecordBatch, RunArray, StructArray, Time32SecondArray, Time64NanosecondArray,
        TimestampMicrosecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
        UnionArray,
    };
    use arrow::buffer::ScalarBuffer;
    use arrow::compute::cast;
    use arrow::datatypes::{
        Field, Float16Type, Int32Type, IntervalMonthDayNano, Schema, UnionFields, i256,
    };

    use super::super::columnar::Records;
    use super::*;
    use crate::sync::json::Json;

    fn records(array: ArrayRef) -> Records {
        records_of(Field::new("x", array.data_type().clone(), true), array)
    }

    fn records_of(field: Field, array: ArrayRef) -> Records {
        let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array]).unwrap();
        Records::new(&batch).unwrap()
    }

    /// Each value as JSON; one that could not be read as the reason.
    fn said(records: &Records) -> Vec<String> {
        let said = records.iter().enumerate().map(|(row, record)| match records.faults(row) {
            [] => record.get("x").unwrap().to_compact(),
            faults => {
                let faults: Vec<&str> = faults.iter().map(|(_, why)| why.as_str()).collect();
                format!("{} {}", record.get("x").unwrap().to_compact(), faults.join(", "))
            }
        });
        said.collect()
    }

    fn json(array: impl Array + 'static) -> Vec<String> {
        said(&records(Arc::new(array)))
    }

    const BYTES: &[Option<&[u8]>] =
        &[Some("é\"".as_bytes()), None, Some(b"\xff\x00"), Some(b"{\"a\":1}"), Some(b"a\0b")];
    const TEXT: [&str; 5] = [
        r#""é\"""#,
        "null",
        "null is 2 bytes that are not UTF-8 text",
        r#""{\"a\":1}""#,
        "null is 3 bytes that are not UTF-8 text",
    ];

    #[test]
    fn bytes_are_text_or_nothing() {
        assert_eq!(json(BinaryArray::from_iter(BYTES)), TEXT);
        assert_eq!(json(LargeBinaryArray::from_iter(BYTES)), TEXT);
        let bytes: ArrayRef = Arc::new(BinaryArray::from_iter(BYTES));
        assert_eq!(said(&records(cast(&bytes, &DataType::BinaryView).unwrap())), TEXT);
        let encoded = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Binary));
        assert_eq!(said(&records(cast(&bytes, &encoded).unwrap())), TEXT);
        let good: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"a", b"", b"b"]));
        assert_eq!(said(&records(good)), [r#""a""#, r#""""#, r#""b""#]);
        // Filled up with zeros, as columns of a fixed size are.
        let fixed = [Some(&b"ab\0\0"[..]), Some(b"abcd"), None, Some(b"\0\0\0\0"), Some(b"a\0b\0")];
        let fixed = FixedSizeBinaryArray::try_from_sparse_iter_with_size(fixed.iter().copied(), 4);
        let text = [r#""ab""#, r#""abcd""#, "null", r#""""#, "null is 4 bytes that are not UTF-8 text"];
        assert_eq!(json(fixed.unwrap()), text);
    }

    #[test]
    fn bytes_inside_of_others_are_text_too() {
        let bytes = || Arc::new(BinaryArray::from_iter(BYTES)) as ArrayRef;
        let item = |data_type| Arc::new(Field::new("item", data_type, true));
        let offsets = || OffsetBuffer::new(ScalarBuffer::from(vec![0, 2, 3, 5]));
        let list = ListArray::new(item(DataType::Binary), offsets(), bytes(), None);
        let lists = [
            r#"["é\"",null]"#,
            "[null] is 2 bytes that are not UTF-8 text",
            r#"["{\"a\":1}",null] is 3 bytes that are not UTF-8 text"#,
        ];
        assert_eq!(json(list), lists);
        let inner = StructArray::from(vec![(item(DataType::Binary), bytes())]);
        assert_eq!(json(inner)[..2], [r#"{"item":"é\""}"#, "{}"]);
        let run_ends = Int32Array::from(vec![1, 2, 3, 4, 6]);
        let runs = RunArray::<Int32Type>::try_new(&run_ends, &bytes()).unwrap();
        assert_eq!(json(runs)[..3], TEXT[..3]);
        // Of a map whose key is no text, the entry is left out.
        let fields = [item(DataType::Binary), item(DataType::Binary)];
        let [key, value] = &fields;
        let [key, value] = [
            Arc::new(key.as_ref().clone().with_name("key").with_nullable(false)),
            Arc::new(value.as_ref().clone().with_name("value")),
        ];
        let keys: ArrayRef =
            Arc::new(BinaryArray::from_vec(vec![b"a", b"b", b"c", b"d", b"\xff"]));
        let entries = StructArray::from(vec![(key, keys), (value, bytes())]);
        let entries_field = Arc::new(Field::new("entries", entries.data_type().clone(), false));
        let map = MapArray::new(entries_field, offsets(), entries, None, false);
        let maps = [
            r#"{"a":"é\""}"#,
            r#"{"c":null} is 2 bytes that are not UTF-8 text"#,
            r#"{"d":"{\"a\":1}"} is 1 bytes that are not UTF-8 text"#,
        ];
        assert_eq!(json(map), maps);
    }

    #[test]
    fn uuids_are_written_as_ever() {
        let bytes: Vec<u8> = (0..16).collect();
        let array = || -> ArrayRef {
            Arc::new(FixedSizeBinaryArray::try_from_iter([&bytes].into_iter()).unwrap())
        };
        let marked = |data_type: DataType| {
            let name = ("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
            Field::new("x", data_type, true).with_metadata([name].into())
        };
        let uuid = "\"00010203-0405-0607-0809-0a0b0c0d0e0f\"";
        let data_type = DataType::FixedSizeBinary(16);
        assert_eq!(said(&records_of(marked(data_type.clone()), array())), [uuid]);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(vec![0, 1]));
        let list: ArrayRef =
            Arc::new(ListArray::new(Arc::new(marked(data_type)), offsets, array(), None));
        assert_eq!(said(&records(list)), [format!("[{uuid}]")]);
        // By chance nobody marked these.
        assert_eq!(said(&records(array())), ["null is 16 bytes that are not UTF-8 text"]);
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(json(UInt64Array::from(vec![u64::MAX])), ["18446744073709551615"]);
        let decimals = Decimal128Array::from(vec![Some(4_200), Some(-5), None]);
        let decimals = decimals.with_precision_and_scale(38, 2).unwrap();
        assert_eq!(json(decimals), ["42.00", "-0.05", "null"]);
        let wide = Decimal256Array::from(vec![i256::from_i128(i128::MAX)]);
        let wide = wide.with_precision_and_scale(76, 6).unwrap();
        assert_eq!(json(wide), ["170141183460469231731687303715884.105727"]);
        let hundreds = Decimal128Array::from(vec![42]).with_precision_and_scale(5, -2).unwrap();
        assert_eq!(json(hundreds), ["4200"]);
        let doubles = [
            (42.0, "42.0"),
            (0.1, "0.1"),
            (1_234_567_891.0, "1234567891.0"),
            (1_741_082_400.5, "1.7410824005e9"),
            (9_007_199_254_740_991.0, "9007199254740991.0"),
            (9_007_199_254_740_992.0, "9.007199254740992e+15"),
            (-1e20, "-1e+20"),
            (f64::NAN, "null"),
            (f64::NEG_INFINITY, "null is -inf, which is no number"),
        ];
        let array = Float64Array::from_iter_values(doubles.iter().map(|(number, _)| *number));
        assert_eq!(json(array), doubles.map(|(_, text)| text.to_owned()));
        let floats = Float32Array::from(vec![0.1, 41.0, 16_777_215.0, 16_777_216.0, 1e20]);
        assert_eq!(json(floats), ["0.1", "41.0", "16777215.0", "1.6777216e+7", "1e+20"]);
        let half = cast(&Float32Array::from(vec![0.5, 2_047.0, 2_048.0]), &DataType::Float16);
        let half = half.unwrap().as_primitive::<Float16Type>().clone();
        assert_eq!(json(Float16Array::from(half.into_data())), ["0.5", "2047.0", "2.048e+3"]);
    }

    #[test]
    fn times_are_exact_or_refused() {
        let day = 20_151;
        let seconds = i64::from(day) * 86_400 + 10 * 3_600;
        assert_eq!(json(Date32Array::from(vec![day])), ["\"2025-03-04\""]);
        assert_eq!(json(Date64Array::from(vec![seconds * 1_000])), ["\"2025-03-04T10:00:00\""]);
        let at = |zone: Option<&str>| TimestampSecondArray::from(vec![seconds]).with_timezone_opt(zone);
        assert_eq!(json(at(None)), ["\"2025-03-04T10:00:00\""]);
        assert_eq!(json(at(Some("UTC"))), ["\"2025-03-04T10:00:00Z\""]);
        assert_eq!(json(at(Some("Europe/Berlin"))), ["\"2025-03-04T11:00:00+01:00\""]);
        assert_eq!(json(at(Some("dateutil/Berlin"))), ["\"2025-03-04T10:00:00Z\""]);
        let nanos = TimestampNanosecondArray::from(vec![seconds * 1_000_000_000 + 123_456_789]);
        assert_eq!(json(nanos), ["\"2025-03-04T10:00:00.123456789\""]);
        let far = json(TimestampMicrosecondArray::from(vec![i64::MAX]));
        assert!(far[0].starts_with("null is out of range: "), "{far:?}");
        assert_eq!(json(Time32SecondArray::from(vec![3_661])), ["\"01:01:01\""]);
        assert_eq!(json(Time64NanosecondArray::from(vec![1_500_000_000])), ["\"00:00:01.500\""]);
        assert_eq!(json(DurationMillisecondArray::from(vec![1_500])), ["\"PT1.5S\""]);
        let interval = IntervalMonthDayNano::new(1, 2, 3_000_000_000);
        let interval = json(IntervalMonthDayNanoArray::from(vec![interval]));
        assert_eq!(interval, ["\"1 mons 2 days 3.000000000 secs\""]);
    }

    #[test]
    fn dictionaries_maps_and_unions() {
        let values: ArrayRef = Arc::new(Int32Array::from(vec![Some(7), None]));
        let keys = Int8Array::from(vec![Some(0), Some(1), None]);
        assert_eq!(json(DictionaryArray::new(keys, values)), ["7", "null", "null"]);
        let empty = DictionaryArray::new(Int8Array::new_null(1), Arc::new(Int32Array::new_null(0)));
        assert_eq!(json(empty), ["null"]);
        let entries = StructArray::from(vec![
            (
                Arc::new(Field::new("key", DataType::Int32, false)),
                Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef,
            ),
            (
                Arc::new(Field::new("value", DataType::Boolean, true)),
                Arc::new(BooleanArray::from(vec![Some(true), None])) as ArrayRef,
            ),
        ]);
        let field = Arc::new(Field::new("entries", entries.data_type().clone(), false));
        let offsets = OffsetBuffer::new(ScalarBuffer::from(vec![0, 2, 2]));
        assert_eq!(json(MapArray::new(field, offsets, entries, None, false)), [r#"{"1":true}"#, "{}"]);
        // No Parquet file has one.
        let fields = UnionFields::try_new([0], [Field::new("a", DataType::Int32, false)]).unwrap();
        let children = vec![Arc::new(Int32Array::from(vec![1])) as ArrayRef];
        let union = UnionArray::try_new(fields, ScalarBuffer::from(vec![0]), None, children).unwrap();
        let field = Field::new("x", union.data_type().clone(), true);
        let schema = Arc::new(Schema::new(vec![field]));
        let batch = RecordBatch::try_new(schema, vec![Arc::new(union)]).unwrap();
        let error = Records::new(&batch).err().unwrap().to_string();
        assert!(error.contains("Unsupported data type"), "{error}");
        assert_eq!(Json::parse("1e+16").unwrap().to_compact(), "1e+16");
    }
}
