//! The identity functions of SQL. Adding one is one entry here.

use std::borrow::Cow;
use std::hash::Hash;
use std::sync::Arc;

use datafusion_expr::{DocSection, ScalarUDF};

use super::email::{self, Address};
use super::group_key::GroupKey;
use super::identity_key::IdentityKey;
use super::{Lists, domain, mail_domain};
use crate::documentation;
use crate::text::{Body, TextFunction};

pub(super) const SECTION: DocSection = DocSection {
    include: true,
    label: "Identity Functions",
    description: Some("E-mail addresses, domains and account keys in one normal form."),
};

/// All identity functions; those that ask a list ask these.
pub fn scalar_functions(lists: Arc<Lists>) -> Vec<ScalarUDF> {
    vec![
        Entry {
            name: "email_normalized",
            body: Body::Text(|_, email| email::normalized(email)),
            argument: EMAIL,
            description: "The address in normal form: lower case, domain in A-labels, no display \
                name. NULL if it is not one valid address. Addresses equal in this form are one.",
            example: "select email_normalized('Jane Doe <Jane@Acme.com>');\n-- jane@acme.com",
            related: &["email_canonical"],
        }
        .with(()),
        Entry {
            name: "email_canonical",
            body: Body::Text(|_, email| email::canonical(email)),
            argument: EMAIL,
            description: "The normal form without `+tag`, without Gmail's dots and with gmail.com \
                for googlemail.com: equal for addresses that most probably reach one person.",
            example: "select email_canonical('J.Ane+news@googlemail.com');\n-- jane@gmail.com",
            related: &["email_normalized"],
        }
        .with(()),
        Entry {
            name: "email_domain",
            body: Body::Text(|_, email| email::domain(email)),
            argument: EMAIL,
            description: "The domain of an e-mail address, in lower case and A-labels. NULL if the \
                address is not valid.",
            example: "select email_domain('Jane@Acme.com');\n-- acme.com",
            related: &["registrable_domain", "account_domain"],
        }
        .with(()),
        Entry {
            name: "registrable_domain",
            body: Body::Text(|_, host| domain::registrable(host)),
            argument: ("host", "A host name, not a URL."),
            description: "The part of a host name that somebody registered, by the Public Suffix \
                List with its private section. NULL for IP addresses, single labels, bare suffixes \
                and top-level domains that do not exist.",
            example: "select registrable_domain('www.acme.co.uk');\n-- acme.co.uk\n\
                select registrable_domain('docs.acme.github.io');\n-- acme.github.io\n\
                select registrable_domain('acme.local');\n-- NULL",
            related: &["email_domain"],
        }
        .with(()),
        Entry {
            name: "is_free_mail",
            body: Body::Flag(|lists: &Arc<Lists>, text| {
                Some(lists.mail.is_free(&mail_domain(text)?))
            }),
            argument: EMAIL_OR_DOMAIN,
            description: "Whether anybody can get an address of this domain or its parent: \
                gmail.com, web.de, disposable domains. The configuration can replace, extend and \
                cut the list.",
            example: "select is_free_mail('jane@gmail.com');\n-- true\n\
                select is_free_mail('acme.com');\n-- false",
            related: &["account_domain", "is_disposable_mail"],
        }
        .with(Arc::clone(&lists)),
        Entry {
            name: "is_disposable_mail",
            body: Body::Flag(|lists: &Arc<Lists>, text| {
                Some(lists.mail.is_disposable(&mail_domain(text)?))
            }),
            argument: EMAIL_OR_DOMAIN,
            description: "Whether addresses of this domain are made to be thrown away.",
            example: "select is_disposable_mail('jane@mailinator.com');\n-- true",
            related: &["is_free_mail"],
        }
        .with(Arc::clone(&lists)),
        Entry {
            name: "is_relay_mail",
            body: Body::Flag(|lists: &Arc<Lists>, text| {
                Some(lists.mail.is_relay(&mail_domain(text)?))
            }),
            argument: EMAIL_OR_DOMAIN,
            description: "Whether the domain forwards mail for others or belongs to a system, so \
                that it hides who writes.",
            example: "select is_relay_mail('x7@privaterelay.appleid.com');\n-- true",
            related: &["is_free_mail"],
        }
        .with(Arc::clone(&lists)),
        Entry {
            name: "is_role_account",
            body: Body::Flag(|_, email| Address::parse(email).map(|address| address.is_role())),
            argument: EMAIL,
            description: "Whether the address names a function (billing@, accounts-payable@, \
                no-reply@) and not a person.",
            example: "select is_role_account('accounts.payable@acme.com');\n-- true",
            related: &["email_normalized"],
        }
        .with(()),
        Entry {
            name: "account_domain",
            body: Body::Text(account_domain),
            argument: EMAIL,
            description: "The registrable domain of an address if it may stand for one company, \
                else NULL: free, disposable and relay domains and hosts shared by many tenants may \
                not. Account keys and links by domain both use it.",
            example: "select account_domain('jane@eu.mail.acme.co.uk');\n-- acme.co.uk\n\
                select account_domain('jane@gmail.com');\n-- NULL",
            related: &["email_domain", "registrable_domain", "is_free_mail"],
        }
        .with(Arc::clone(&lists)),
        Entry {
            name: "is_placeholder_id",
            body: Body::Flag(|lists: &Arc<Lists>, id| Some(lists.placeholders.has(id))),
            argument: ("id", "An account, group or user id."),
            description: "Whether programs write this where an id is missing: undefined, null, \
                [object Object], 0, an all-zero uuid. Nothing is linked by it. The configuration \
                can extend and cut the list.",
            example: "select is_placeholder_id('undefined');\n-- true\n\
                select is_placeholder_id('acct-77');\n-- false",
            related: &["group_key"],
        }
        .with(Arc::clone(&lists)),
        ScalarUDF::from(GroupKey::new(lists)),
        ScalarUDF::from(IdentityKey::default()),
    ]
}

const EMAIL: (&str, &str) =
    ("email", "An e-mail address: bare, `Name <address>` or `mailto:address`.");
const EMAIL_OR_DOMAIN: (&str, &str) = ("email_or_domain", "An e-mail address or a bare domain.");

/// A function of one text and its page in the manual.
struct Entry<S> {
    name: &'static str,
    body: Body<S>,
    argument: (&'static str, &'static str),
    description: &'static str,
    example: &'static str,
    related: &'static [&'static str],
}

impl<S: Eq + Hash + Send + Sync + 'static> Entry<S> {
    fn with(self, state: S) -> ScalarUDF {
        let syntax = format!("{}({})", self.name, self.argument.0);
        let mut page =
            documentation(SECTION, &syntax, self.description, &[self.argument], self.example);
        for related in self.related {
            page = page.with_related_udf(*related);
        }
        ScalarUDF::from(TextFunction::new(self.name, self.body, state, page.build()))
    }
}

fn account_domain<'a>(lists: &Arc<Lists>, email: &'a str) -> Option<Cow<'a, str>> {
    match email::domain(email)? {
        Cow::Borrowed(domain) => lists.mail.company_domain(domain).map(Cow::Borrowed),
        Cow::Owned(domain) => {
            lists.mail.company_domain(&domain).map(|company| Cow::Owned(company.to_owned()))
        }
    }
}
