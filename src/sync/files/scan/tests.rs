//! Records in every shape, whole and broken.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Records as `line:text`, breaks as `line!reason`.
fn scan(text: &str) -> Vec<String> {
    let mut records = Records::new(text.as_bytes());
    let mut found = Vec::new();
    while let Some(item) = records.next().unwrap() {
        found.push(match item {
            Item::Record { range, line } => {
                format!("{line}:{}", String::from_utf8_lossy(&records.buffer[range]))
            }
            Item::Broken { line, reason } => format!("{line}!{reason}"),
            Item::Mark => "mark".to_owned(),
        });
    }
    found
}

#[test]
fn records_are_found_in_every_shape() {
    let cases: &[(&str, &[&str])] = &[
        ("{\"a\":1}\n{\"a\":2}\n", &["1:{\"a\":1}", "2:{\"a\":2}"]),
        ("[{\"a\":1},\n {\"a\":[2]}]", &["1:{\"a\":1}", "2:{\"a\":[2]}"]),
        (
            "{\"object\":\"list\",\"data\":[{\"a\":\"]}\"}],\"url\":\"\\\"/\"}",
            &["1:{\"a\":\"]}\"}"],
        ),
        (
            "{\n \"data\": [\n {\"a\":1}\n],\n\"has_more\":false}\n{\"data\":[{\"b\":1}]}",
            &["3:{\"a\":1}", "6:{\"b\":1}"],
        ),
        (
            "[{\"object\":\"list\",\"data\":[{\"a\":1}]},{\"data\":[],\"x\":{}},{\"c\":1}]",
            &["1:{\"a\":1}", "1:{\"c\":1}"],
        ),
        (
            "{\n\"id\":1,\n\"items\":[\n{\n\"a\":1\n}\n]\n}\n",
            &["1:{\n\"id\":1,\n\"items\":[\n{\n\"a\":1\n}\n]\n}"],
        ),
        ("{\"event\":\"x\",\"data\":[1]}", &["1:{\"event\":\"x\",\"data\":[1]}"]),
        ("{\"object\":\"invoice\",\"data\":[1]}", &["1:{\"object\":\"invoice\",\"data\":[1]}"]),
        (
            "{\"api_key\":\"k\",\"batch\":[{\"event\":\"x\"}],\"sent_at\":\"t\"}",
            &["1:{\"event\":\"x\"}"],
        ),
        ("[]", &[]),
        ("  \n ", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(scan(text), *expected, "{text}");
    }
}

#[test]
fn a_broken_line_costs_itself_only() {
    let ends = |line: u32, how| format!("{line}!truncated JSON: {how}");
    assert_eq!(
        scan("{\"a\":1}\n{\"a\":{\"b\":2}\n{\"a\":\"3\n{\"a\":4}\nnonsense\n{\"a\":5}\n{\"a\":"),
        [
            "1:{\"a\":1}".to_owned(),
            ends(2, "the line ends inside the record"),
            ends(3, "the line ends inside a string"),
            "4:{\"a\":4}".to_owned(),
            "5:nonsense".to_owned(),
            "6:{\"a\":5}".to_owned(),
            ends(7, "the file ends inside this record"),
        ]
    );
    assert_eq!(
        scan("{\"object\":\"list\",\"data\":[{\"a\":1},\n{\"a\":2"),
        [
            "1:{\"a\":1}".to_owned(),
            ends(2, "the file ends inside this record"),
            ends(2, "the file ends before its list is closed"),
        ]
    );
    assert_eq!(scan("[1, {\"a\":1}, \"x\"]"), ["1:1", "1:{\"a\":1}", "1:\"x\""]);
}

#[test]
fn files_one_behind_the_other_may_each_begin_with_a_mark() {
    let ends = "2!truncated JSON: the line ends inside the record";
    let cases: &[(&str, &[&str])] = &[
        ("{\"a\":1}\n\u{feff}{\"a\":2}\n", &["1:{\"a\":1}", "mark", "2:{\"a\":2}"]),
        (
            "{\"a\":1}\u{feff}{\"a\":2}\n{\"a\":3}",
            &["1:{\"a\":1}", "mark", "1:{\"a\":2}", "2:{\"a\":3}"],
        ),
        ("[{\"a\":1}]\r\n\u{feff}[\n{\"a\":2}\n]", &["1:{\"a\":1}", "mark", "3:{\"a\":2}"]),
        ("\n{\n\"a\":\n\u{feff}{\"a\":2}", &[ends, "mark", "4:{\"a\":2}"]),
        ("{\"a\":\"\u{feff}\"}\u{feff}", &["1:{\"a\":\"\u{feff}\"}", "mark"]),
        ("\u{feef}", &["1:\u{feef}"]),
    ];
    for (text, expected) in cases {
        assert_eq!(scan(text), *expected, "{text}");
    }
}

fn record() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just(r#"{"a":1}"#),
        Just(r#"{"a":{"b":[{"c":[]},{}]}}"#),
        Just(r#"{"a":"}{","b":{}}"#),
        Just(r#"{"a":"}"}"#),
        Just(r#"{"a":"\"[","b":["]"]}"#),
        Just(r#"{"a":1}{"b":"é"} {"c":{}}"#),
        Just(r#"{ "object": "list", "data": [{"a":1}], "url": {} }"#),
        Just("{\n\"a\":{\"b\":1}\n}"),
        Just("{\"a\":[{\"b\":1},\n{\"c\":2}]}"),
        Just(r#"[{"a":1},{"b":{}}]"#),
    ]
}

proptest! {
    /// What follows white space is looked at byte by byte.
    #[test]
    fn lines_are_cut_at_a_glance_as_byte_by_byte(records in vec(record(), 0..9), is_list: bool) {
        let between = if is_list { "," } else { "" };
        let text = |line_break: &str| {
            let lines = records.join(&format!("{between}{line_break}"));
            if is_list { format!("{{\"data\":[{line_break}{lines}]}}") } else { lines }
        };
        // A record over two lines would be a broken line.
        prop_assume!(is_list || !records.iter().any(|record| record.contains("\n{")));
        prop_assert_eq!(scan(&text("\n")), scan(&text("\n ")));
    }
}

#[test]
fn records_may_cross_chunks() {
    let long = format!("{{\"a\":\"{}\"}}", "é\\\"".repeat(CHUNK / 3));
    let text = format!("{long}\n{long}\n[{long}]");
    let found = scan(&text);
    assert_eq!(found.len(), 3);
    assert!(found.iter().zip(["1:", "2:", "3:"]).all(|(f, line)| *f == format!("{line}{long}")));
}
