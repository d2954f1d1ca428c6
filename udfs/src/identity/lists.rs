//! Mail domains that say nothing about a company: free, disposable, relay and shared hosts.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

use super::domain;

/// Corrections of the free mail list, as a user writes them: domains in any spelling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FreeMail {
    /// Takes the place of the built-in list.
    pub free_mail_domains: Option<Vec<String>>,
    /// Domains that are free mail as well.
    pub free_mail_add: Vec<String>,
    /// Domains that are not free mail; wins over the other two.
    pub free_mail_remove: Vec<String>,
}

/// An entry of a user's list that is not a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotADomain(pub String);

impl fmt::Display for NotADomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a domain", self.0)
    }
}

impl std::error::Error for NotADomain {}

/// The built-in lists with a user's corrections.
///
/// A domain is on a list if it or one of its parents down to the registrable domain is. Where a
/// domain and its parent disagree, the longer name decides. Domains are asked for in the form that
/// [`domain::normalized`] gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailLists {
    replaced: Option<BTreeSet<String>>,
    added: BTreeSet<String>,
    removed: BTreeSet<String>,
    /// Hash of the above: plans hash their functions often, and user lists can be long.
    fingerprint: u64,
}

impl Default for MailLists {
    fn default() -> Self {
        Self::from_sets(None, BTreeSet::new(), BTreeSet::new())
    }
}

impl Hash for MailLists {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fingerprint.hash(state);
    }
}

impl MailLists {
    pub fn new(free_mail: &FreeMail) -> Result<Self, NotADomain> {
        Ok(Self::from_sets(
            free_mail.free_mail_domains.as_deref().map(normal_set).transpose()?,
            normal_set(&free_mail.free_mail_add)?,
            normal_set(&free_mail.free_mail_remove)?,
        ))
    }

    fn from_sets(
        replaced: Option<BTreeSet<String>>,
        added: BTreeSet<String>,
        removed: BTreeSet<String>,
    ) -> Self {
        let mut hasher = DefaultHasher::new();
        (&replaced, &added, &removed).hash(&mut hasher);
        Self { replaced, added, removed, fingerprint: hasher.finish() }
    }

    /// Whether anybody can get an address of this domain.
    pub fn is_free(&self, domain: &str) -> bool {
        domain::levels(domain).find_map(|level| self.free_mail_entry(level)).unwrap_or(false)
    }

    /// Whether addresses of this domain are made to be thrown away.
    pub fn is_disposable(&self, domain: &str) -> bool {
        domain::levels(domain).any(|level| built_in(level).has(Kinds::DISPOSABLE))
    }

    /// Whether this domain forwards mail or belongs to a system, hiding who writes.
    pub fn is_relay(&self, domain: &str) -> bool {
        domain::levels(domain).any(|level| built_in(level).has(Kinds::RELAY))
    }

    /// The registrable domain, if it may stand for one company: not free, disposable, relay or a
    /// host shared by many tenants.
    pub fn company_domain<'a>(&self, domain: &'a str) -> Option<&'a str> {
        const NEVER: Kinds = Kinds(Kinds::DISPOSABLE.0 | Kinds::RELAY.0 | Kinds::SHARED.0);
        let registrable = domain::registrable_part(domain)?;
        let is_never = domain::levels(domain).any(|level| built_in(level).has(NEVER));
        (!is_never && !self.is_free(domain)).then_some(registrable)
    }

    /// What the lists say about exactly this name; `None` if nothing.
    fn free_mail_entry(&self, name: &str) -> Option<bool> {
        if self.removed.contains(name) {
            return Some(false);
        }
        let is_listed = match &self.replaced {
            Some(replaced) => replaced.contains(name),
            None => {
                let kinds = built_in(name);
                kinds.has(Kinds::FREE) || !kinds.has(Kinds::COMPANY) && is_of_a_family(name)
            }
        };
        (is_listed || self.added.contains(name)).then_some(true)
    }

    /// The lists in use, each with its number of names and the day it is of.
    pub fn dated(&self) -> Vec<DatedList> {
        let count = |kind| BUILT_IN.values().filter(|kinds| kinds.has(kind)).count();
        let mut lists = vec![];
        if self.replaced.is_none() {
            // A disposable domain counts as free mail, but is one of its own list.
            let free = BUILT_IN.values().filter(|it| it.has(Kinds::FREE));
            let names = free.filter(|it| !it.has(Kinds::DISPOSABLE)).count();
            lists.push(DatedList { name: "free mail", names: Some(names), date: FREE_MAIL_DATE });
        }
        let names = Some(count(Kinds::DISPOSABLE));
        lists.push(DatedList { name: "throw-away mail", names, date: DISPOSABLE_DATE });
        lists.push(DatedList { name: "public suffixes", names: None, date: PUBLIC_SUFFIX_DATE });
        lists
    }
}

/// A built-in list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedList {
    pub name: &'static str,
    /// How many; `None` where the list is no list of names.
    pub names: Option<usize>,
    /// `YYYY-MM-DD`.
    pub date: &'static str,
}

