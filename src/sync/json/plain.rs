//! The fields of an object read off its text, without a tree.

use jiter::{Jiter, JiterResult};

use super::parse::{MAX_DEPTH, range_within, within};

/// Calls `each` with the name and the text of every field of the object; false if the text is not
/// an object, or not the one that [`super::Json::to_compact`] would give: it holds an escape, or
/// white space between its tokens.
pub fn plain_fields<'a>(text: &'a str, each: impl FnMut(&'a str, &'a str)) -> bool {
    is_compact(text) && compact_fields(text, each)
}

/// The same for a part of a text that [`is_compact`]; false if it is not an object.
pub fn compact_fields<'a>(text: &'a str, mut each: impl FnMut(&'a str, &'a str)) -> bool {
    walk(text, &mut each).is_ok()
}

/// The text of a plain string: what is between its quotes.
pub fn plain_string(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

/// True if no escape and no white space between tokens is in the text, and if it nests no deeper
/// than the parser goes.
pub fn is_compact(text: &str) -> bool {
    let (mut is_bare, mut has_escape, mut opened) = (true, false, 0);
    // Without an early exit, and with counts of one byte, the loop is vectorised.
    for part in text.as_bytes().chunks(u8::MAX.into()) {
        let mut opened_here = 0;
        for byte in part {
            is_bare &= *byte > b' ';
            has_escape |= *byte == b'\\';
            opened_here += u8::from(byte | 0x20 == b'{');
        }
        opened += usize::from(opened_here);
    }
    !has_escape && opened <= MAX_DEPTH && (is_bare || has_no_space_between(text.as_bytes()))
}

fn has_no_space_between(text: &[u8]) -> bool {
    let mut in_string = false;
    text.iter().all(|byte| match byte {
        b' ' | b'\t' | b'\n' | b'\r' => in_string,
        b'"' => {
            in_string = !in_string;
            true
        }
        _ => true,
    })
}

fn walk<'a>(text: &'a str, each: &mut impl FnMut(&'a str, &'a str)) -> JiterResult<()> {
    let mut jiter = Jiter::new(text.as_bytes());
    let mut name = jiter.next_object_bytes().map(|name| within(text, name))?;
    while let Some(range) = name {
        let peek = jiter.peek()?;
        let start = jiter.current_index();
        jiter.known_skip(peek)?;
        let value = range_within(text, jiter.slice_to_current(start));
        each(&text[range], &text[value]);
        name = jiter.next_key_bytes().map(|name| within(text, name))?;
    }
    jiter.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sync::json::Json;

    fn fields(text: &str) -> Option<Vec<(&str, &str)>> {
        let mut fields = Vec::new();
        plain_fields(text, |name, value| fields.push((name, value))).then_some(fields)
    }

    #[test]
    fn values_are_the_text_between_the_commas() {
        let text = r#"{"a":"x y","b":{"c":[1,2.50]},"é":null}"#;
        let expected = [("a", "\"x y\""), ("b", r#"{"c":[1,2.50]}"#), ("é", "null")];
        assert_eq!(fields(text), Some(expected.to_vec()));
        assert_eq!(fields("{}"), Some(vec![]));
        assert_eq!(plain_string("\"x y\""), Some("x y"));
        assert_eq!(plain_string("12"), None);
    }

    #[test]
    fn what_nests_deeper_than_the_parser_goes_is_left_to_it() {
        let nested = |levels| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(fields(&nested(127)).is_some() && Json::parse(&nested(127)).is_ok());
        assert!(fields(&nested(128)).is_none() && Json::parse(&nested(130)).is_err());
    }

    #[test]
    fn anything_else_is_left_to_the_parser() {
        for text in
            ["", "1", "[1]", r#"{"a":1"#, r#"{"a":01}"#, r#"{"a": 1}"#, r#"{"a":"\n"}"#, "{} {}"]
        {
            assert_eq!(fields(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn plain_text_is_the_compact_text(text in r#"\{("[a-c \\é]{0,2}":([0-9.]{1,3}|"[x ]*"|\[1,? ?2\]|\{"k":null\}),?){0,3}\}"#) {
            let parsed = Json::parse(&text);
            match fields(&text) {
                Some(fields) => {
                    let json = parsed.unwrap();
                    prop_assert_eq!(json.to_compact(), text.clone());
                    for (name, _) in &fields {
                        let last = fields.iter().rev().find(|(other, _)| other == name).unwrap().1;
                        prop_assert_eq!(json.get(name).unwrap().to_compact(), last);
                    }
                }
                None => {
                    let is_other = parsed.map_or(true, |json| json.to_compact() != text);
                    prop_assert!(is_other || text.contains('\\'));
                }
            }
        }
    }
}
