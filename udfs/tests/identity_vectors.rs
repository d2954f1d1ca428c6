//! The identity functions against the golden vectors of `tests/vectors`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Field};
use datafusion_common::config::ConfigOptions;
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs};
use paydirt_udfs::identity::lists::MailLists;
use serde_json::Value;

/// Vector field, the function that computes it, and whether it is asked for the e-mail address or
/// for its domain.
const EMAIL: [(&str, &str, Of); 9] = [
    ("email_norm", "email_normalized", Of::Email),
    ("email_canon", "email_canonical", Of::Email),
    ("domain", "email_domain", Of::Email),
    ("registrable", "registrable_domain", Of::Domain),
    ("is_free", "is_free_mail", Of::Domain),
    ("is_free", "is_free_mail", Of::Normalized),
    ("is_disposable", "is_disposable_mail", Of::Domain),
    ("is_disposable", "is_disposable_mail", Of::Normalized),
    ("is_role", "is_role_account", Of::Email),
];

enum Of {
    Email,
    Normalized,
    Domain,
}

#[test]
fn emails() {
    let cases = tested("email", 200);
    let emails = column(&cases, "input");
    for (field, function, of) in EMAIL {
        let input = match of {
            Of::Email => Arc::clone(&emails),
            Of::Normalized => call("email_normalized", &emails),
            Of::Domain => call("email_domain", &emails),
        };
        assert_answers(&cases, "input", field, &call(function, &input));
    }
}

#[test]
fn hosts() {
    let cases = tested("host", 99);
    let answers = call("registrable_domain", &column(&cases, "host"));
    assert_answers(&cases, "host", "registrable", &answers);
}

#[test]
fn mail_lists() {
    let golden = vectors("mail_lists.json");
    let lists = MailLists::default();
    let names = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    type Check = fn(&MailLists, &str) -> bool;
    let table: [(&str, Check); 8] = [
        ("/free_mail", |lists, name| lists.is_free(name)),
        ("/corrections/add_free", |lists, name| lists.is_free(name)),
        ("/corrections/not_free", |lists, name| !lists.is_free(name)),
        ("/relay_or_system", |lists, name| lists.is_relay(name)),
        ("/disposable_sample", |lists, name| lists.is_disposable(name)),
        ("/hosted_but_not_on_psl", |lists, name| lists.company_domain(name).is_none()),
        ("/relay_or_system", |lists, name| lists.company_domain(name).is_none()),
        ("/free_mail", |lists, name| lists.company_domain(name).is_none()),
    ];
    for (pointer, check) in table {
        for name in names(golden.pointer(pointer).unwrap()) {
            assert!(check(&lists, &name), "{pointer}: {name}");
        }
    }
    let roles = names(&golden["role_local_parts"]);
    let emails: StringArray = roles.iter().map(|role| Some(format!("{role}@acme.com"))).collect();
    let is_role = call("is_role_account", &(Arc::new(emails) as ArrayRef));
    assert_eq!(is_role.as_boolean().true_count(), roles.len());
}

fn vectors(file: &str) -> Value {
    let path = format!("{}/../tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn tested(part: &str, count: usize) -> Vec<Value> {
    let cases = vectors("identity_vectors.json")[part].as_array().unwrap().clone();
    let cases: Vec<Value> = cases.into_iter().filter(|case| case["test"] == true).collect();
    assert_eq!(cases.len(), count);
    cases
}

fn column(cases: &[Value], field: &str) -> ArrayRef {
    Arc::new(cases.iter().map(|case| case[field].as_str()).collect::<StringArray>())
}

fn call(function: &str, input: &ArrayRef) -> ArrayRef {
    let functions = paydirt_udfs::scalar_functions(Arc::default());
    let function = functions.iter().find(|f| f.name() == function).unwrap();
    let returns = function.return_type(&[input.data_type().clone()]).unwrap();
    let answer = function
        .invoke_with_args(ScalarFunctionArgs {
            args: vec![ColumnarValue::Array(Arc::clone(input))],
            arg_fields: vec![Arc::new(Field::new("input", input.data_type().clone(), true))],
            number_rows: input.len(),
            return_field: Arc::new(Field::new("answer", returns, true)),
            config_options: Arc::new(ConfigOptions::default()),
        })
        .unwrap();
    answer.into_array(input.len()).unwrap()
}

fn assert_answers(cases: &[Value], input: &str, field: &str, answers: &ArrayRef) {
    assert_eq!(answers.len(), cases.len());
    for (row, case) in cases.iter().enumerate() {
        let answer = match answers.data_type() {
            _ if answers.is_null(row) => Value::Null,
            DataType::Boolean => Value::from(answers.as_boolean().value(row)),
            _ => Value::from(answers.as_string::<i32>().value(row)),
        };
        assert_eq!(answer, case[field], "{field} of {}", case[input]);
    }
}
