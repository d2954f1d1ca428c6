//! Host names: one normal form, and the part of it that somebody registered.

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// The host in normal form: A-labels, lower case, no final dot, at least two labels.
///
/// `None` for what is not a host name on the internet: single labels, IP addresses, all-digit
/// top-level domains, characters or lengths that DNS forbids. Borrows when nothing had to change.
pub fn normalized(host: &str) -> Option<Cow<'_, str>> {
    match plain(host) {
        Some(plain) => Some(plain.lower()),
        None => by_the_book(host),
    }
}

/// The registrable domain of a host (`acme.co.uk` of `www.acme.co.uk`), by the Public Suffix List
/// with its private section. `None` for a bare suffix, an unlisted suffix, and whatever
/// [`normalized`] refuses.
pub fn registrable(host: &str) -> Option<Cow<'_, str>> {
    match of_host(host)? {
        Cow::Borrowed(name) => registrable_part(name).map(Cow::Borrowed),
        Cow::Owned(mut name) => {
            let part = registrable_part(&name)?.len();
            name.drain(..name.len() - part);
            Some(Cow::Owned(name))
        }
    }
}

/// [`normalized`], forgiving blanks around the host.
pub(crate) fn of_host(host: &str) -> Option<Cow<'_, str>> {
    match plain(host) {
        Some(plain) => Some(plain.lower()),
        None => normalized(super::trim(host)),
    }
}

/// The registrable domain of a host that is already in normal form: a suffix of it.
pub(crate) fn registrable_part(normal: &str) -> Option<&str> {
    let domain = psl::domain(normal.as_bytes())?;
    if !domain.suffix().is_known() {
        return None;
    }
    normal.get(normal.len() - domain.as_bytes().len()..)
}

/// A normal host and its parents, most specific first, down to its registrable domain.
pub(crate) fn levels(normal: &str) -> impl Iterator<Item = &str> {
    // Two labels have no parent worth asking for, which spares most mail domains the list look-up.
    let floor = match normal.bytes().filter(|&b| b == b'.').count() {
        0 | 1 => normal.len(),
        _ => registrable_part(normal).unwrap_or(normal).len(),
    };
    std::iter::successors(Some(normal), move |level| {
        if level.len() <= floor {
            return None;
        }
        level.split_once('.').map(|(_, parent)| parent)
    })
}

/// A host that needs no more than its case lowered, which is true of nearly every one there is.
#[derive(Clone, Copy)]
pub(super) struct Plain<'a> {
    /// Without a final dot.
    pub(super) host: &'a str,
    pub(super) is_lower: bool,
}

impl<'a> Plain<'a> {
    pub(super) fn lower(self) -> Cow<'a, str> {
        match self.is_lower {
            true => Cow::Borrowed(self.host),
            false => Cow::Owned(self.host.to_ascii_lowercase()),
        }
    }
}

/// The short way to a normal form, in one pass over the bytes. `None` says nothing about the host
/// but that it takes the long way, [`by_the_book`].
#[inline]
pub(super) fn plain(host: &str) -> Option<Plain<'_>> {
    /// As long as one label may be, so that no label needs to be measured.
    const MAX: usize = 63;
    let host = host.strip_suffix('.').unwrap_or(host);
    let bytes = host.as_bytes();
    // A top-level domain of digits alone ends in one.
    if bytes.len() > MAX || !bytes.last()?.is_ascii_alphabetic() {
        return None;
    }
    let (mut seen, mut refused, mut before) = (0, 0, BETWEEN);
    for &byte in bytes {
        let class = CLASSES[usize::from(byte)];
        seen |= class;
        // Of two dots or hyphens in a row, at most `a--b` is right, which hardly anybody has.
        refused |= class & before & BETWEEN;
        before = class;
    }
    let is_plain = seen & OTHER == 0 && seen & DOT != 0 && refused == 0;
    is_plain.then_some(Plain { host, is_lower: seen & UPPER == 0 })
}

const OTHER: u8 = 1;
const UPPER: u8 = 2;
const DOT: u8 = 4;
/// Dots and hyphens: neither first nor last in a label.
const BETWEEN: u8 = 8;

/// What a byte means in a host.
const CLASSES: [u8; 256] = {
    let mut classes = [OTHER; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'0'..=b'9' => 0,
            b'A'..=b'Z' => UPPER,
            b'-' => BETWEEN,
            b'.' => BETWEEN | DOT,
            _ => OTHER,
        };
        byte += 1;
    }
    classes
};

/// The normal form by UTS-46, of any host.
pub(super) fn by_the_book(host: &str) -> Option<Cow<'_, str>> {
    let ascii = Uts46::new()
        .to_ascii(
            host.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::VerifyAllowRootDot,
        )
        .ok()?;
    let name = without_final_dot(ascii);
    let (_, top) = name.rsplit_once('.')?;
    if top.bytes().all(|b| b.is_ascii_digit()) { None } else { Some(name) }
}

fn without_final_dot(name: Cow<'_, str>) -> Cow<'_, str> {
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(name.strip_suffix('.').unwrap_or(name)),
        Cow::Owned(mut name) => {
            if name.ends_with('.') {
                name.pop();
            }
            Cow::Owned(name)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tests::cases;

    #[test]
    fn levels_end_at_the_registrable_domain() {
        let of = |host| levels(host).collect::<Vec<_>>();
        assert_eq!(of("a.b.acme.co.uk"), ["a.b.acme.co.uk", "b.acme.co.uk", "acme.co.uk"]);
        assert_eq!(of("acme.com"), ["acme.com"]);
        assert_eq!(of("s3.amazonaws.com"), ["s3.amazonaws.com"]);
        assert_eq!(of("a.acme.local"), ["a.acme.local"]);
    }

    #[test]
    fn hosts_may_carry_blanks() {
        assert_eq!(registrable(" WWW.Acme.com. ").as_deref(), Some("acme.com"));
        assert_eq!(registrable("https://acme.com"), None);
        assert_eq!(registrable("acme.com:443"), None);
        assert_eq!(registrable("::1"), None);
    }

    /// Hosts with every oddity that ASCII can have, and some that it cannot.
    const HOSTS: &str =
        r"([A-Za-z0-9-]{0,6}(--)?[a-z0-9-]{1,62}\.){0,5}[a-zA-Z0-9_ é@-]{0,4}[a-z0-9]{0,3}\.{0,2}";

    proptest! {
        #![proptest_config(cases(2048))]

        /// The short way gives what UTS-46 gives.
        #[test]
        fn plain_hosts_need_no_idna(host in HOSTS) {
            if let Some(plain) = plain(&host) {
                prop_assert_eq!(Some(plain.lower()), by_the_book(&host), "{}", host);
            }
        }

        /// Common hosts do take the short way.
        #[test]
        fn common_hosts_are_plain(host in r"([A-Za-z0-9]{1,9}\.){1,4}[A-Za-z]{2,6}\.?") {
            prop_assert!(plain(&host).is_some(), "{}", host);
        }
    }
}
