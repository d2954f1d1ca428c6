//! The first sync and those after it, by exports.

use std::collections::BTreeSet;

use serde_json::json;

use super::{A_WHILE, KEY, asked, assert_same, company, exports, landed, sample, serve, sync};
use crate::command::{paydirt, paydirt_with_posthog_key};

#[test]
fn weeks_of_history_land_once() {
    let server = serve(sample(2_000, 24));
    server.script().rows_per_file = Some(150);
    let company = company(&server, "");
    let text = sync(company.root()).printed();
    assert!(
        text.contains("landed 2,028 new rows from PostHog: events 2,000, persons 23, groups 5"),
        "{text}"
    );
    assert!(text.contains("events through 2025-01-25T00:20:10Z"), "{text}");
    assert_same(&server, &company);
    // Four weeks each of events and persons.
    assert_eq!(exports(&server), 8);
    assert!(!company.root().join("data/incoming").read_dir().unwrap().any(|_| true));

    let database = company.open();
    database.at("2025-02-01");
    let first = "select event, occurred_at, ingested_at, distinct_id, person_id, email, groups, \
                 properties ->> 'plan', properties ->> 'note', person_properties ->> 'plan_then', source \
                 from posthog_log.events order by ingested_at limit 1";
    assert_eq!(
        database.value(first),
        "signed_up | 2024-12-31T23:59:30Z | 2025-01-01T00:00:10Z | user-0 | \
         0190a000-0000-4000-9000-000000000000 | user0@company0.example.com | \
         {\"company\":\"company-0\"} | free | it's \"quoted\" \\ and ünïcode 0 | free | posthog"
    );
    // The as-of time of the project is how far PostHog is read.
    assert_eq!(company.open().value("select as_of()"), "2025-01-25T00:20:10Z");
    let status = paydirt(company.root(), &["status", "--format", "json"]).printed();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let events = status.as_array().unwrap().iter().find(|row| row["table"] == "posthog_log.events");
    assert_eq!(events.unwrap()["complete_through"], "2025-01-25T00:20:10Z");

    let keys = company.open().landed_keys();
    server.forget_requests();
    let again = sync(company.root()).printed();
    assert!(again.contains("landed 0 new rows"), "{again}");
    assert_eq!((exports(&server), company.open().landed_keys()), (2, keys));
    let landings = company.open().rows(
        "select relation, new_rows, outcome from system.syncs where source = 'posthog' \
         and relation is not null order by at, relation limit 3",
    );
    assert_eq!(
        landings,
        [
            "posthog_log.events | 2000 | landed",
            "posthog_log.groups | 5 | landed",
            "posthog_log.persons | 23 | landed"
        ]
    );
}

#[test]
fn what_comes_in_late_is_found_whenever_it_happened() {
    let server = serve(sample(300, 10));
    let company = company(&server, "");
    sync(company.root()).printed();
    let mut late = vec![];
    {
        let mut project = server.project_mut();
        let (now, began) = (project.now, project.created_at);
        // What was still being written near the end of the last sync, and what happened long ago.
        late.push(project.insert_event(now - 1_000_000_000, now - 1_000_000_000));
        late.push(project.insert_event(now - 2_400_000_000, now - 2_400_000_000));
        late.push(project.insert_event(now + 5_000_000, began - 400 * 86_400_000_000));
        project.now += A_WHILE;
    }
    let text = sync(company.root()).printed();
    assert!(text.contains("events 3"), "{text}");
    assert_same(&server, &company);
    // As of a day before they came in, a late event is known by when it happened.
    let database = company.open();
    let count = format!("select count(*) from product.events where uuid = '{}'", late[2]);
    assert_eq!(database.at("2024-06-01").value(&count), "1");
}

