//! E-mail addresses: the normal form that identifies, and the canonical form behind tags and dots.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::{domain, invisible, lists, trim};

/// Longest local part, in bytes.
const LOCAL_MAX: usize = 64;

/// An address in normal form: `local@domain`, both in lower case, the domain in A-labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address<'a> {
    text: Cow<'a, str>,
    at: usize,
}

impl<'a> Address<'a> {
    /// Reads one address: bare, `Name <address>` or `mailto:address`, with blanks around it.
    ///
    /// `None` for anything else, several addresses included. A text that is in normal form already
    /// is borrowed.
    pub fn parse(input: &'a str) -> Option<Self> {
        match Plain::parse(input) {
            Some(plain) => Some(plain.address()),
            None => Self::by_the_book(input),
        }
    }

    fn by_the_book(input: &'a str) -> Option<Self> {
        let text = bare(input)?;
        let (local, host) = text.split_once('@')?;
        let local = normal_local(local)?;
        let host = domain::normalized(host)?;
        let at = local.len();
        let text = match (&local, &host) {
            // Only a final dot may have gone from a borrowed host.
            (Cow::Borrowed(_), Cow::Borrowed(_)) => Cow::Borrowed(&text[..at + 1 + host.len()]),
            _ => Cow::Owned(format!("{local}@{host}")),
        };
        Some(Self { text, at })
    }

    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// The local part without its `+tag`, if something is left before the tag; a dot that led to
    /// the tag goes with it.
    pub fn untagged(&self) -> &str {
        let local = self.local();
        match local.find('+') {
            Some(cut) if cut > 0 => local[..cut].trim_end_matches('.'),
            _ => local,
        }
    }

    /// Whether the address is that of a function (billing@, no-reply@), not of a person.
    pub fn is_role(&self) -> bool {
        lists::is_role(self.untagged())
    }
}

/// `Jane@Acme.com` as `jane@acme.com`; `None` if it is not one e-mail address.
pub fn normalized(email: &str) -> Option<Cow<'_, str>> {
    Address::parse(email).map(|address| address.text)
}

/// The normal form without `+tag`, Gmail's dots and the name googlemail.com.
pub fn canonical(email: &str) -> Option<Cow<'_, str>> {
    let address = Address::parse(email)?;
    let local = address.untagged();
    let is_gmail = matches!(address.domain(), "gmail.com" | "googlemail.com");
    if is_gmail {
        return Some(Cow::Owned(local.replace('.', "") + "@gmail.com"));
    }
    if local.len() < address.at {
        return Some(Cow::Owned(format!("{local}@{}", address.domain())));
    }
    Some(address.text)
}

/// The domain of an e-mail address in normal form.
pub fn domain(email: &str) -> Option<Cow<'_, str>> {
    if let Some(plain) = Plain::parse(email) {
        return Some(plain.host.lower());
    }
    let Address { text, at } = Address::by_the_book(email)?;
    Some(match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[at + 1..]),
        Cow::Owned(mut text) => {
            text.drain(..=at);
            Cow::Owned(text)
        }
    })
}

/// An address that needs no more than its case lowered, which is true of nearly every one there
/// is: bare, in ASCII, at a plain host.
struct Plain<'a> {
    /// Without a final dot.
    text: &'a str,
    at: usize,
    is_local_lower: bool,
    host: domain::Plain<'a>,
}

impl<'a> Plain<'a> {
    /// `None` says nothing about the address but that it takes the long way.
    #[inline]
    fn parse(input: &'a str) -> Option<Self> {
        let bytes = input.as_bytes();
        let (mut at, mut seen, mut refused, mut before) = (0, 0, 0, DOT);
        loop {
            let class = CLASSES[usize::from(*bytes.get(at)?)];
            if class == OTHER {
                break;
            }
            seen |= class;
            // A dot stands between atoms: not first, not last, not twice.
            refused |= class & before & DOT;
            before = class;
            at += 1;
        }
        if bytes[at] != b'@' || at > LOCAL_MAX || (refused | before) & DOT != 0 {
            return None;
        }
        let host = domain::plain(&input[at + 1..])?;
        let text = &input[..at + 1 + host.host.len()];
        Some(Self { text, at, is_local_lower: seen & UPPER == 0, host })
    }

    fn address(self) -> Address<'a> {
        let text = match self.is_local_lower && self.host.is_lower {
            true => Cow::Borrowed(self.text),
            false => Cow::Owned(self.text.to_ascii_lowercase()),
        };
        Address { text, at: self.at }
    }
}

const OTHER: u8 = 0;
const UPPER: u8 = 1;
const DOT: u8 = 2;
const LOWER: u8 = 4;

/// What a byte means in a local part.
const CLASSES: [u8; 256] = {
    let mut classes = [OTHER; 256];
    let mut byte = 0;
    while byte < 128 {
        let character = byte as u8 as char;
        if character == '.' {
            classes[byte] = DOT;
        } else if character.is_ascii_uppercase() {
            classes[byte] = UPPER;
        } else if is_ascii_atext(character) {
            classes[byte] = LOWER;
        }
        byte += 1;
    }
    classes
};

/// The address alone: out of angle brackets, without `mailto:` and blanks.
fn bare(input: &str) -> Option<&str> {
    let mut text = trim(input);
    if let Some(named) = text.strip_suffix('>') {
        text = trim(named.split_once('<')?.1);
    }
    const SCHEME: &str = "mailto:";
    match text.get(..SCHEME.len()) {
        Some(scheme) if scheme.eq_ignore_ascii_case(SCHEME) => Some(trim(&text[SCHEME.len()..])),
        _ => Some(text),
    }
}

