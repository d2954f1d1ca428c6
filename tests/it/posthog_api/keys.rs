//! Keys and everything else that can be wrong before the first event.

use paydirt_stand_in::posthog::{Key, PostHog, Settings};

use super::{KEY, company, sample, serve, sync};
use crate::command::{paydirt, paydirt_with_posthog_key};

#[test]
fn a_wrong_key_is_refused_before_anything_is_asked() {
    let server = serve(sample(1, 1));
    let company = company(&server, "");
    for (key, reason) in [
        ("phc_standin", "can send events and not read them"),
        ("phs_standin", "feature flags"),
        ("standin", "starts with phx_"),
    ] {
        let said = paydirt_with_posthog_key(company.root(), &["sync", "posthog"], key);
        assert_eq!(said.code, 2, "{key}");
        assert!(said.err.contains(reason), "{}", said.err);
        for scope in ["query:read", "project:read", "group:read", "batch_export:write"] {
            assert!(said.err.contains(scope), "{}", said.err);
        }
        assert!(!said.err.contains("standin") && !said.out.contains("standin"), "{}", said.err);
    }
    let none = paydirt(company.root(), &["sync", "posthog"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("POSTHOG_API_KEY is not set"), "{}", none.err);
    assert_eq!(server.requests().len(), 0);
    company.write("paydirt.toml", "");
    let nameless = sync(company.root());
    assert!(nameless.err.contains("no PostHog project is named"), "{}", nameless.err);
}

#[test]
fn a_key_or_project_that_posthog_does_not_know_is_told_at_once() {
    let server = PostHog::start(Settings::new(sample(1, 1)).key(Key::new(KEY))).unwrap();
    let company = company(&server, "");
    let said = paydirt_with_posthog_key(company.root(), &["sync", "posthog"], "phx_other");
    assert_eq!(said.code, 2);
    assert!(said.err.contains("is invalid") && said.err.contains("eu.posthog.com"), "{}", said.err);
    assert_eq!(server.requests().len(), 1);
    company.write(
        "paydirt.toml",
        format!("[source.posthog]\nhost = \"{}\"\nproject = 999\n", server.url()),
    );
    let said = sync(company.root());
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("Project not found") && said.err.contains("[source.posthog] project"),
        "{}",
        said.err
    );
    *server.keys() = vec![Key::new(KEY).of_project(7)];
    company.write("paydirt.toml", super::settings(&server, ""));
    let said = sync(company.root());
    assert!(said.err.contains("does not have access to the requested project"), "{}", said.err);
}

#[cfg(unix)]
#[test]
fn a_key_may_be_in_a_private_file() {
    use std::os::unix::fs::PermissionsExt;
    let server = serve(sample(10, 2));
    let company = company(&server, "key_file = \"posthog.key\"");
    let path = company.write("posthog.key", format!("{KEY}\n"));
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode));
    mode(0o644).unwrap();
    let said = paydirt(company.root(), &["sync", "posthog"]);
    assert!(said.err.contains("can be read by others"), "{}", said.err);
    mode(0o600).unwrap();
    paydirt(company.root(), &["sync", "posthog"]).printed();
}

#[test]
fn check_says_what_can_be_read_how_and_what_is_lost() {
    let server = serve(sample(1, 1));
    let company = company(&server, "");
    let check = |company: &crate::company::Company| {
        paydirt_with_posthog_key(company.root(), &["check", "posthog"], KEY)
    };
    let said = check(&company);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("readable by export") && said.out.contains("(Stand-in)"),
        "{}",
        said.out
    );
    assert!(said.out.contains("scopes: project:read"), "{}", said.out);
    assert!(said.err.contains("needs less than the key may do: person:read"), "{}", said.err);
    assert!(said.out.contains(&format!("requests: {}", server.requests().len())), "{}", said.out);

    *server.keys() =
        vec![Key::new(KEY).without(&["batch_export:write", "group:read", "project:read"])];
    let said = check(&company);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("readable by query"), "{}", said.out);
    assert!(said.out.contains("the key lacks group:read"), "{}", said.out);
    assert!(said.out.contains("events name their groups themselves"), "{}", said.out);
    assert!(
        said.err.contains("error: groups: ") && said.err.contains("error: project: "),
        "{}",
        said.err
    );
    company.write(
        "paydirt.toml",
        super::settings(&server, "optional = [\"groups\"]\nstart = 2025-01-01T00:00:00Z"),
    );
    assert_eq!(check(&company).code, 0);
    // Nothing that was asked has started anything.
    assert_eq!(server.exports_made(), 0);

    *server.keys() = vec![Key::new(KEY).without(&["batch_export:write", "query:read"])];
    let said = check(&company);
    assert_eq!(said.code, 1);
    assert!(
        said.out.contains("denied") && said.out.contains("hypotheses are written on events"),
        "{}",
        said.out
    );
    let said = sync(company.root());
    assert_eq!(said.code, 2);
    assert!(said.err.contains("query:read"), "{}", said.err);
}
