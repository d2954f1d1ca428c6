//! Who is who, as a project's own tables say: CSV files in its folder `identity`, which a person
//! writes where the data alone does not tell. Each may be missing, and is then empty.

mod account;
mod table;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use paydirt_udfs::identity::{Lists, domain, email};

use crate::config::Project;
use crate::error::{Error, Result};
use table::{Row, Table};

/// The schema of these tables.
pub const SCHEMA: &str = "identity";

const ALIASES: Table = Table {
    name: "aliases",
    columns: &["domain", "account"],
    sentence: "Domains that belong to an account, from identity/aliases.csv.",
    template: include_str!("aliases.csv"),
};
const INTERNAL_DOMAINS: Table = Table {
    name: "internal_domains",
    columns: &["domain"],
    sentence: "Domains of own staff, from paydirt.toml and identity/internal_domains.csv.",
    template: include_str!("internal_domains.csv"),
};
const OVERRIDES: Table = Table {
    name: "overrides",
    columns: &["kind", "key", "account"],
    sentence: "Addresses, users and Stripe customers with the account they belong to, or none, \
        from identity/overrides.csv.",
    template: include_str!("overrides.csv"),
};
const TABLES: [&Table; 3] = [&ALIASES, &INTERNAL_DOMAINS, &OVERRIDES];

/// What an override may be about.
const KINDS: [&str; 3] = ["email", "user", "customer"];

/// The rows of all three tables, each in normal form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    aliases: Vec<Alias>,
    internal_domains: BTreeSet<String>,
    overrides: Vec<Override>,
}

/// A domain that belongs to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Alias {
    line: u64,
    domain: String,
    /// An account id or a Stripe customer.
    account: String,
}

/// Whose account is settled by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Override {
    line: u64,
    kind: String,
    key: String,
    /// An account id or a Stripe customer; `None`: no account.
    account: Option<String>,
}

impl Identity {
    /// Reads the tables of a project. A row that cannot be meant is an error with file, line and
    /// field.
    pub fn read(project: &Project, lists: &Lists) -> Result<Self> {
        let dir = project.identity_dir();
        let internal = &project.config.identity.internal_domains;
        let mut identity = Self {
            aliases: aliases(&ALIASES.read(&dir)?, lists)?,
            internal_domains: internal.iter().map(|domain| domain.to_lowercase()).collect(),
            overrides: overrides(&OVERRIDES.read(&dir)?, lists)?,
        };
        for row in INTERNAL_DOMAINS.read(&dir)? {
            identity.internal_domains.insert(registrable(&row, 0)?);
        }
        Ok(identity)
    }

    /// User ids whose account is settled by hand.
    pub fn overridden_users(&self) -> BTreeSet<String> {
        let users = self.overrides.iter().filter(|rule| rule.kind == "user");
        users.map(|rule| rule.key.clone()).collect()
    }

    /// Every table by name.
    pub fn relations(&self) -> Result<Vec<(&'static str, RecordBatch)>> {
        let text = |values: Vec<Option<&str>>| Arc::new(StringArray::from(values)) as ArrayRef;
        let lines = |values: Vec<i64>| Arc::new(Int64Array::from(values)) as ArrayRef;
        let aliases = RecordBatch::try_from_iter_with_nullable([
            ("domain", text(self.aliases.iter().map(|it| Some(&*it.domain)).collect()), false),
            ("account", text(self.aliases.iter().map(|it| Some(&*it.account)).collect()), false),
            ("line", lines(self.aliases.iter().map(|it| it.line as i64).collect()), false),
        ])?;
        let domains = self.internal_domains.iter().map(|domain| Some(domain.as_str())).collect();
        let internal =
            RecordBatch::try_from_iter_with_nullable([("domain", text(domains), false)])?;
        let account = self.overrides.iter().map(|it| it.account.as_deref()).collect();
        let overrides = RecordBatch::try_from_iter_with_nullable([
            ("kind", text(self.overrides.iter().map(|it| Some(&*it.kind)).collect()), false),
            ("key", text(self.overrides.iter().map(|it| Some(&*it.key)).collect()), false),
            ("account", text(account), true),
            ("line", lines(self.overrides.iter().map(|it| it.line as i64).collect()), false),
        ])?;
        Ok(vec![
            (ALIASES.name, aliases),
            (INTERNAL_DOMAINS.name, internal),
            (OVERRIDES.name, overrides),
        ])
    }
}

