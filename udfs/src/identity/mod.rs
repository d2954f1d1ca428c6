//! Who somebody is: e-mail addresses, domains, and which of them may stand for a company.
//!
//! Each rule is a plain Rust function in a file of its own; [`scalar_functions`] is the one list of
//! what SQL sees of them.

pub mod domain;
pub mod email;
#[cfg(test)]
mod fuzz;
mod group_key;
mod identity_key;
pub mod lists;
pub mod placeholder;
mod sql;

use std::borrow::Cow;

pub use group_key::group_key;
use lists::MailLists;
use placeholder::Placeholders;
pub use sql::scalar_functions;

/// What identity functions look up: the built-in lists with a user's corrections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Lists {
    pub mail: MailLists,
    pub placeholders: Placeholders,
}

/// The domain of an e-mail address, or the text itself as a domain, in normal form.
pub fn mail_domain(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('@') { email::domain(text) } else { domain::of_host(text) }
}

/// Without blanks and invisible characters at the ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || invisible(c))
}

/// Characters of no width: joiners, marks of direction, soft hyphens, tags.
pub(crate) fn invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}
