//! Text functions in every encoding of SQL.

use arrow::compute::cast;
use datafusion_expr::ScalarUDF;
use proptest::prelude::*;

use super::*;
use crate::identity;
use crate::tests::{call, cases};

fn text_functions() -> Vec<ScalarUDF> {
    let mut functions = identity::scalar_functions(Arc::default());
    functions.retain(|function| !["group_key", "identity_key"].contains(&function.name()));
    functions
}

fn invoke(function: &ScalarUDF, argument: ColumnarValue, rows: usize) -> ColumnarValue {
    call(function, &[argument], rows).unwrap()
}

fn dictionary(key: DataType, value: DataType) -> DataType {
    DataType::Dictionary(Box::new(key), Box::new(value))
}

fn encodings() -> Vec<DataType> {
    vec![
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        dictionary(DataType::Int32, DataType::Utf8),
        dictionary(DataType::UInt16, DataType::LargeUtf8),
        dictionary(DataType::Int8, DataType::Utf8View),
    ]
}

/// Every encoding of a column gives what its values give one by one.
fn assert_encodings_agree(texts: Vec<Option<String>>) {
    let plain: ArrayRef = Arc::new(StringArray::from(texts.clone()));
    for function in text_functions() {
        let one_by_one = texts.iter().map(|text| {
            match invoke(&function, ColumnarValue::Scalar(ScalarValue::Utf8(text.clone())), 1) {
                ColumnarValue::Scalar(value) => value,
                ColumnarValue::Array(_) => panic!("a constant stays one"),
            }
        });
        let expected = ScalarValue::iter_to_array(one_by_one).unwrap();
        for encoding in encodings() {
            let column = ColumnarValue::Array(cast(&plain, &encoding).unwrap());
            let answer = invoke(&function, column, texts.len()).into_array(texts.len()).unwrap();
            if *expected.data_type() == DataType::Utf8 {
                assert_eq!(*answer.data_type(), encoding, "{} keeps it", function.name());
            }
            let answer = cast(&answer, expected.data_type()).unwrap();
            assert_eq!(&answer, &expected, "{} of {encoding}", function.name());
        }
    }
}

#[test]
fn a_dictionary_may_hold_values_that_no_row_has() {
    let text = |text: &str| Some(text.to_owned());
    assert_encodings_agree(vec![text("Jane@Gmail.com"), None, text("no"), text("a@acme.com")]);
    let dictionary = dictionary(DataType::Int32, DataType::Utf8);
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a@b.com", "c@gmail.com", "a@b.com"]));
    let sliced = cast(&texts, &dictionary).unwrap().slice(1, 2);
    let functions = text_functions();
    let is_free = functions.iter().find(|f| f.name() == "is_free_mail").unwrap();
    let answer = invoke(is_free, ColumnarValue::Array(sliced), 2).into_array(2).unwrap();
    assert_eq!(answer.as_boolean(), &BooleanArray::from(vec![true, false]));
}

#[test]
fn null_is_null_and_other_types_do_not_plan() {
    for function in text_functions() {
        let null = invoke(&function, ColumnarValue::Scalar(ScalarValue::Null), 1);
        assert!(matches!(null, ColumnarValue::Scalar(value) if value.is_null()));
        for other in [ScalarValue::from(5i64), true.into(), ScalarValue::Binary(None)] {
            let error =
                call(&function, &[ColumnarValue::Scalar(other)], 1).unwrap_err().to_string();
            assert!(error.contains(function.name()), "{error}");
        }
    }
}

#[test]
fn a_function_is_its_name_and_what_it_asks() {
    let mut free_mail = identity::lists::FreeMail::default();
    free_mail.free_mail_add.push("acme.com".to_owned());
    let mail = identity::lists::MailLists::new(&free_mail).unwrap();
    let other = Arc::new(identity::Lists { mail, ..Default::default() });
    let named = |name: &str, functions: Vec<ScalarUDF>| {
        functions.into_iter().find(|function| function.name() == name).unwrap()
    };
    for (name, is_same) in [("is_free_mail", false), ("email_domain", true)] {
        let built_in = named(name, text_functions());
        let corrected = named(name, identity::scalar_functions(Arc::clone(&other)));
        assert_eq!(built_in == corrected, is_same, "{name}");
        assert_eq!(built_in, named(name, text_functions()), "{name}");
    }
}

fn mail_like() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r"[A-Za-z.+]{1,9}@(Gmail|acme|sub\.hey)\.com"]
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn encodings_agree(texts in prop::collection::vec(prop::option::of(mail_like()), 1..40)) {
        assert_encodings_agree(texts);
    }
}
