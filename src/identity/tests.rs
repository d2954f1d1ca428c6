//! What people write in the tables, and what they are told.

use super::*;
use crate::config::Config;

/// A project with this file in its folder `identity`.
fn read(name: &str, text: impl AsRef<[u8]>) -> Result<Identity> {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("identity");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join(name), text).unwrap();
    let config = Config::parse("[identity]\ninternal_domains = [\"Our.co\"]\n", Path::new("p"));
    let project = Project { root: folder.path().to_path_buf(), config: config.unwrap() };
    Identity::read(&project, &Lists::default())
}

/// `file:line: field: what is wrong`, and the hint.
#[track_caller]
fn refused(name: &str, text: impl AsRef<[u8]>) -> (String, String) {
    let error = read(name, text).unwrap_err();
    let message = error.message().rsplit_once("identity/").unwrap().1.to_owned();
    (message, error.hint_text().unwrap_or_default().to_owned())
}

#[test]
fn a_project_without_tables_has_its_settings_only() {
    let identity = read("other.csv", "").unwrap();
    assert!(identity.aliases.is_empty() && identity.overrides.is_empty());
    assert_eq!(identity.internal_domains, BTreeSet::from(["our.co".to_owned()]));
}

#[test]
fn templates_are_empty_tables() {
    for table in TABLES {
        let name = format!("{}.csv", table.name);
        let identity = read(&name, table.template).unwrap();
        assert_eq!(identity, read("other.csv", "").unwrap(), "{name}");
        // What they give as examples can be written.
        let examples: String = table
            .template
            .lines()
            .filter(|line| !line.trim_start_matches("# ").contains(' '))
            .map(|line| format!("{}\n", line.trim_start_matches("# ")))
            .collect();
        assert_ne!(read(&name, examples).unwrap(), identity, "{name}");
    }
}

#[test]
fn accounts_may_be_written_in_each_form() {
    for (written, account) in [
        ("acme.com", "dom:acme.com"),
        ("ACME.com.", "dom:acme.com"),
        ("dom:acme.com", "dom:acme.com"),
        ("acc:42", "acc:42"),
        ("cus:cus_1", "cus:cus_1"),
        ("cus_1", "cus_1"),
        ("em:Jane+x@gmail.com", "em:jane@gmail.com"),
    ] {
        let identity = read("aliases.csv", format!("domain,account\nacme.io,{written}\n")).unwrap();
        assert_eq!(identity.aliases[0].account, account, "{written}");
    }
}

#[test]
fn tables_may_come_from_a_spreadsheet() {
    let text = "\u{feff}account, domain\r\n\r\n# The second company.\r\n\"acme.com\" , ACME.io\r\n";
    let identity = read("aliases.csv", text).unwrap();
    let alias = Alias { line: 4, domain: "acme.io".into(), account: "dom:acme.com".into() };
    assert_eq!(identity.aliases, [alias]);
}

#[test]
fn the_same_twice_is_said_once() {
    let text = "kind,key,account\nemail,Jane@acme.io,acme.com\nemail,jane@acme.io,dom:acme.com\n";
    assert_eq!(read("overrides.csv", text).unwrap().overrides.len(), 1);
}

#[test]
fn an_override_may_be_about_three_things_and_say_none() {
    let text = "kind,key,account\nemail,Jane <J@Acme.io>,acme.com\nuser,J@Acme.io,\n\
        Customer,cus_1,acc:7\n";
    let identity = read("overrides.csv", text).unwrap();
    let said: Vec<_> = identity
        .overrides
        .iter()
        .map(|it| (it.kind.as_str(), it.key.as_str(), it.account.as_deref()))
        .collect();
    assert_eq!(
        said,
        [
            ("email", "j@acme.io", Some("dom:acme.com")),
            ("user", "J@Acme.io", None),
            ("customer", "cus_1", Some("acc:7")),
        ]
    );
    assert_eq!(identity.overridden_users(), BTreeSet::from(["J@Acme.io".to_owned()]));
}

