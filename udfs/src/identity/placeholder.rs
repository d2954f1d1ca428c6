//! Text that programs write where an id is missing. Taken for an id it would make one account of
//! strangers.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

/// The built-in placeholders with a user's corrections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Placeholders {
    added: BTreeSet<String>,
    removed: BTreeSet<String>,
}

impl Placeholders {
    /// `add` are placeholders as well, `remove` are ids after all, which comes first; upper and lower
    /// case are one.
    pub fn new(add: &[String], remove: &[String]) -> Self {
        let normal = |ids: &[String]| ids.iter().map(|id| normal(id).into_owned()).collect();
        Self { added: normal(add), removed: normal(remove) }
    }

    /// Whether this is no id: empty; without a letter or a digit (`-`, `[]`); nothing but zeros
    /// (`0`, an all-zero uuid); one character throughout, from eight on (`ffffffff-…`) or three `x`;
    /// an unfilled template (`{{account.id}}`); or a word of the list, in any case and in quotes or
    /// brackets (`undefined`, `"null"`, `[object Object]`), also as the last part (`org_undefined`).
    pub fn has(&self, id: &str) -> bool {
        let text = normal(id);
        if text.is_empty() {
            return true;
        }
        if self.removed.contains(&*text) {
            return false;
        }
        self.added.contains(&*text)
            || is_listed(&text)
            || is_uniform(&text)
            || is_unfilled(super::trim(id))
    }
}

/// In lower case, without blanks, quotes and brackets around.
fn normal(id: &str) -> Cow<'_, str> {
    let mut text = super::trim(id);
    while let Some(inside) = unwrapped(text) {
        text = super::trim(inside);
    }
    match text.chars().any(char::is_uppercase) {
        true => Cow::Owned(text.to_lowercase()),
        false => Cow::Borrowed(text),
    }
}

/// What stands between a pair of quotes or brackets.
fn unwrapped(text: &str) -> Option<&str> {
    const PAIRS: [(char, char); 8] = [
        ('"', '"'),
        ('\'', '\''),
        ('`', '`'),
        ('[', ']'),
        ('(', ')'),
        ('<', '>'),
        ('{', '}'),
        ('\u{201c}', '\u{201d}'),
    ];
    PAIRS.iter().find_map(|&(open, close)| text.strip_prefix(open)?.strip_suffix(close))
}

fn is_listed(text: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let list = include_str!("../../lists/placeholder_ids.txt");
        list.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")).collect()
    });
    if WORDS.contains(text) {
        return true;
    }
    let words = text.replace(['_', '-'], " ");
    // A sign is no hyphen: of `-2` nothing but a number would be left.
    let is_words = text.chars().all(|c| c.is_alphabetic() || matches!(c, '_' | '-' | ' '));
    is_words && WORDS.contains(words.trim())
        || words.split([' ', ':', '/', '.', ',']).next_back() == Some("undefined")
        || text.contains("[object object]")
}

/// Punctuation only, zeros only, or one letter or digit throughout.
fn is_uniform(text: &str) -> bool {
    let mut characters = text.chars().filter(|c| c.is_alphanumeric());
    let Some(first) = characters.next() else { return true };
    let mut count = 1;
    for character in characters {
        if character != first {
            return false;
        }
        count += 1;
    }
    // Short repetitions are ids: 7, 11, 777.
    match first {
        '0' => true,
        'x' => count >= 3,
        _ => count >= 8,
    }
}

fn is_unfilled(text: &str) -> bool {
    text.starts_with("{{") && text.ends_with("}}") || text.starts_with("${") && text.ends_with('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_write_where_there_is_no_id() {
        let built_in = Placeholders::default();
        for id in [
            "",
            " ",
            "\u{feff}",
            "undefined",
            "Undefined ",
            "null",
            "NULL",
            "None",
            "nan",
            "NaN",
            "nil",
            "<nil>",
            "<NA>",
            "N/A",
            "#N/A",
            "[object Object]",
            "org_[object Object]",
            "not set",
            "(not set)",
            "not_set",
            "NOT-SET",
            "anonymous",
            "Guest",
            "unknown",
            "true",
            "FALSE",
            "\"null\"",
            "'undefined'",
            "\"'null'\"",
            "org_undefined",
            "team:undefined",
            "undefined-undefined",
            "{}",
            "[]",
            "\"\"",
            "-",
            "--",
            "-----",
            "?",
            "…",
            "—",
            "-1",
            "0",
            "00",
            "0.0",
            "000000",
            "00000000-0000-0000-0000-000000000000",
            "{00000000-0000-0000-0000-000000000000}",
            "00000000-0000-4000-8000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "11111111-1111-1111-1111-111111111111",
            "xxx",
            "XXXX",
            "xxxxxxxx-xxxx",
            "99999999",
            "{{account.id}}",
            "${account.id}",
            "\\N",
        ] {
            assert!(built_in.has(id), "{id:?}");
        }
        for id in [
            "7",
            "1",
            "11",
            "777",
            "-7",
            "10",
            "100",
            "0a",
            "A0",
            "x",
            "xx",
            "acct-77",
            "x1",
            "1.0",
            "42.0",
            "aaaa",
            "ok",
            "test",
            "acme",
            "null-labs",
            "dev-null",
            "undefined-games",
            "nonesuch",
            "nanometrics",
            "guesthouse",
            "id-7",
            "(7)",
            "{7}",
            "日本",
            "é",
            "a-b",
            "00000000-0000-0000-0000-000000000001",
            "org_01H",
            "customer",
            "default-7",
        ] {
            assert!(!built_in.has(id), "{id:?}");
        }
    }

    #[test]
    fn a_user_corrects_the_list() {
        let ids = |ids: &[&str]| ids.iter().map(|id| id.to_string()).collect::<Vec<_>>();
        let corrected =
            Placeholders::new(&ids(&["Demo", "sandbox", "x1"]), &ids(&["0", "X1", "Default"]));
        for id in ["demo", " DEMO", "sandbox", "undefined", "00"] {
            assert!(corrected.has(id), "{id}");
        }
        for id in ["0", "x1", "default"] {
            assert!(!corrected.has(id), "a removal wins: {id}");
        }
        assert!(Placeholders::new(&[], &ids(&[""])).has(""), "nothing is never an id");
        assert_ne!(corrected, Placeholders::default());
    }

    #[test]
    fn the_list_is_normal_sorted_and_needed() {
        let list = include_str!("../../lists/placeholder_ids.txt");
        let words: Vec<&str> = list.lines().filter(|line| !line.starts_with("# ")).collect();
        assert!(words.is_sorted());
        for word in words {
            assert_eq!(normal(word), word);
            assert!(!is_uniform(word), "{word} follows from the rule");
        }
    }
}
