//! Names that an object gives twice, which JSON allows and no reader expects.

use std::collections::HashSet;

use super::Json;

impl Json<'_> {
    /// The first name that one object in the value gives twice.
    pub fn name_given_twice(&self) -> Option<&str> {
        match self {
            Json::Array(values) => values.iter().find_map(Json::name_given_twice),
            Json::Object(fields) => {
                // Most names differ in their length or their ends: only the others are compared.
                let mut seen = 0_u64;
                for (place, (name, value)) in fields.iter().enumerate() {
                    let bytes = name.as_bytes();
                    let ends = [bytes.first(), bytes.last()].into_iter().flatten();
                    let sketch = ends.fold(bytes.len(), |sum, byte| sum * 31 + usize::from(*byte));
                    let bit = 1 << (sketch % 64);
                    let is_known = seen & bit != 0;
                    if is_known && fields[..place].iter().any(|(known, _)| known == name) {
                        return Some(name);
                    }
                    seen |= bit;
                    if let Some(name) = value.name_given_twice() {
                        return Some(name);
                    }
                }
                None
            }
            _ => None,
        }
    }

    /// Of fields with one name in an object only the last stays.
    pub fn keep_last(&mut self) {
        match self {
            Json::Array(values) => values.iter_mut().for_each(Json::keep_last),
            Json::Object(fields) => {
                let mut later = HashSet::new();
                fields.reverse();
                fields.retain(|(name, _)| later.insert(name.clone()));
                fields.reverse();
                fields.iter_mut().for_each(|(_, value)| value.keep_last());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_two_stays_at_every_depth() {
        for (text, name, once) in [
            (r#"{"a":1,"b":2,"a":3}"#, Some("a"), r#"{"b":2,"a":3}"#),
            (
                r#"{"x":[{"k":{"a":1,"a":{"b":1,"b":2}}}]}"#,
                Some("a"),
                r#"{"x":[{"k":{"a":{"b":2}}}]}"#,
            ),
            (r#"{"":1,"":2}"#, Some(""), r#"{"":2}"#),
            (
                r#"{"ab":1,"aab":2,"acb":3,"x":{"ab":1}}"#,
                None,
                r#"{"ab":1,"aab":2,"acb":3,"x":{"ab":1}}"#,
            ),
            ("[1,null]", None, "[1,null]"),
        ] {
            let mut json = Json::parse(text).unwrap();
            assert_eq!(json.name_given_twice(), name, "{text}");
            json.keep_last();
            assert_eq!(json.to_compact(), once);
        }
    }
}
