//! Looks ahead in JSON text, many bytes at a time.

use memchr::memchr_iter;

/// True if as many brackets open as close, those in strings included.
pub fn is_balanced(text: &[u8]) -> bool {
    // With counts of one byte the loop is vectorised.
    let open: isize = text
        .chunks(i8::MAX as usize)
        .map(|part| {
            let opens = |byte: &u8| i8::from(byte | 0x20 == b'{') - i8::from(byte | 0x20 == b'}');
            part.iter().map(opens).sum::<i8>() as isize
        })
        .sum();
    open == 0
}

/// True if one object follows another, which could both be records.
pub fn has_neighbours(text: &[u8]) -> bool {
    // A byte order mark may stand between two files.
    let is_between = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b',' | 0xef | 0xbb | 0xbf);
    memchr_iter(b'{', text).any(|at| {
        let before = text[..at].iter().rev();
        before.copied().find(|byte| !is_between(byte)) == Some(b'}')
    })
}

/// Length of the run without quote, escape or line break.
pub fn plain_in_string(bytes: &[u8]) -> usize {
    let end = bytes.iter().position(|b| matches!(b, b'"' | b'\\' | b'\n'));
    end.unwrap_or(bytes.len())
}

/// Length of the run without bracket, quote or line break.
pub fn plain_outside(bytes: &[u8]) -> usize {
    let end = bytes.iter().position(|b| matches!(b, b'"' | b'{' | b'}' | b'[' | b']' | b'\n'));
    end.unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_counted_in_any_number() {
        let nested = |depth| format!("{}{}", "[{".repeat(depth), "}]".repeat(depth));
        for depth in [0, 1, 63, 64, 1000] {
            assert!(is_balanced(nested(depth).as_bytes()), "{depth}");
            assert!(!is_balanced(format!("{}}}", nested(depth)).as_bytes()), "{depth}");
        }
    }

    #[test]
    fn objects_one_after_the_other_are_neighbours() {
        for text in ["{}{}", "{} ,\t{\"a\":1}", r#"{"a":[{},{}]}"#, r#"{"a":"}{"}"#, "{}\u{feff}{}"]
        {
            assert!(has_neighbours(text.as_bytes()), "{text}");
        }
        for text in ["{}", r#"{"a":{},"b":{"c":{}}}"#, r#"{"a":"}","b":{}}"#, "}"] {
            assert!(!has_neighbours(text.as_bytes()), "{text}");
        }
    }
}