/// When the newest package of each list was published: `lists/README.md`.
const FREE_MAIL_DATE: &str = "2026-09-23";
const DISPOSABLE_DATE: &str = "2026-11-09";
/// Of `psl` 2.1.247.
const PUBLIC_SUFFIX_DATE: &str = "2026-11-05";

fn normal_set(domains: &[String]) -> Result<BTreeSet<String>, NotADomain> {
    domains
        .iter()
        .map(|entry| match domain::of_host(entry) {
            Some(name) => Ok(name.into_owned()),
            None => Err(NotADomain(entry.clone())),
        })
        .collect()
}

/// The lists one name is on.
#[derive(Debug, Clone, Copy, Default)]
struct Kinds(u8);

impl Kinds {
    const FREE: Self = Self(1);
    const DISPOSABLE: Self = Self(2);
    const RELAY: Self = Self(4);
    const SHARED: Self = Self(8);
    /// Some list takes it for a provider, but it is not.
    const COMPANY: Self = Self(16);

    fn has(self, any_of: Self) -> bool {
        self.0 & any_of.0 != 0
    }
}

static BUILT_IN: LazyLock<HashMap<&str, Kinds>> = LazyLock::new(|| {
    let mut names: HashMap<&str, Kinds> = HashMap::with_capacity(20_000);
    let mut add = |list: &'static str, kind: Kinds| {
        for name in entries(list) {
            names.entry(name).or_default().0 |= kind.0;
        }
    };
    add(include_str!("../../lists/free_mail.txt"), Kinds::FREE);
    add(include_str!("../../lists/free_mail_additions.txt"), Kinds::FREE);
    // Who throws addresses away gives them away, too: the free mail list leaves these out.
    let disposable = Kinds(Kinds::FREE.0 | Kinds::DISPOSABLE.0);
    add(include_str!("../../lists/disposable.txt"), disposable);
    add(include_str!("../../lists/disposable_additions.txt"), disposable);
    add(include_str!("../../lists/relay.txt"), Kinds::RELAY);
    add(include_str!("../../lists/shared_hosts.txt"), Kinds::SHARED);
    for name in entries(include_str!("../../lists/free_mail_removals.txt")) {
        names.insert(name, Kinds::COMPANY);
    }
    names
});

fn built_in(name: &str) -> Kinds {
    BUILT_IN.get(name).copied().unwrap_or_default()
}

/// Whether a provider has this name in one of its countries: `yahoo.co.zw`, `gmx.info`.
fn is_of_a_family(name: &str) -> bool {
    // Every company's domain is looked for here: of a few names, sorted, that costs less than a hash.
    static FAMILIES: LazyLock<Vec<&str>> =
        LazyLock::new(|| entries(include_str!("../../lists/free_mail_families.txt")).collect());
    let Some((label, suffix)) = name.split_once('.') else { return false };
    // Below a private suffix (`yahoo.github.io`) anybody may take the name.
    FAMILIES.binary_search(&label).is_ok()
        && psl::suffix(name.as_bytes()).is_some_and(|known| {
            known.typ() == Some(psl::Type::Icann) && known.as_bytes() == suffix.as_bytes()
        })
}

/// Whether an untagged local part names a function; dots, hyphens and underscores do not count.
pub(super) fn is_role(local: &str) -> bool {
    static ROLES: LazyLock<HashSet<&str>> =
        LazyLock::new(|| entries(include_str!("../../lists/role_accounts.txt")).collect());
    if local.contains(['.', '-', '_']) {
        ROLES.contains(local.replace(['.', '-', '_'], "").as_str())
    } else {
        ROLES.contains(local)
    }
}

