//! Host names: one normal form, and the part of it that somebody registered.

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// The host in normal form: A-labels, lower case, no final dot, at least two labels.
///
/// `None` for what is not a host name on the internet: single labels, IP addresses, all-digit
/// top-level domains, characters or lengths that DNS forbids. Borrows when nothing had to change.
pub fn normalized(host: &str) -> Option<Cow<'_, str>> {
    let ascii = match plain_ascii(host) {
        Some(Case::Lower) => Cow::Borrowed(host),
        Some(Case::Mixed) => Cow::Owned(host.to_ascii_lowercase()),
        None => Uts46::new()
            .to_ascii(
                host.as_bytes(),
                AsciiDenyList::STD3,
                Hyphens::CheckFirstLast,
                DnsLength::VerifyAllowRootDot,
            )
            .ok()?,
    };
    let name = without_final_dot(ascii);
    let (_, top) = name.rsplit_once('.')?;
    if top.bytes().all(|b| b.is_ascii_digit()) { None } else { Some(name) }
}

/// The registrable domain of a host (`acme.co.uk` of `www.acme.co.uk`), by the Public Suffix List
/// with its private section. `None` for a bare suffix, an unlisted suffix, and whatever
/// [`normalized`] refuses.
pub fn registrable(host: &str) -> Option<Cow<'_, str>> {
    match of_host(host)? {
        Cow::Borrowed(name) => registrable_part(name).map(Cow::Borrowed),
        Cow::Owned(name) => registrable_part(&name).map(|part| Cow::Owned(part.to_owned())),
    }
}

/// [`normalized`], forgiving blanks around the host.
pub(crate) fn of_host(host: &str) -> Option<Cow<'_, str>> {
    normalized(super::trim(host))
}

/// The registrable domain of a host that is already in normal form: a suffix of it.
pub(crate) fn registrable_part(normal: &str) -> Option<&str> {
    let domain = psl::domain(normal.as_bytes())?;
    if !domain.suffix().is_known() {
        return None;
    }
    std::str::from_utf8(domain.as_bytes()).ok()
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

enum Case {
    Lower,
    Mixed,
}

/// Whether UTS-46 would do no more than lower the case: true of nearly every host there is.
fn plain_ascii(host: &str) -> Option<Case> {
    let labels = host.strip_suffix('.').unwrap_or(host);
    if labels.len() > 253 {
        return None;
    }
    let mut case = Case::Lower;
    for label in labels.as_bytes().split(|&b| b == b'.') {
        let (first, last) = (*label.first()?, *label.last()?);
        if label.len() > 63 || first == b'-' || last == b'-' {
            return None;
        }
        if label.len() > 3 && label[2] == b'-' && label[3] == b'-' {
            return None;
        }
        for byte in label {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'-' => {}
                b'A'..=b'Z' => case = Case::Mixed,
                _ => return None,
            }
        }
    }
    Some(case)
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

    /// Hosts with every oddity that plain ASCII can have.
    const HOSTS: &str = r"([A-Za-z0-9-]{0,6}(--)?[a-z0-9-]{1,62}\.){0,5}[a-z0-9]{0,4}\.?";

    proptest! {
        #![proptest_config(cases(512))]

        /// The short cut for plain ASCII gives what UTS-46 gives.
        #[test]
        fn plain_hosts_need_no_idna(host in HOSTS) {
            let by_the_book = Uts46::new()
                .to_ascii(
                    host.as_bytes(),
                    AsciiDenyList::STD3,
                    Hyphens::CheckFirstLast,
                    DnsLength::VerifyAllowRootDot,
                )
                .ok();
            if plain_ascii(&host).is_some() {
                prop_assert_eq!(Some(host.to_ascii_lowercase()), by_the_book.map(Cow::into_owned));
            }
        }
    }
}
