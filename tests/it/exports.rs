//! Exports of Segment, RudderStack, Amplitude and Mixpanel: known by their content, each event once,
//! and what is no event named.

use std::path::{Path, PathBuf};

use paydirt::sync::land::Outcome;

use crate::command::paydirt;
use crate::company::Company;

fn export(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/exports").join(name)
}

fn land(company: &Company, name: &str) -> Outcome {
    let outcome = company.land(&[export(name)]).remove(0);
    assert_eq!(outcome.report.problems, [], "{name}");
    assert!(outcome.report.diagnostics.is_empty(), "{:?}", outcome.report.diagnostics);
    outcome
}

/// What the log holds in short, one row an event.
fn events(company: &Company, columns: &str) -> Vec<String> {
    company
        .open()
        .rows(&format!("select {columns} from files_log.events order by occurred_at, uuid"))
}

#[test]
fn segment_calls_land_as_what_somebody_did() {
    let company = Company::new("");
    let outcome = land(&company, "segment.ndjson.gz");
    assert_eq!((outcome.report.format, outcome.new_rows), ("segment json", 5));
    let left_out: Vec<&str> = outcome.report.notes.iter().map(String::as_str).collect();
    assert_eq!(
        left_out,
        [
            "1 alias calls are left out: they are no product events",
            "1 group calls are left out: they are no product events",
            "1 identify calls are left out: they are no product events",
        ]
    );
    assert_eq!(
        events(&company, "uuid, event, distinct_id, email, account_id, source"),
        [
            "ajs-0002 | Workflow Published | u-1 | ana@acme.com | acme | segment",
            "ajs-0003 | Viewed Docs Pricing Page | u-1 | NULL | NULL | segment",
            "ajs-0004 | Loaded a Page | u-1 | NULL | NULL | segment",
            "ajs-0005 | Viewed Home Screen | u-1 | NULL | NULL | segment",
            "ajs-0008 | Report Shared | a-8 | ben@acme.com | NULL | segment",
        ]
    );
    let database = company.open();
    let first = "select properties ->> 'plan', properties -> 'context' ->> 'ip', \
                 occurred_at, ingested_at, properties like '%wk_made_up%' \
                 from files_log.events where uuid = 'ajs-0002'";
    assert_eq!(
        database.rows(first),
        ["team | 192.0.2.7 | 2025-03-02T09:00:01.620Z | 2025-03-02T09:00:02.500Z | false"]
    );
    // The same call in a table of the warehouse is the same event.
    let outcome = land(&company, "segment_tracks.csv");
    assert_eq!(outcome.report.format, "segment csv");
    assert_eq!((outcome.new_rows, outcome.duplicates), (1, 1));
    let name = "select event from files_log.events where uuid = 'ajs-0042'";
    assert_eq!(company.open().value(name), "Report Shared");
    let outcome = land(&company, "segment_identifies.csv");
    assert_eq!(outcome.new_rows, 0);
    assert!(outcome.report.notes[0].starts_with("1 rows that name no event"), "{outcome:?}");
}

#[test]
fn rudderstack_has_segments_calls_and_tables() {
    let company = Company::new("");
    let outcome = land(&company, "rudderstack.json.gz");
    assert_eq!((outcome.report.format, outcome.new_rows), ("rudderstack json", 2));
    let outcome = land(&company, "rudderstack_tracks.parquet");
    assert_eq!(outcome.report.format, "rudderstack parquet");
    assert_eq!((outcome.new_rows, outcome.duplicates), (1, 1));
    assert_eq!(
        events(&company, "uuid, event, distinct_id, email, source, ingested_at"),
        [
            "rs-1 | workflow_published | u-1 | ana@acme.com | rudderstack | 2025-03-01T09:00:02.500Z",
            "rs-3 | Viewed Home Page | u-1 | NULL | rudderstack | 2025-03-03T09:00:02.500Z",
            "rs-9 | Report Shared | u-2 | NULL | rudderstack | 2025-03-04T09:00:02Z",
        ]
    );
}

