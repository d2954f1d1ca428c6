//! Addresses that nobody would write, 300,000 of them, the same each time: none is a panic, and a
//! normal form is its own normal form.

use std::ops::RangeInclusive;

use xxhash_rust::xxh3::xxh3_64;

use super::lists::MailLists;
use super::{domain, email, trim};

const ADDRESSES: u64 = 300_000;
/// One in so many is repeated up to this many bytes.
const LONG: (u64, usize) = (400, 10_240);

/// What addresses are made of, and what breaks them.
const PLAIN: [&str; 14] =
    ["a", "b", "jane", "Doe", "ACME", "7", "42", "-", "_", "x", "mail", "o'neil", "=", "é"];
const ODD: &[&str] = &[
    "..",
    ".",
    "+",
    "+tag",
    "@",
    "\"",
    "\\",
    "(",
    ")",
    ",",
    ";",
    ":",
    "<",
    ">",
    "[",
    "]",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\0",
    "\u{1b}",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{ad}",
    "\u{200b}",
    "\u{200d}",
    "\u{202e}",
    "\u{2028}",
    "\u{3000}",
    "\u{feff}",
    "\u{e0041}",
    "\u{301}",
    "\u{307}",
    "İ",
    "ı",
    "ß",
    "ẞ",
    "ſ",
    "ς",
    "Σ",
    "\u{212a}",
    "\u{37e}",
    "ﬁ",
    "食",
    "한",
    "한",
    "👩‍👩‍👧",
    "🏴",
    "ｊ",
    "𝐚",
    "\u{d7ff}",
    "\u{e000}",
    "\u{fffd}",
    "\u{10ffff}",
    "xn--",
    "XN--",
    "xn--mller-kva",
    "xn--a",
    "xn--0",
    "mailto:",
    "Jane <",
    "\"Jane Doe\" <",
    "%40",
    "=?utf-8?q?",
    "'",
    "`",
    "|",
    "/",
    "--",
];
const HOSTS: [&str; 14] = [
    "acme.com",
    "Acme.CO.uk",
    "gmail.com",
    "GoogleMail.com",
    "müller.de",
    "食狮.公司.cn",
    "b。c.org",
    "github.io",
    "acme.github.io",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "acme.com.",
    "x.123",
];

/// Numbers that follow from a seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(1);
        (xxh3_64(&self.0.to_le_bytes()) % limit as u64) as usize
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count as usize) == 0
    }

    fn text(&mut self, pieces: RangeInclusive<usize>, oddity: u64) -> String {
        let count = pieces.start() + self.below(pieces.end() - pieces.start() + 1);
        let mut text = String::new();
        for _ in 0..count {
            text += match self.one_in(oddity) {
                true => ODD[self.below(ODD.len())],
                false => PLAIN[self.below(PLAIN.len())],
            };
        }
        text
    }

    fn address(&mut self) -> String {
        let local = self.text(1..=5, 5);
        let host = match self.below(3) {
            0 => self.text(1..=4, 4) + ".com",
            _ => HOSTS[self.below(HOSTS.len())].to_owned(),
        };
        let text = match self.below(20) {
            0 => format!("Jane Doe <{local}@{host}>"),
            1 => format!("mailto:{local}@{host} "),
            2 => format!("{local}{host}"),
            _ => format!("{local}@{host}"),
        };
        if self.one_in(LONG.0) {
            let times = 1 + self.below(LONG.1 / text.len());
            return match self.below(3) {
                0 => text.repeat(times),
                1 => format!("{}@{host}", local.repeat(times)),
                _ => format!("{local}@{}com", format!("{host}.").repeat(times)),
            };
        }
        text
    }
}

#[test]
fn three_hundred_thousand_addresses_are_read_without_panic_and_stay_normal() {
    let lists = MailLists::default();
    let mut numbers = Numbers(0);
    let (mut valid, mut longest) = (0, 0);
    for _ in 0..ADDRESSES {
        let input = numbers.address();
        longest = longest.max(input.len());
        let host = input.rsplit_once('@').map_or(input.as_str(), |(_, host)| host);
        if let Some(registrable) = domain::registrable(host) {
            assert_eq!(domain::registrable(&registrable), Some(registrable.clone()), "{host:?}");
            let _ = (lists.is_free(&registrable), lists.company_domain(&registrable));
        }
        let Some(normal) = email::normalized(&input) else {
            assert_eq!(
                (email::canonical(&input), email::domain(&input)),
                (None, None),
                "{input:?}"
            );
            continue;
        };
        valid += 1;
        assert_eq!(email::normalized(&normal), Some(normal.clone()), "{input:?}");
        assert_eq!(trim(&normal), normal, "{input:?}");
        assert_eq!(normal.matches('@').count(), 1, "{input:?}");
        assert!(!normal.contains(|c: char| c.is_whitespace() || c.is_control()), "{input:?}");
        let canonical = email::canonical(&normal);
        assert_eq!(email::canonical(&input), canonical, "{input:?}");
        let canonical = canonical.expect("a valid address has a canonical form");
        assert_eq!(email::canonical(&canonical), Some(canonical.clone()), "{input:?}");
        assert_eq!(email::normalized(&canonical), Some(canonical.clone()), "{input:?}");
        assert_eq!(email::domain(&input), email::domain(&normal), "{input:?}");
    }
    // Neither all right nor all wrong, and some as long as they come.
    assert!((60_000..240_000).contains(&valid), "{valid} of {ADDRESSES} are valid");
    assert!(longest > 9_000, "{longest} bytes at most");
}