/// A dot-atom in NFC and lower case.
fn normal_local(local: &str) -> Option<Cow<'_, str>> {
    let normal = if local.is_ascii() {
        match local.bytes().any(|b| b.is_ascii_uppercase()) {
            true => Cow::Owned(local.to_ascii_lowercase()),
            false => Cow::Borrowed(local),
        }
    } else {
        lower_nfc(local)
    };
    let is_dot_atom = normal.len() <= LOCAL_MAX
        && normal.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext));
    is_dot_atom.then_some(normal)
}

/// Composed again after lower-casing, which can take a composed letter apart.
fn lower_nfc(text: &str) -> Cow<'_, str> {
    let lower = text.nfc().collect::<String>().to_lowercase();
    let normal: String = lower.nfc().collect();
    if normal == text { Cow::Borrowed(text) } else { Cow::Owned(normal) }
}

fn is_atext(c: char) -> bool {
    if c.is_ascii() {
        is_ascii_atext(c)
    } else {
        !c.is_whitespace() && !c.is_control() && !invisible(c)
    }
}

const fn is_ascii_atext(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '!' | '#'..='\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^'..='`' | '{'..='~')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tests::cases;

    #[test]
    fn one_address_out_of_what_people_paste() {
        let cases = [
            ("<mailto:Jane@Acme.com>", Some("jane@acme.com")),
            ("jane@acme.com <jane@acme.com>", Some("jane@acme.com")),
            ("\u{202a}jane@acme.com\u{202c}", Some("jane@acme.com")),
            ("Jane <jane@acme.com>, John <john@acme.com>", None),
            ("jane@acme.com>", None),
            ("<jane@acme.com", None),
            ("jane\0@acme.com", None),
            ("ja\u{202e}ne@acme.com", None),
            ("jane@acme.com..", None),
            ("jane@[::1]", None),
        ];
        for (input, expected) in cases {
            assert_eq!(normalized(input).as_deref(), expected, "{input:?}");
        }
    }

    #[test]
    fn normal_addresses_are_borrowed() {
        for input in ["jane@acme.com", " jane@acme.com. ", "<jane@acme.com>", "josé@acme.com"] {
            assert!(matches!(normalized(input), Some(Cow::Borrowed(_))), "{input}");
        }
    }

    #[test]
    fn a_dot_before_the_tag_goes_with_it() {
        assert_eq!(canonical("jane.+news@acme.com").as_deref(), Some("jane@acme.com"));
    }

    #[test]
    fn long_texts_are_refused() {
        for text in ["a", "ß", "@", ".", "a.", "<", "\u{301}", "\u{200b}", "xn--"] {
            let long = text.repeat(10_000);
            assert_eq!(normalized(&long), None, "{text}");
            assert_eq!(normalized(&format!("{long}@acme.com")), None, "{text}@");
            assert_eq!(normalized(&format!("jane@{long}.com")), None, "@{text}");
        }
    }

    #[test]
    fn atoms_are_made_of_these() {
        let special = "!#$%&'*+/=?^_`{|}~-";
        for byte in 0..128u8 {
            let c = char::from(byte);
            assert_eq!(
                is_ascii_atext(c),
                c.is_ascii_alphanumeric() || special.contains(c),
                "{c:?}"
            );
        }
    }

    /// Nearly addresses: the characters that decide, more often than others.
    fn nearly_an_address() -> impl Strategy<Value = String> {
        let odd: Vec<char> =
            "@.+<>\"- _İßΣé\u{301}\u{307}\u{200b}\u{feff}\u{212a}\u{37e}。食\0\n".chars().collect();
        let character = prop_oneof![
            4 => prop::char::range('A', 'z'),
            2 => prop::sample::select(odd),
            1 => any::<char>(),
        ];
        let text = prop::collection::vec(character, 0..20);
        (text.clone(), text).prop_map(|(local, host)| {
            local.into_iter().chain(['@']).chain(host).chain(".com".chars()).collect()
        })
    }

    proptest! {
        #![proptest_config(cases(512))]

        #[test]
        fn normal_forms_are_fixed_points(input in nearly_an_address()) {
            if let Some(normal) = normalized(&input) {
                prop_assert_eq!(normalized(&normal), Some(normal.clone()));
                prop_assert_eq!(canonical(&normal), canonical(&input));
                let canonical_form = canonical(&normal).unwrap();
                prop_assert_eq!(canonical(&canonical_form), Some(canonical_form.clone()));
                prop_assert_eq!(domain(&input), domain(&normal));
            }
        }

        /// The short way gives what the long way gives.
        #[test]
        fn plain_addresses_are_read_by_the_book(
            input in prop_oneof![
                nearly_an_address(),
                r"[A-Za-z.+'-]{0,6}[a-zA-Z0-9]{0,66}@[A-Za-z.-]{0,8}[a-z]\.[a-z]{2}\.?",
            ],
        ) {
            if let Some(plain) = Plain::parse(&input) {
                let host = plain.host.host.to_ascii_lowercase();
                let address = plain.address();
                prop_assert_eq!(address.domain(), host);
                prop_assert_eq!(Some(address), Address::by_the_book(&input));
            }
        }

        /// Common addresses do take the short way.
        #[test]
        fn common_addresses_are_plain(input in r"[A-Za-z0-9_+-]{1,20}(\.[a-z]{1,9})?@[A-Za-z]{1,9}\.com") {
            prop_assert!(Plain::parse(&input).is_some(), "{}", input);
        }

        #[test]
        fn any_text_is_read_without_panic(input in any::<String>()) {
            for text in [input.clone(), format!("{input}@acme.com"), format!("jane@{input}.com")] {
                let _ = (canonical(&text), domain(&text), domain::registrable(&text));
            }
        }
    }
}
