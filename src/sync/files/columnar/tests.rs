//! Every type of Arrow, as the JSON that it becomes.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array,
    Decimal256Array, DictionaryArray, DurationMillisecondArray, FixedSizeBinaryArray, Float16Array,
    Float32Array, Float64Array, Int8Array, Int32Array, IntervalMonthDayNanoArray, LargeBinaryArray,
    ListArray, MapArray, RecordBatch, RunArray, StructArray, Time32SecondArray,
    Time64NanosecondArray, TimestampMicrosecondArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt64Array, UnionArray,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Float16Type, Int32Type, IntervalMonthDayNano, Schema, UnionFields, i256,
};

use super::Records;

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
    let keys: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"a", b"b", b"c", b"d", b"\xff"]));
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
        (12_345_678_912.0, "12345678912.0"),
        (17_410_824_000.5, "1.74108240005e10"),
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
}
