//! One row from a wrong clock moves nothing.

use std::path::Path;

use paydirt::lake::{Commit, Lake};
use serde_json::{Value, json};

use super::{input, land};
use crate::command::{Said, paydirt, paydirt_within};
use crate::company::{Company, wait};
use crate::postgres::server::{PASSWORD, Server, server};
use crate::stripe::{customer, subscription, with};

const SKEWED: &str = "03-event-from-the-future/events-one-skewed.csv";
const BILLING: &str = "03-event-from-the-future/stripe.ndjson";
/// Where the billing of the case ends.
const BILLED_UNTIL: &str = "2025-05-24T11:00:00Z";

const OPENED: &str = "-- Who opens the app pays.\n-- @horizon 30d\n\
    select account_id, occurred_at as signal_at, known_at from product.account_events \
    where event = 'opened_app'\n";

fn as_of(company: &Company) -> String {
    company.open().value("select as_of()")
}

/// Lands events of these days of March 2025, at noon, and others after them.
fn land_events(company: &Company, others: &[Value]) -> Vec<String> {
    let regular = (1..=30).map(|day| event(&format!("2025-03-{day:02}T12:00:00Z"), None));
    let lines: Vec<String> =
        regular.chain(others.iter().cloned()).map(|event| event.to_string()).collect();
    let report = company.land_text("events.ndjson", lines.join("\n")).report;
    assert_eq!(report.problems, []);
    report.notes
}

fn event(at: &str, ingested_at: Option<&str>) -> Value {
    json!({
        "event": "opened", "timestamp": at, "_inserted_at": ingested_at, "user_id": at,
    })
}

/// Rewrites the log of a table as an older paydirt would have left it.
fn forget_marks(company: &Company, table: &str) {
    let log = company.root().join("data/lake").join(table).join("_delta_log");
    for entry in std::fs::read_dir(log).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(|line| {
            let mut action: Value = serde_json::from_str(line).unwrap();
            if let Some(add) = action.get_mut("add").and_then(Value::as_object_mut) {
                assert!(add.remove("tags").is_some_and(|tags| tags != Value::Null), "{line}");
            }
            action.to_string() + "\n"
        });
        std::fs::write(&path, lines.collect::<String>()).unwrap();
    }
}

/// The one line that starts so.
#[track_caller]
fn line<'a>(text: &'a str, start: &str) -> &'a str {
    let mut found = text.lines().filter(|line| line.trim_start().starts_with(start));
    let line = found.next().unwrap_or_else(|| panic!("{start}: {text}"));
    assert_eq!(found.next(), None, "{text}");
    line.trim_start()
}

#[test]
fn case_03_one_event_from_the_future_moves_nothing() {
    let company = Company::new("");
    let outcomes = land(&company, &[BILLING, SKEWED]);
    assert_eq!(
        outcomes[1].report.notes,
        ["1 event is later than now (2031-05-01T00:00:00Z): it moves nothing; was a clock wrong?"]
    );
    assert_eq!(as_of(&company), "2025-03-30T12:00:00Z");

    let without = Company::new("");
    land(&without, &[BILLING, "03-event-from-the-future/events.csv"]);
    assert_eq!(as_of(&without), "2025-03-30T12:00:00Z");
}

#[test]
fn case_03_it_is_named_in_sync_status_and_report() {
    let company = Company::new("");
    let files = [BILLING, SKEWED].map(|path| input(path).display().to_string());
    let said = paydirt(company.root(), &["sync", "files", &files[0], &files[1]]);
    assert_eq!(said.code, 0, "{said:?}");
    let told = "1 event is later than now (2031-05-01T00:00:00Z): it moves nothing";
    assert!(said.err.contains(told), "{}", said.err);

    let status = paydirt(company.root(), &["status"]).printed();
    assert_eq!(line(&status, "as of:"), "as of: 2025-03-30T12:00:00Z");
    assert_eq!(
        line(&status, "data through:"),
        format!("data through: product 2025-03-30T12:00:00Z, stripe {BILLED_UNTIL}")
    );
    let told = "files_log.events: 1 event is later than its landing (2031-05-01T00:00:00Z): it \
                moves nothing";
    let note = line(&status, "note:");
    assert!(note.contains(told), "{status}");
    // The note says how to see it.
    let query = &note[note.find("select").unwrap()..note.len() - 1];
    let seen = company.open().rows(&format!("select event, occurred_at from ({query})"));
    assert_eq!(seen, ["opened_app | 2031-05-01T00:00:00Z"], "{query}");

    company.write("sql/hypotheses/opened.sql", OPENED);
    for format in ["text", "markdown", "json"] {
        let report = paydirt(company.root(), &["backtest", "opened", "--format", format]).printed();
        let words = report.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("events_from_the_future"), "{format}: {report}");
        assert!(words.contains(told), "{format}: {report}");
    }
}

