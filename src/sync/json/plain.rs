//! The fields of an object read off its text, without a tree.

use jiter::{Jiter, JiterResult};

use super::parse::{MAX_DEPTH, range_within, within};

/// Calls `each` with the name and the text of every field of the object; false if the text is not
/// an object, or not the one that [`super::Json::to_compact`] would give: it holds an escape, or
/// white space between its tokens.
pub fn plain_fields<'a>(text: &'a str, mut each: impl FnMut(&'a str, &'a str)) -> bool {
    is_compact(text.as_bytes()) && walk(text, &mut each).is_ok()
}

/// The text of a plain string: what is between its quotes.
pub fn plain_string(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

/// True only of text that nests no deeper than the parser goes.
fn is_compact(text: &[u8]) -> bool {
    // Without an early exit the loop is vectorised.
    let (mut is_bare, mut opened) = (true, 0);
    for byte in text {
        is_bare &= *byte != b'\\' && *byte > b' ';
        opened += usize::from(matches!(byte, b'{' | b'['));
    }
    opened <= MAX_DEPTH && (is_bare || has_no_space_between(text))
}

fn has_no_space_between(text: &[u8]) -> bool {
    let mut in_string = false;
    text.iter().all(|byte| match byte {
        b'\\' => false,
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