#[test]
fn what_is_exported_twice_lands_once() {
    let server = serve(sample(500, 6));
    server.script().doubles = Some(3);
    let company = company(&server, "");
    sync(company.root()).printed();
    assert_same(&server, &company);
    let text = paydirt(company.root(), &["status"]).printed();
    assert!(text.contains("167"), "{text}");
    // A file of the same export lands nothing more.
    let lines: String =
        server.project().events.iter().map(|event| format!("{}\n", event.exported())).collect();
    assert_eq!(company.land_text("export.jsonl", lines).new_rows, 0);
}

#[test]
fn an_earlier_start_reads_what_lies_before() {
    let server = serve(sample(400, 20));
    let late = company(&server, "start = 2025-01-15T00:00:00Z");
    sync(late.root()).printed();
    let database = late.open();
    assert_eq!(
        database
            .value("select min(ingested_at) >= to_timestamp('2025-01-15') from posthog_log.events"),
        "true"
    );
    late.write("paydirt.toml", super::settings(&server, ""));
    sync(late.root()).printed();
    assert_same(&server, &late);
}

#[test]
fn an_export_that_is_too_much_is_asked_for_in_parts() {
    let server = serve(sample(200, 7));
    server.script().ends.extend(["TimedOut", "TimedOut"]);
    let company = company(&server, "");
    sync(company.root()).printed();
    assert_same(&server, &company);
}

#[test]
fn latest_values_of_people_never_feed_the_past() {
    let server = serve(sample(100, 5));
    let company = company(&server, "");
    sync(company.root()).printed();
    let database = company.open();
    database.at("2025-01-03");
    // The e-mail of an event is that of its person when it came in.
    let emails: BTreeSet<String> =
        database.rows("select distinct email from product.events").into_iter().collect();
    assert!(emails.iter().all(|email| email.starts_with("user")), "{emails:?}");
    assert_eq!(
        database
            .value("select email, source, version from posthog_log.persons where id = 'user-3'"),
        "latest3@company3.example.com | latest | 1"
    );
    assert_eq!(
        database.value("select group_type, properties ->> 'name', source from posthog_log.groups where id = 'company-2'"),
        "company | Company 2 | latest"
    );
    // There is no relation of them, and a hypothesis may not read the log.
    assert!(database.try_rows("select * from posthog.persons").is_err());
    company.write(
        "sql/hypotheses/latest.sql",
        "-- Looks at how people are now.\n-- @population trials\n-- @outcome net_conversion\n\
         -- @window 3d\n-- @horizon 60d\nselect id as account_id, observed_at as signal_at \
         from posthog_log.persons\n",
    );
    let said = paydirt(company.root(), &["check"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.err.contains("may not read `posthog_log`"), "{}", said.err);

    // What changes comes with the next sync, beside what was.
    {
        let mut project = server.project_mut();
        let now = project.now;
        project.insert_person(3, 2, now);
        project.groups[2].properties = json!({ "name": "Renamed" });
        project.now += A_WHILE;
    }
    sync(company.root()).printed();
    let versions = "select version, properties ->> 'version' from posthog_log.persons where id = 'user-3' order by 1";
    assert_eq!(company.open().rows(versions), ["1 | 1", "2 | 2"]);
    let groups = "select properties ->> 'name' from posthog_log.groups where id = 'company-2' order by observed_at";
    assert_eq!(company.open().rows(groups), ["Company 2", "Renamed"]);
}

#[test]
fn sync_reads_every_source_that_is_set_up_and_one_that_goes_leaves_a_project() {
    let server = serve(sample(50, 3));
    let company = company(&server, "");
    let said = paydirt_with_posthog_key(company.root(), &["sync"], KEY);
    assert_eq!((said.code, asked(&server, "/query/")), (0, 0), "{}", said.err);
    assert_same(&server, &company);
    let events = landed(&company.open()).len();
    company.write("paydirt.toml", "");
    assert_eq!(landed(&company.open()).len(), events);
    paydirt(company.root(), &["status"]).printed();
    paydirt(company.root(), &["events"]).printed();
}