#[test]
fn case_03_nothing_is_said_where_all_clocks_are_right() {
    let company = Company::new("");
    let outcomes = land(&company, &[BILLING, "03-event-from-the-future/events.csv"]);
    assert!(outcomes.iter().all(|outcome| outcome.report.notes.is_empty()), "{outcomes:?}");
    let status = paydirt(company.root(), &["status"]).printed();
    assert!(!status.contains("later than"), "{status}");
}

#[test]
fn case_03_a_later_landing_or_compaction_changes_nothing_of_it() {
    let company = Company::new("");
    land(&company, &[BILLING, SKEWED]);
    let early = json!({"event": "opened_app", "timestamp": "2025-02-27T12:00:00Z"});
    company.land_text("more.ndjson", early.to_string());
    let ahead = "files_log.events: 1 event is later than its landing (2031-05-01T00:00:00Z)";
    let check = |company: &Company| {
        assert_eq!(as_of(company), "2025-03-30T12:00:00Z");
        assert!(paydirt(company.root(), &["status"]).printed().contains(ahead));
    };
    check(&company);
    let said = paydirt(company.root(), &["compact"]).printed();
    assert!(said.contains("files_log.events"), "{said}");
    check(&company);
    // The same rows again are no news.
    company.land_text("again.csv", std::fs::read(input(SKEWED)).unwrap());
    check(&company);
}

#[test]
fn case_03_a_lake_of_an_older_paydirt_is_understood() {
    let company = Company::new("");
    land(&company, &[BILLING, SKEWED]);
    for table in ["files_log/events", "stripe_log/customers", "stripe_log/invoices"] {
        forget_marks(&company, table);
    }
    assert_eq!(as_of(&company), "2025-03-30T12:00:00Z");
    let status = paydirt(company.root(), &["status"]).printed();
    assert!(line(&status, "data through:").ends_with(BILLED_UNTIL), "{status}");
    assert!(line(&status, "note:").contains("1 event is later than its landing"), "{status}");
    // What is compacted by this one has marks again.
    company.land_text("more.ndjson", event("2025-02-27T12:00:00Z", None).to_string());
    paydirt(company.root(), &["compact"]).printed();
    assert_eq!(as_of(&company), "2025-03-30T12:00:00Z");
}

#[test]
fn case_03_events_that_are_all_from_the_future_are_no_evidence() {
    let company = Company::new("");
    land(&company, &[BILLING]);
    let events = ["2031-01-01T00:00:00Z", "2032-01-01T00:00:00Z"].map(|at| event(at, None));
    let text = events.map(|event| event.to_string()).join("\n");
    let notes = company.land_text("events.ndjson", text).report.notes;
    assert_eq!(
        notes,
        [
            "2 events are later than now (the latest 2032-01-01T00:00:00Z): they move nothing; was a \
          clock wrong?"
        ]
    );
    assert_eq!(as_of(&company), BILLED_UNTIL);
}

