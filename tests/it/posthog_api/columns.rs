//! Properties as columns, and fields that say who an event is about.

use super::{company, sample, serve, settings, sync};

#[test]
fn promoted_properties_are_columns_also_of_what_was_landed_before() {
    let server = serve(sample(200, 4));
    let company = company(&server, "");
    sync(company.root()).printed();
    let by_hand = "select properties ->> 'plan', properties ->> 'seats', count(*) \
                   from product.events group by 1, 2 order by 1, 2";
    let expected = company.open().at("2025-02-01").rows(by_hand);
    company.write("paydirt.toml", settings(&server, "promote = [\"plan\", \"seats\", \"$lib\"]"));
    let database = company.open();
    database.at("2025-02-01");
    let promoted = "select plan, seats, count(*) from product.events group by 1, 2 order by 1, 2";
    assert_eq!(database.rows(promoted), expected);
    assert_eq!(database.value("select distinct \"$lib\" from product.events"), "web");
    // Hypotheses have them as well.
    let columns = "select column_name from information_schema.columns \
                   where table_name = 'account_events' and column_name in ('plan', 'seats')";
    assert_eq!(database.rows(columns).len(), 2);
    assert_eq!(
        database.value("select count(*) from product.account_events where plan = 'free'"),
        "0"
    );
    let check = crate::command::paydirt(company.root(), &["check"]);
    assert_eq!(check.code, 0, "{}", check.err);
}

#[test]
fn fields_may_be_named_that_say_who_it_is() {
    let server = serve(sample(50, 2));
    let company = company(
        &server,
        "email = \"distinct_id\"\naccount = \"properties.$groups.company\"\n\
         stripe_customer = \"properties.plan\"",
    );
    sync(company.root()).printed();
    let said = "select account_id, stripe_customer_id, email, source from posthog_log.events \
                where distinct_id = 'user-3' order by occurred_at limit 1";
    // A distinct id that is no address hides none.
    assert_eq!(
        company.open().value(said),
        "company-3 | free | user3@company3.example.com | posthog"
    );
}