fn entries(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(replace: Option<&[&str]>, add: &[&str], remove: &[&str]) -> MailLists {
        let owned = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        MailLists::new(&FreeMail {
            free_mail_domains: replace.map(owned),
            free_mail_add: owned(add),
            free_mail_remove: owned(remove),
        })
        .unwrap()
    }

    #[test]
    fn parents_count_down_to_the_registrable_domain() {
        let built_in = MailLists::default();
        assert!(built_in.is_free("gmail.com"));
        assert!(built_in.is_free("sub.jane.fastmail.com"));
        assert!(built_in.is_disposable("inbox.mailinator.com"));
        assert!(built_in.is_relay("jane.anonaddy.com"));
        assert!(!built_in.is_free("acme.eu.com"));
        // A listed sub-domain says nothing about its parent.
        assert!(built_in.is_free("privaterelay.appleid.com"));
        assert!(!built_in.is_free("appleid.com"));
    }

    #[test]
    fn company_domain_wants_one_company() {
        let built_in = MailLists::default();
        assert_eq!(built_in.company_domain("eu.mail.acme.co.uk"), Some("acme.co.uk"));
        assert_eq!(built_in.company_domain("acme.github.io"), Some("acme.github.io"));
        for domain in [
            "gmail.com",
            "mailinator.com",
            "users.noreply.github.com",
            "acme.wordpress.com",
            "wordpress.com",
            "github.io",
            "acme.local",
        ] {
            assert_eq!(built_in.company_domain(domain), None, "{domain}");
        }
    }

    #[test]
    fn user_corrections_decide() {
        let corrected = lists(None, &["Acme.com"], &["gmail.com", "corp.fastmail.com"]);
        assert!(corrected.is_free("mail.acme.com"));
        assert!(!corrected.is_free("gmail.com"));
        assert!(corrected.is_free("fastmail.com"));
        assert!(!corrected.is_free("eu.corp.fastmail.com"));
        assert_eq!(corrected.company_domain("gmail.com"), Some("gmail.com"));

        let replaced = lists(Some(&["bücher.de"]), &["acme.com"], &["acme.com"]);
        assert!(replaced.is_free("xn--bcher-kva.de"));
        assert!(!replaced.is_free("gmail.com"));
        assert!(!replaced.is_free("acme.com"), "a removal wins");
        assert!(replaced.is_disposable("mailinator.com"));
    }

    #[test]
    fn a_user_entry_that_is_no_domain_is_refused() {
        let free_mail = FreeMail { free_mail_add: vec!["@acme".into()], ..Default::default() };
        assert_eq!(MailLists::new(&free_mail), Err(NotADomain("@acme".into())));
    }

    #[test]
    fn equal_lists_are_equal_functions() {
        let one = lists(None, &["b.com", "a.com"], &[]);
        let two = lists(None, &["A.com", "b.com"], &[]);
        assert_eq!(one, two);
        assert_eq!(one.fingerprint, two.fingerprint);
        assert_ne!(one, MailLists::default());
    }

    #[test]
    fn a_provider_has_its_name_in_every_country() {
        let built_in = MailLists::default();
        for domain in ["yahoo.co.zw", "gmx.info", "mail.jane.gmx.org", "hotmail.com.hk", "mail.ee"]
        {
            assert!(built_in.is_free(domain), "{domain}");
        }
        for domain in ["gmx.io", "yahoo.github.io", "gmx.acme.com", "yahooinc.com", "gmx.local"] {
            assert!(!built_in.is_free(domain), "{domain}");
        }
        assert!(!lists(Some(&["acme.com"]), &[], &[]).is_free("gmx.info"));
        assert!(!lists(None, &[], &["gmx.info"]).is_free("gmx.info"));
        assert!(lists(None, &["gmx.io", "clerk.com"], &[]).is_free("clerk.com"));
    }

    #[test]
    fn mail_providers_and_companies_are_told_apart() {
        let built_in = MailLists::default();
        // Country variants, mail of internet providers, aliases, misspellings.
        for provider in [
            "gmx.org",
            "myyahoo.com",
            "startmail.com",
            "use.startmail.com",
            "passmail.net",
            "altibox.no",
            "icloud.nl",
            "aol.de",
            "online.de",
            "interia.eu",
            "lyse.net",
            "aleeas.com",
            "centurylink.net",
            "comhem.se",
            "marketplace.amazon.de",
            "pchome.com.tw",
            "gmial.com",
        ] {
            assert_eq!(built_in.company_domain(provider), None, "{provider}");
        }
        for company in [
            "mailinblack.com",
            "bolt.com",
            "bt.com",
            "clerk.com",
            "cox.com",
            "discovery.com",
            "eurosport.com",
            "example.com",
            "nus.edu.sg",
            "parrot.com",
            "poetic.com",
            "xoom.com",
            "kennedy808.com",
        ] {
            assert_eq!(built_in.company_domain(company), Some(company));
        }
    }

    #[test]
    fn lists_have_a_date_and_a_number_of_names() {
        let dated = MailLists::default().dated();
        let names: Vec<&str> = dated.iter().map(|list| list.name).collect();
        assert_eq!(names, ["free mail", "throw-away mail", "public suffixes"]);
        assert!(dated.iter().all(|list| list.names != Some(0) && list.date.starts_with("20")));
        assert_eq!(lists(Some(&[]), &[], &[]).dated().len(), 2, "one's own list has no date");
        let lock = include_str!("../../../Cargo.lock");
        assert!(lock.contains("name = \"psl\"\nversion = \"2.1.247\""), "a new date is due");
    }

    #[test]
    fn list_files_are_normal_sorted_and_disjoint() {
        for (file, list) in [
            ("free_mail", include_str!("../../lists/free_mail.txt")),
            ("free_mail_additions", include_str!("../../lists/free_mail_additions.txt")),
            ("disposable", include_str!("../../lists/disposable.txt")),
            ("disposable_additions", include_str!("../../lists/disposable_additions.txt")),
            ("relay", include_str!("../../lists/relay.txt")),
            ("shared_hosts", include_str!("../../lists/shared_hosts.txt")),
        ] {
            let names: Vec<&str> = entries(list).collect();
            assert!(!names.is_empty() && names.is_sorted(), "{file}");
            for name in names {
                assert_eq!(domain::normalized(name).as_deref(), Some(name), "{file}");
            }
        }
        let families: Vec<&str> =
            entries(include_str!("../../lists/free_mail_families.txt")).collect();
        assert!(families.is_sorted() && families.iter().all(|name| !name.contains('.')));
    }
}