#[test]
fn case_03_ingestion_tells_how_far_the_data_reach() {
    for (name, others, through, is_ahead) in [
        (
            "a clock that is ahead, and when the event came in",
            vec![event("2031-05-01T00:00:00Z", Some("2025-03-30T12:00:05Z"))],
            "2025-03-30T12:00:05Z",
            true,
        ),
        (
            "a clock that is behind",
            vec![event("2009-05-01T00:00:00Z", Some("2025-03-30T13:00:00Z"))],
            "2025-03-30T12:00:00Z",
            false,
        ),
        (
            "a clock that is ahead of ingestion and not of the landing",
            vec![
                event("2025-12-24T00:00:00Z", Some("2025-03-30T11:00:00Z")),
                event("2025-03-30T12:30:00Z", Some("2025-03-30T12:30:01Z")),
            ],
            "2025-03-30T12:30:01Z",
            false,
        ),
        (
            "a time of ingestion that cannot be",
            vec![event("2025-03-30T12:30:00Z", Some("2031-03-30T12:30:01Z"))],
            "2025-03-30T12:30:00Z",
            true,
        ),
        (
            "an event that came in late",
            vec![
                event("2025-03-30T12:30:00Z", Some("2025-03-30T12:30:01Z")),
                event("2025-03-27T12:30:00Z", Some("2025-03-31T12:30:01Z")),
            ],
            "2025-03-31T12:30:01Z",
            false,
        ),
        (
            "imported long after it happened",
            vec![
                event("2025-03-31T09:00:00Z", Some("2025-07-01T12:00:00Z")),
                event("2025-12-24T00:00:00Z", Some("2025-07-01T12:00:00Z")),
            ],
            "2025-03-31T09:00:00Z",
            false,
        ),
    ] {
        let company = Company::new("");
        let notes = land_events(&company, &others);
        assert_eq!(!notes.is_empty(), is_ahead, "{name}: {notes:?}");
        assert_eq!(as_of(&company), through, "{name}");
        // However the rows are spread over files.
        company.land_text("more.ndjson", event("2025-02-01T00:00:00Z", None).to_string());
        paydirt(company.root(), &["compact"]).printed();
        assert_eq!(as_of(&company), through, "{name}, compacted");
    }
}

#[test]
fn case_03_a_posthog_export_reaches_as_far_as_it_was_ingested() {
    let record = |day: &str, at: &str| {
        json!({
            "uuid": format!("0195{day}-0000-7000-8000-000000000000"), "event": "opened",
            "timestamp": at, "_inserted_at": format!("2025-03-{day}T12:00:03Z"),
            "distinct_id": "u", "properties": {}, "created_at": format!("2025-03-{day}T12:00:02Z"),
        })
    };
    let company = Company::new("");
    let records = [record("29", "2025-03-29T12:00:00Z"), record("30", "2033-03-30T12:00:00Z")]
        .map(|r| r.to_string());
    let report = company.land_text("export.jsonl", records.join("\n")).report;
    assert_eq!(report.format, "posthog json");
    assert!(report.notes[0].starts_with("1 event is later than now (2033-"), "{report:?}");
    assert_eq!(as_of(&company), "2025-03-30T12:00:03Z");
    let status = paydirt(company.root(), &["status"]).printed();
    assert!(status.contains("posthog_log.events: 1 event"), "{status}");
}

#[test]
fn case_03_an_event_far_from_all_others_decides_and_is_named() {
    let company = Company::new("");
    land(&company, &[BILLING]);
    let told = "1 event lies weeks after all others (2025-12-24T00:00:00Z, they end before \
                2025-03-31): the data are taken to reach until then";
    let notes = land_events(&company, &[event("2025-12-24T00:00:00Z", None)]);
    assert!(notes.len() == 1 && notes[0].starts_with(told), "{notes:?}");
    // Billing ends in between.
    assert_eq!(as_of(&company), BILLED_UNTIL);
    company.write("sql/hypotheses/opened.sql", OPENED);
    let is_told = |company: &Company| {
        let status = paydirt(company.root(), &["status"]).printed();
        assert!(line(&status, "note: files_log").contains(told), "{status}");
        let report = paydirt(company.root(), &["backtest", "opened", "--format", "json"]).printed();
        let report: Value = serde_json::from_str(&report).unwrap();
        let warnings = report["warnings"].as_array().unwrap();
        let mut codes = warnings.iter().map(|warning| warning["code"].as_str().unwrap());
        codes.any(|code| code == "events_far_apart")
    };
    assert!(is_told(&company));
    company.land_text("more.ndjson", event("2025-02-27T12:00:00Z", None).to_string());
    paydirt(company.root(), &["compact"]).printed();
    assert!(is_told(&company));
    // Who has said where the data end need not hear it.
    company.write("paydirt.toml", "[backtest]\nas_of = \"2025-03-30\"\n");
    assert!(!is_told(&company));
}

const MARCH: i64 = 1_740_830_400;
const DAY: i64 = 86_400;

fn land_objects(company: &Company, objects: &[Value]) -> Vec<String> {
    let lines: Vec<String> = objects.iter().map(Value::to_string).collect();
    company.land_text("objects.ndjson", lines.join("\n")).report.notes
}