#[test]
fn amplitude_tells_when_an_event_came_in_and_who_did_it() {
    let company = Company::new("");
    let outcome = land(&company, "amplitude.json.gz");
    assert_eq!((outcome.report.format, outcome.new_rows), ("amplitude json", 3));
    assert_eq!(
        outcome.report.notes,
        ["1 $identify events are left out: they are no product events"]
    );
    assert_eq!(
        events(&company, "event, distinct_id, email, groups, occurred_at, ingested_at"),
        [
            "workflow_published | ana | ana@acme.com | {\"company\":\"acme\"} | 2025-03-01T09:00:00.620Z | 2025-03-01T09:00:02.500Z",
            "session_start | dev-1 | NULL | NULL | 2025-03-03T09:00:00.620Z | 2025-03-08T00:00:00Z",
            "[Amplitude] Page Viewed | ana | NULL | NULL | 2025-03-04T09:00:00.620Z | 2025-03-04T09:00:02.500Z",
        ]
    );
    let first = "select properties ->> 'steps', person_properties ->> 'role', properties ->> 'city' \
                 from files_log.events where event = 'workflow_published'";
    assert_eq!(company.open().value(first), "4 | admin | Berlin");
}

#[test]
fn mixpanel_gives_an_event_twice_and_times_of_its_own() {
    let company = Company::new("");
    let outcome = land(&company, "mixpanel.ndjson.gz");
    assert_eq!((outcome.new_rows, outcome.duplicates), (2, 1));
    assert_eq!(outcome.report.format, "mixpanel json");
    assert!(outcome.report.notes[0].contains("$identify"), "{:?}", outcome.report.notes);
    assert!(outcome.report.notes[1].contains("time_zone"), "{:?}", outcome.report.notes);
    let columns = "event, distinct_id, email, occurred_at, ingested_at";
    assert_eq!(
        events(&company, columns),
        [
            "Workflow Published | ana@acme.com | ana@acme.com | 2025-03-01T09:00:00Z | 2025-03-01T13:00:02.500Z",
            "Report Shared | ana@acme.com | NULL | 2025-03-01T10:00:00Z | 2025-03-01T14:00:02.500Z",
        ]
    );
    let settings = "[[source.files]]\nname = \"app\"\npreset = \"mixpanel\"\n\
                    time_zone = \"America/Halifax\"\nemail = \"properties.$user_id\"\n";
    let company = Company::new(settings);
    let outcome = land(&company, "mixpanel.ndjson.gz");
    assert_eq!(outcome.report.notes.len(), 1, "{:?}", outcome.report.notes);
    assert_eq!(
        events(&company, "event, email, occurred_at, source"),
        [
            "Workflow Published | ana@acme.com | 2025-03-01T13:00:00Z | app",
            "Report Shared | ana@acme.com | 2025-03-01T14:00:00Z | app",
        ]
    );
}

#[test]
fn a_preset_is_for_what_an_entry_does_not_say() {
    let company = Company::new(
        "[[source.files]]\nname = \"web\"\npreset = \"segment\"\naccount = \"context.ip\"\n",
    );
    land(&company, "segment.ndjson.gz");
    assert_eq!(
        events(&company, "event, account_id, source")[0],
        "Workflow Published | 192.0.2.7 | web"
    );
    // What names event and time itself is no export.
    let own = "[[source.files]]\nname = \"own\"\nevent = \"type\"\ntime = \"sentAt\"\n";
    let company = Company::new(own);
    let outcome = land(&company, "segment.ndjson.gz");
    assert_eq!((outcome.report.format, outcome.new_rows), ("events json", 8));
    // A file of another tool is said to be none of this one.
    let company = Company::new("[[source.files]]\nname = \"a\"\npreset = \"amplitude\"\n");
    let outcome = company.land(&[export("segment.ndjson.gz")]).remove(0);
    assert_eq!(outcome.report.rejected, 8);
    let reason = &outcome.report.problems[0].reason;
    assert_eq!(reason, "no event name: a record of amplitude has it in event_type");
    let wrong = Company::new("[[source.files]]\nname = \"a\"\npreset = \"heap\"\n");
    let said = paydirt(wrong.root(), &["status"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("unknown variant `heap`") && said.err.contains(":3:"),
        "{}",
        said.err
    );
}
