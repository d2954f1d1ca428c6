//! Keys and everything else that can be wrong before the first object.

use paydirt_stand_in::{DAHLIA, Fault, Key, Rule, Server, Settings, World};

use super::{KEY, START, project, sample_world, serve, sync};
use crate::command::{paydirt, paydirt_with_key};
use crate::company::Company;

#[test]
fn a_wrong_key_is_refused_before_anything_is_asked() {
    let server = serve(sample_world(1));
    let company = project(&server, "");
    for (key, reason) in [
        ("sk_live_standin", "can charge, refund and delete"),
        ("rk_test_standin", "key of test mode, and this project's mode is live"),
        ("pk_live_standin", "publishable"),
        ("nonsense", "does not hold a Stripe key"),
    ] {
        let said = paydirt_with_key(company.root(), &["sync", "stripe"], key);
        assert_eq!(said.code, 2, "{key}");
        assert!(said.err.contains(reason), "{}", said.err);
        assert!(!said.err.contains("standin") && !said.out.contains("standin"), "{}", said.err);
    }
    let none = paydirt(company.root(), &["sync", "stripe"]);
    assert_eq!(none.code, 2);
    assert!(
        none.err.contains("STRIPE_API_KEY is not set") && none.err.contains("Subscriptions"),
        "{}",
        none.err
    );
    assert_eq!(server.requests().len(), 0);
    let allowed = paydirt_with_key(
        company.root(),
        &["check", "stripe", "--allow-secret-key"],
        "sk_live_standin",
    );
    assert_eq!(allowed.code, 0, "{}", allowed.err);
}

#[cfg(unix)]
#[test]
fn a_key_may_be_in_a_private_file() {
    use std::os::unix::fs::PermissionsExt;
    let server = serve(sample_world(1));
    let company = project(&server, "key_file = \"stripe.key\"");
    let path = company.write("stripe.key", format!("{KEY}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = paydirt(company.root(), &["check", "stripe"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("can be read by others") && said.err.contains("chmod 600"),
        "{}",
        said.err
    );
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    paydirt(company.root(), &["check", "stripe"]).printed();
}

#[test]
fn check_says_what_can_be_read_and_what_is_lost() {
    let key = Key::new(KEY).without(&["charges", "coupons"]);
    let server = Server::start(Settings::new(sample_world(2)).key(key)).unwrap();
    let company = project(&server, "optional = [\"coupons\"]");
    let said = paydirt_with_key(company.root(), &["check", "stripe"], KEY);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.out.contains("the key lacks rak_charge_read"), "{}", said.out);
    assert!(
        said.out.contains("mode: live") && said.out.contains("account: acct_1StandIn"),
        "{}",
        said.out
    );
    assert!(said.out.contains("API version: 2026-05-27.dahlia"), "{}", said.out);
    assert!(
        said.err.contains("error: charges: ") && !said.err.contains("error: coupons"),
        "{}",
        said.err
    );
    let lists = server.requests().iter().filter(|seen| seen.path == "/v1/customers").count();
    assert_eq!(lists, 1);
    assert!(
        server.requests().iter().all(|seen| seen.version.as_deref() == Some("2026-05-27.dahlia"))
    );
}

#[test]
fn every_kind_of_trouble_has_its_sentence() {
    let server = serve(sample_world(1));
    let company = project(&server, "");
    let trouble = |fault: Fault, sentence: &str| {
        server.faults().clear();
        server.faults().add(Rule::on("*", fault));
        let said = sync(company.root());
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains(sentence), "{sentence}: {}", said.err);
        assert!(said.err.contains("hint: "), "{}", said.err);
    };
    trouble(Fault::ProxyPage { status: 403 }, "with a web page instead of JSON");
    trouble(Fault::ProxyPage { status: 200 }, "with a web page instead of JSON");
    server.faults().clear();
    let unknown = paydirt_with_key(company.root(), &["sync", "stripe"], "rk_live_other");
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("Invalid API Key provided"), "{}", unknown.err);
    let url = server.url();
    drop(server);
    let gone = sync(company.root());
    assert!(gone.err.contains("cannot connect"), "{url}: {}", gone.err);
}

#[test]
fn an_expired_key_ends_the_sync_and_what_landed_stays() {
    let mut world = World::new(DAHLIA);
    world.insert_sample(3, START);
    for number in 0..450 {
        world.insert("customers", serde_json::json!({ "created": START + number * 60 }));
    }
    let key = Key::new(KEY).expires_after(4);
    let server = Server::start(Settings::new(world).key(key)).unwrap();
    let company = project(&server, "");
    let said = sync(company.root());
    assert_eq!(said.code, 2);
    assert!(said.err.contains("Expired API Key"), "{}", said.err);
    server.keys().clear();
    server.keys().push(Key::new(KEY));
    sync(company.root()).printed();
    super::assert_same(&server, &company);
}

#[test]
fn another_account_and_another_place_are_named_in_the_settings() {
    let mut world = World::new(DAHLIA).account("acct_1Other");
    world.insert_sample(1, START);
    let server =
        Server::start(Settings::new(sample_world(2)).world(world).key(Key::new(KEY))).unwrap();
    let company: Company = project(&server, "account = \"acct_1Other\"");
    sync(company.root()).printed();
    assert_eq!(company.open().value("select count(*) from stripe_log.customers"), "1");
    let denied =
        Server::start(Settings::new(sample_world(1)).key(Key::new(KEY).without_connect())).unwrap();
    let company = project(&denied, "account = \"acct_1Other\"");
    let said = sync(company.root());
    assert_eq!(said.code, 2, "{}", said.err);
}
