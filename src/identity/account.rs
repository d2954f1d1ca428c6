//! How people write an account.

use paydirt_udfs::identity::{Lists, domain, email};

use super::table::Row;
use crate::error::Result;

pub(super) const FORMS: &str = "an account is a domain (acme.com), a Stripe customer (cus_…) or an \
    account id as models.accounts shows it (dom:acme.com, acc:42)";
pub(super) const PLACEHOLDER: &str = "programs write it where an id is missing; \
    `placeholder_ids_remove` in paydirt.toml makes it an id";

/// The account that a field names: an account id, or a Stripe customer whose account it is. `None`
/// where the field is empty.
pub(super) fn written(row: &Row, field: usize, lists: &Lists) -> Result<Option<String>> {
    let text = row.fields[field].as_str();
    let refused = |what: &str| Err(row.error(field, format!("`{text}` {what}")).hint(FORMS));
    let company = |name: &str| {
        let normal = domain::normalized(name)?;
        let is_company = lists.mail.company_domain(&normal) == Some(&*normal);
        is_company.then(|| format!("dom:{normal}"))
    };
    let account = match text.split_once(':') {
        _ if text.is_empty() => return Ok(None),
        Some((_, "")) => None,
        Some(("acc", id)) if lists.placeholders.has(id) => {
            let what = format!("`{text}` names no account");
            return Err(row.error(field, what).hint(PLACEHOLDER));
        }
        Some(("acc" | "cus", _)) => Some(text.to_owned()),
        Some(("dom", name)) => company(name),
        Some(("em", address)) => email::canonical(address).map(|address| format!("em:{address}")),
        Some(_) => None,
        None if text.starts_with("cus_") => Some(text.to_owned()),
        None if text.contains('@') => return refused("is an address, not an account"),
        None if domain::registrable(text).is_some() => match company(text) {
            None => return refused("is not the domain of one company"),
            account => account,
        },
        None => None,
    };
    match account {
        None => refused("names no account"),
        account => Ok(account),
    }
}