#[test]
fn mistakes_name_file_line_and_field() {
    for (name, text, message, hint) in [
        ("aliases.csv", "domain\n", "aliases.csv:1: no column `account`", "the first line is"),
        (
            "aliases.csv",
            "domain;account\n",
            "aliases.csv:1: no column `domain`",
            "separate columns",
        ),
        (
            "aliases.csv",
            "domain,account,why\n",
            "aliases.csv:1: unknown column `why`",
            "the first line is domain,account",
        ),
        ("aliases.csv", "domain,account,domain\n", "aliases.csv:1: a column stands", "the first"),
        ("aliases.csv", "domain,account\n\nx.com\n", "aliases.csv:3: 1 fields, not 2", "an empty"),
        (
            "aliases.csv",
            "domain,account\na.io,b,c\n",
            "aliases.csv:2: 3 fields, not 2",
            "a line is",
        ),
        (
            "aliases.csv",
            "domain,account\n# One.\nacme,acme.com\n",
            "aliases.csv:3: domain: `acme` is not a domain",
            "write it as in an address",
        ),
        (
            "aliases.csv",
            "domain,account\neu.acme.io,acme.com\n",
            "aliases.csv:2: domain: `eu.acme.io` is only part of a domain",
            "write acme.io",
        ),
        (
            "aliases.csv",
            "domain,account\ngmail.com,acme.com\n",
            "aliases.csv:2: domain: `gmail.com` is no company's",
            "an override links one address",
        ),
        ("aliases.csv", "domain,account\nacme.io,\n", "aliases.csv:2: account: is empty", "an acc"),
        (
            "aliases.csv",
            "domain,account\nacme.io,Acme Inc\n",
            "aliases.csv:2: account: `Acme Inc` names no account",
            "an account is a domain (acme.com), a Stripe customer (cus_…)",
        ),
        (
            "aliases.csv",
            "domain,account\nacme.io,web.de\n",
            "aliases.csv:2: account: `web.de` is not the domain of one company",
            "an account is",
        ),
        (
            "aliases.csv",
            "domain,account\na.io,b.io\na.io,c.io\n",
            "aliases.csv:3: domain: `a.io` has another account in line 2",
            "delete one",
        ),
        (
            "aliases.csv",
            "domain,account\na.io,b.io\nb.io,c.io\n",
            "aliases.csv:2: account: `b.io` is an alias itself, in line 3",
            "write dom:c.io here too",
        ),
        (
            "internal_domains.csv",
            "domain\nlocalhost\n",
            "internal_domains.csv:2: domain: `localhost` is not a domain",
            "write it",
        ),
        (
            "overrides.csv",
            "kind,key,account\ndomain,acme.io,acme.com\n",
            "overrides.csv:2: kind: `domain` cannot be overridden",
            "kinds are: email, user, customer",
        ),
        (
            "overrides.csv",
            "kind,key,account\nemail,jane,acme.com\n",
            "overrides.csv:2: key: `jane` is not an e-mail address",
            "the kind `user`",
        ),
        ("overrides.csv", "kind,key,account\nuser,,acme.com\n", "overrides.csv:2: key: is", ""),
        (
            "overrides.csv",
            "kind,key,account\nuser,1,jane@acme.com\n",
            "overrides.csv:2: account: `jane@acme.com` is an address, not an account",
            "an account is",
        ),
        (
            "overrides.csv",
            "kind,key,account\nuser,1\n",
            "overrides.csv:2: 2 fields, not 3",
            "an empty last field has its comma: user,1,",
        ),
    ] {
        let (said, said_hint) = refused(name, text);
        assert!(said.starts_with(message), "{said}\n{message}");
        assert!(said_hint.starts_with(hint), "{said_hint}\n{hint}");
    }
    let (said, _) = refused("aliases.csv", b"domain,account\nacme.io,acme.com\nm\xfcll.io,a.com\n");
    assert_eq!(said, "aliases.csv:3: not text in UTF-8");
}
