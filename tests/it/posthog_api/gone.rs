//! A project without its PostHog, or with another address for it.

use super::{assert_same, company, exports, sample, serve, settings, sync};
use crate::command::paydirt;

#[test]
fn what_has_landed_stays_without_the_source_and_lands_once_under_another_address() {
    let server = serve(sample(60, 5));
    let company = company(&server, "promote = [\"plan\"]");
    sync(company.root()).printed();
    assert_same(&server, &company);
    // The setting is gone, and with it the columns that it made.
    company.write("paydirt.toml", "");
    assert_same(&server, &company);
    let database = company.open();
    let events = "select count(*), count(properties) from product.events";
    assert!(database.value(events).starts_with("60 | "), "{}", database.value(events));
    for arguments in [&["status"][..], &["events"], &["check"], &["sql", "-c", "select 1"]] {
        paydirt(company.root(), arguments).printed();
    }
    // Another address is another place to read all of, in which the same events are found.
    let elsewhere = settings(&server, "").replace("127.0.0.1", "localhost");
    company.write("paydirt.toml", elsewhere);
    let before = exports(&server);
    sync(company.root()).printed();
    assert!(exports(&server) > before);
    assert_same(&server, &company);
}