fn charge(id: &str, created: i64, livemode: bool) -> Value {
    json!({
        "id": id, "object": "charge", "created": created, "livemode": livemode, "amount": 100,
        "currency": "usd", "status": "succeeded", "metadata": {},
    })
}

#[test]
fn case_03_objects_of_test_clocks_and_of_the_other_mode_decide_nothing() {
    let live = [
        customer("cus_1", MARCH, Some("ann@acme.com"), json!({})),
        subscription("sub_1", "cus_1", MARCH, json!({})),
    ];
    let of_test = |object: Value, clock: Option<&str>| {
        with(object, json!({ "livemode": false, "test_clock": clock }))
    };
    let later = MARCH + 200 * DAY;
    let tested = [
        of_test(customer("cus_2", later, None, json!({})), Some("clock_1")),
        of_test(subscription("sub_2", "cus_2", later, json!({})), Some("clock_1")),
        charge("ch_2", later, false),
    ];
    let company = Company::new("");
    let notes = land_objects(&company, &[&live[..], &tested].concat());
    assert_eq!(notes, [] as [&str; 0]);
    assert_eq!(as_of(&company), "2025-03-01T12:00:00Z");

    // The same project in test mode: a charge does not say that its customer has a clock.
    let company = Company::new("mode = \"test\"\n");
    let own = of_test(customer("cus_3", MARCH + DAY, None, json!({})), None);
    land_objects(&company, &[&live[..], &tested, &[own]].concat());
    assert_eq!(as_of(&company), "2025-03-02T12:00:00Z");

    // Without a clock all of test mode counts.
    let company = Company::new("mode = \"test\"\n");
    land_objects(&company, &[charge("ch_4", MARCH + 3 * DAY, false)]);
    assert_eq!(as_of(&company), "2025-03-04T12:00:00Z");
}

#[test]
fn case_03_an_object_from_the_future_moves_nothing() {
    let far = 1_950_000_000;
    for (name, object, is_named) in [
        ("a live object", customer("cus_2", far, None, json!({})), true),
        ("a charge", charge("ch_2", far, true), true),
        (
            "an object of a clock",
            with(
                customer("cus_2", far, None, json!({})),
                json!({ "livemode": false, "test_clock": "clock_1" }),
            ),
            false,
        ),
        (
            "an object without any time",
            json!({"id": "cus_2", "object": "customer", "deleted": true}),
            false,
        ),
        (
            "an event",
            crate::stripe::event(
                "evt_2",
                "customer.updated",
                far,
                customer("cus_1", MARCH, None, json!({})),
                json!({}),
            ),
            true,
        ),
    ] {
        let company = Company::new("");
        let first = customer("cus_1", MARCH, Some("ann@acme.com"), json!({}));
        let notes = land_objects(&company, &[first, object]);
        assert_eq!(as_of(&company), "2025-03-01T12:00:00Z", "{name}");
        let named = notes.iter().filter(|note| note.contains("made later than now (")).count();
        assert_eq!(named, usize::from(is_named), "{name}: {notes:?}");
        let status = paydirt(company.root(), &["status"]).printed();
        assert_eq!(status.contains("made later than"), is_named, "{name}: {status}");
    }
}

#[test]
fn case_03_marks_cost_no_look_at_the_files() {
    let company = Company::new("");
    land(&company, &[BILLING, SKEWED]);
    let tables = ["files_log/events", "stripe_log/invoices"];
    for table in tables {
        let folder = company.root().join("data/lake").join(table);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "parquet") {
                spoil(&path);
            }
        }
    }
    assert_eq!(as_of(&company), "2025-03-30T12:00:00Z");
}

fn spoil(path: &Path) {
    let size = std::fs::metadata(path).unwrap().len();
    std::fs::write(path, vec![0; usize::try_from(size).unwrap()]).unwrap();
}

/// A project that reads from a server of its own; `None` where there is none.
fn postgres(test: &str, tables: &str, entry: &str) -> Option<(Server, Company)> {
    let server = server(test)?;
    server.sql(tables);
    let company =
        Company::new(&format!("[[source.postgres]]\nurl = \"{}\"\n{entry}", server.url()));
    Some((server, company))
}