/// What a table of this name holds, in a sentence.
pub fn sentence(name: &str) -> Option<&'static str> {
    TABLES.iter().find(|table| table.name == name).map(|table| table.sentence)
}

/// Writes the tables of a new project: a head line, and what belongs below it as comments.
pub fn write_templates(dir: &Path) -> Result<()> {
    TABLES.iter().try_for_each(|table| table.write_template(dir))
}

fn aliases(rows: &[Row], lists: &Lists) -> Result<Vec<Alias>> {
    let mut aliases: Vec<Alias> = vec![];
    for row in rows {
        let domain = registrable(row, 0)?;
        if lists.mail.company_domain(&domain).is_none() {
            return Err(row
                .error(0, format!("`{domain}` is no company's: anybody may have it"))
                .hint(
                    "an override links one address of it; `free_mail_remove` in paydirt.toml \
                    makes it a company's",
                ));
        }
        let account = account::written(row, 1, lists)?
            .ok_or_else(|| row.error(1, "is empty").hint(account::FORMS))?;
        match aliases.iter().find(|alias| alias.domain == domain) {
            Some(other) if other.account == account => {}
            Some(other) => return Err(row.twice(0, &domain, other.line)),
            None => aliases.push(Alias { line: row.line, domain, account }),
        }
    }
    // An account is a name that stays: it is not looked up in turn.
    for row in rows {
        let Some(alias) = aliases.iter().find(|alias| alias.line == row.line) else { continue };
        let other = aliases.iter().find(|other| alias.account == format!("dom:{}", other.domain));
        if let Some(other) = other.filter(|other| other.account != alias.account) {
            let place = format!("`{}` is an alias itself, in line {}", other.domain, other.line);
            return Err(row.error(1, place).hint(format!("write {} here too", other.account)));
        }
    }
    Ok(aliases)
}

fn overrides(rows: &[Row], lists: &Lists) -> Result<Vec<Override>> {
    let mut overrides: Vec<Override> = vec![];
    for row in rows {
        let kind = row.fields[0].to_lowercase();
        if !KINDS.contains(&kind.as_str()) {
            return Err(row
                .error(0, format!("`{kind}` cannot be overridden"))
                .hint(format!("kinds are: {}", KINDS.join(", "))));
        }
        let written = row.fields[1].as_str();
        let key = match kind.as_str() {
            _ if written.is_empty() => return Err(row.error(1, "is empty")),
            "email" => match email::normalized(written) {
                Some(address) => address.into_owned(),
                None => {
                    return Err(row
                        .error(1, format!("`{written}` is not an e-mail address"))
                        .hint("the kind `user` takes any id that product events carry"));
                }
            },
            "user" if lists.placeholders.has(written) => {
                return Err(row
                    .error(1, format!("`{written}` is no user id: events of many users may say it"))
                    .hint(account::PLACEHOLDER));
            }
            _ => written.to_owned(),
        };
        let account = account::written(row, 2, lists)?;
        match overrides.iter().find(|other| other.kind == kind && other.key == key) {
            Some(other) if other.account == account => {}
            Some(other) => return Err(row.twice(1, &key, other.line)),
            None => overrides.push(Override { line: row.line, kind, key, account }),
        }
    }
    Ok(overrides)
}

/// A domain that somebody registered, in normal form: part of one would never be met.
fn registrable(row: &Row, field: usize) -> Result<String> {
    let written = row.fields[field].as_str();
    let error = |what: &str| -> Error { row.error(field, format!("`{written}` {what}")) };
    let registrable = domain::registrable(written)
        .ok_or_else(|| error("is not a domain").hint("write it as in an address: acme.com"))?;
    let normal = domain::normalized(written);
    if normal.is_some_and(|normal| normal != registrable) {
        return Err(error("is only part of a domain")
            .hint(format!("write {registrable}: it stands for all below it")));
    }
    Ok(registrable.into_owned())
}

#[cfg(test)]
mod tests;
