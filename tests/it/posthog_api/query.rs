//! By query, where exports are denied or not there.

use paydirt_stand_in::posthog::{Key, PostHog, Settings};
use paydirt_stand_in::{Fault, Rule};

use super::{A_WHILE, KEY, asked, assert_same, company, exports, sample, serve, sync};

const QUERY: &str = "/api/projects/12345/query/";

fn without_exports(events: usize, days: i64) -> PostHog {
    PostHog::start(Settings::new(sample(events, days)).without_exports()).unwrap()
}

#[test]
fn a_posthog_without_exports_is_read_by_query() {
    let server = without_exports(700, 30);
    server.project_mut().zone = 2;
    let by_query = company(&server, "");
    let said = sync(by_query.root());
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("note: events came by query, which is slower"), "{}", said.err);
    assert_same(&server, &by_query);

    // What comes by query is what comes by export.
    let exported = serve(server.project().clone());
    let by_export = company(&exported, "");
    sync(by_export.root()).printed();
    for question in [
        "select uuid, event, occurred_at, distinct_id, person_id, email, groups, properties, \
         person_properties, source from posthog_log.events order by 1",
        "select id, person_id, email, properties, created_at from posthog_log.persons order by 1",
        "select id, group_type, properties, created_at from posthog_log.groups order by 1",
    ] {
        assert_eq!(by_query.open().rows(question), by_export.open().rows(question), "{question}");
    }

    // Later, from the other way, nothing comes twice.
    let settings = std::fs::read_to_string(by_query.root().join("paydirt.toml")).unwrap();
    by_query.write("paydirt.toml", settings.replace(&server.url(), &exported.url()));
    exported.project_mut().insert_sample(20, 1);
    exported.project_mut().now += A_WHILE;
    sync(by_query.root()).printed();
    assert_same(&exported, &by_query);
}

#[test]
fn a_key_that_only_reads_is_enough() {
    let key = Key::new(KEY).without(&["batch_export:write"]).with("batch_export:read");
    let server = PostHog::start(Settings::new(sample(300, 9)).key(key)).unwrap();
    let company = company(&server, "");
    let said = sync(company.root());
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("missing required scope 'batch_export:write'"), "{}", said.err);
    assert_same(&server, &company);
    let told = "select count(*) from system.diagnostics where kind = 'no export'";
    assert_eq!(company.open().value(told), "2");
    // People are read whole, so not again within a day.
    server.forget_requests();
    sync(company.root()).printed();
    assert_eq!(asked(&server, "/query/"), 1);
    assert_eq!(exports(&server), 2);
}

#[test]
fn spans_split_until_an_answer_holds_them() {
    let server = without_exports(0, 0);
    {
        let mut project = server.project_mut();
        let start = project.created_at;
        // Half of them in one moment, as an import makes them.
        for number in 0..12_000 {
            project.insert_event(start + 86_400_000_000, start + number);
        }
        for number in 0..12_000 {
            let at = start + 2 * 86_400_000_000 + number * 1_000_000;
            project.insert_event(at, at);
        }
        project.now = start + 5 * 86_400_000_000;
    }
    let company = company(&server, "");
    sync(company.root()).printed();
    assert_same(&server, &company);
    let queries = asked(&server, "/query/");
    assert!(queries < 25, "{queries}");
}

#[test]
fn a_query_that_takes_too_long_is_asked_in_parts() {
    let server = without_exports(200, 8);
    let slow = Fault::Status { status: 504, should_retry: None };
    server.faults().add(Rule::on(QUERY, slow).times(4));
    let company = company(&server, "");
    sync(company.root()).printed();
    assert_same(&server, &company);
}