/// Commits a position of a table that has landed.
fn set_position(company: &Company, table: &'static str, name: &'static str, value: i64) {
    let lake = company.root().join("data/lake");
    wait(async move {
        let lake = Lake::open(lake.as_path()).await.unwrap();
        let specs = paydirt::sync::postgres::landed_specs(&lake).await.unwrap();
        let spec = specs.into_iter().find(|spec| spec.name == table).unwrap();
        let commit = Commit { positions: vec![(name.to_owned(), value)], ..Commit::default() };
        lake.table(&spec).await.unwrap().append(vec![], commit).await.unwrap();
    });
}

fn sync(company: &Company) -> Said {
    paydirt_within(company.root(), &["sync", "postgres"], &[("PGPASSWORD", PASSWORD)])
}

#[test]
fn case_03_events_of_postgres_from_the_future_move_nothing() {
    let tables = "create table events (id bigserial primary key, name text, at timestamptz);
        insert into events (name, at) values ('opened', '2025-03-30 12:00Z'),
            ('opened', '2031-05-01Z');";
    let entry = "name = \"app\"\ntable = \"events\"\ncursor = \"id\"\nkey = \"id\"\n\
                 event = \"name\"\ntime = \"at\"\n";
    let name = "case_03_events_of_postgres_from_the_future_move_nothing";
    let Some((server, company)) = postgres(name, tables, entry) else { return };
    let said = sync(&company);
    assert!(said.err.contains("1 event is later than now (2031-05-01T00:00:00Z)"), "{said:?}");
    assert_eq!(as_of(&company), "2025-03-30T12:00:00Z");
    let status = paydirt(company.root(), &["status"]).printed();
    assert!(status.contains("postgres_log.events: 1 event is later than its landing"), "{status}");
    // One that is made while we look is not from the future.
    server.sql("insert into events (name, at) values ('opened', now())");
    assert!(!sync(&company).err.contains("2 events"));
    let same =
        format!("select (at = timestamptz '{}')::text from events where id = 3", as_of(&company));
    assert_eq!(server.connect().value(&same), "true");
}

#[test]
fn case_03_a_cursor_from_the_future_jumps_over_nothing() {
    let tables = "create table users (id int primary key, plan text, updated_at timestamptz);
        insert into users values (1, 'free', '2025-03-30 12:00Z'), (2, 'free', '2031-05-01Z');
        create table visits (id int primary key, at timestamptz);
        insert into visits values (1, '2025-03-30 12:00Z'), (2, '2031-05-01Z');";
    let entry = "name = \"users\"\ntable = \"users\"\ncursor = \"updated_at\"\nkey = \"id\"\n\
                 [[source.postgres]]\nurl = \"URL\"\nname = \"app\"\ntable = \"visits\"\ncursor = \"at\"\n\
                 key = \"id\"\nevent_name = \"visited\"\ntime = \"at\"\n";
    let name = "case_03_a_cursor_from_the_future_jumps_over_nothing";
    let Some((server, company)) = postgres(name, tables, entry) else { return };
    let settings = std::fs::read_to_string(company.root().join("paydirt.toml")).unwrap();
    company.write("paydirt.toml", settings.replace("\"URL\"", &format!("\"{}\"", server.url())));
    let said = sync(&company);
    let told = "1 row is later than the server's time (the latest 2031-05-01T00:00:00Z)";
    assert!(said.err.contains(&format!("users: field `updated_at`: {told}")), "{said:?}");
    assert!(said.err.contains(&format!("app: field `at`: {told}")), "{said:?}");
    server.sql("insert into users values (3, 'free', now()); insert into visits values (3, now())");
    let said = sync(&company);
    assert!(said.out.contains("landed 1 new row of users"), "{said:?}");
    assert!(said.out.contains("landed 1 new row of app"), "{said:?}");
    // A row that is changed by its wrong clock again.
    server.sql("update users set plan = 'team', updated_at = '2031-05-02Z' where id = 2");
    assert!(sync(&company).out.contains("landed 1 new row of users"));
    assert!(sync(&company).out.contains("landed 0 new rows of users"));

    // An older paydirt let the cursor jump: what came since is found.
    server.sql("insert into users values (4, 'free', '2025-06-01Z')");
    assert!(sync(&company).out.contains("landed 0 new rows of users"));
    set_position(&company, "postgres_log/users", "postgres users cursor", 1_935_360_000_000_000);
    assert!(sync(&company).out.contains("landed 1 new row of users"));
    assert!(sync(&company).out.contains("landed 0 new rows of users"));
}
