//! Product events: what values become, what is read again, what comes late.

use super::server::{Server, server, servers};
use super::{project, rows, run, sync, value};

const ENTRY: &str = r#"
name = "app"
table = "events"
cursor = "id"
key = "id"
event = "name"
time = "at"
user = "user_id"
email = "payload.user.email"
account = "org"
properties = "payload"
"#;

const TABLE: &str = "
create type plan as enum ('free', 'Team plan');
create table events (
    id bigserial primary key, name text, at timestamptz not null default now(), user_id uuid,
    org int, payload jsonb, plan plan, amount numeric, tags text[], ratio real, on_day date,
    local timestamp, money money, nothing text
);";

fn server_with_events(binaries: &std::path::Path, count: u32) -> Server {
    let server = Server::start(binaries);
    server.sql(TABLE);
    server.sql(&format!(
        "insert into events (name, at, org, payload)
         select 'opened', timestamptz '2025-01-01' + n * interval '1 minute', n % 7,
             jsonb_build_object('n', n)
         from generate_series(1, {count}) as n"
    ));
    server
}

#[test]
fn types_keep_their_meaning_on_every_server() {
    for binaries in servers("types_keep_their_meaning_on_every_server") {
        let server = server_with_events(&binaries, 0);
        server.sql(
            r#"insert into events values (7, 'opened', '2025-03-01 12:00:00.123456+02',
                'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 42,
                '{"user": {"email": "Ann@Acme.com"}, "n": 1.50, "é": [1, null]}', 'Team plan',
                12345678901234567890.120, '{a,"b c",null}', 0.1, '2025-02-28',
                '2025-02-28 23:59:59', 12.5, null)"#,
        );
        let company = project(&server, &[ENTRY]);
        sync(&company);
        let row = rows(
            &company,
            "select uuid, event, occurred_at, distinct_id, email, account_id, source
             from postgres_log.events",
        );
        assert_eq!(
            row,
            ["7 | opened | 2025-03-01T10:00:00.123456Z | a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 \
              | Ann@Acme.com | 42 | app"]
        );
        // jsonb keeps its own order of keys.
        assert_eq!(
            value(&company, "select properties from product.events"),
            r#"{"n":1.50,"é":[1,null],"user":{"email":"Ann@Acme.com"},"plan":"Team plan","#
                .to_owned()
                + r#""amount":12345678901234567890.120,"tags":["a","b c",null],"ratio":0.1,"#
                + r#""on_day":"2025-02-28","local":"2025-02-28T23:59:59","money":"$12.50"}"#
        );
        let said = run(&company, &["check", "postgres"]).printed();
        for part in ["plan (enum)", "text[]", "public.events", "postgres_log.events", "127.0.0.1"] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}

#[test]
fn what_is_new_is_read_and_nothing_twice() {
    let Some(binaries) = servers("what_is_new_is_read_and_nothing_twice").into_iter().next() else {
        return;
    };
    let server = server_with_events(&binaries, 1_000);
    let company = project(&server, &[ENTRY]);
    assert!(sync(&company).contains("1,000 new rows"));
    assert!(sync(&company).contains("landed 0 new rows"));
    server.sql("insert into events (name) values ('closed'), ('closed')");
    assert!(sync(&company).contains("2 new rows"));
    assert_eq!(value(&company, "select count(*) from product.events"), "1002");
    let through = "select complete_through is not null from system.syncs where new_rows = 2";
    assert_eq!(value(&company, through), "true");
    // A new name for the same table changes nothing of what has landed.
    let renamed = ENTRY.replace("name = \"app\"", "name = \"product\"");
    let text = std::fs::read_to_string(company.root().join("paydirt.toml")).unwrap();
    company.write("paydirt.toml", text.replace(ENTRY.trim(), renamed.trim()));
    assert!(sync(&company).contains("landed 0 new rows"));
    company.write("paydirt.toml", "");
    assert_eq!(value(&company, "select count(*) from product.events"), "1002");
}

#[test]
fn a_row_that_commits_late_is_found() {
    let Some(server) = server("a_row_that_commits_late_is_found") else { return };
    server.sql(TABLE);
    let company = project(&server, &[&format!("{ENTRY}overlap = 0\n")]);
    let late = server.connect();
    late.sql("begin; insert into events (name) values ('late')");
    server.sql("insert into events (name) values ('early')");
    assert!(sync(&company).contains("1 new row "));
    late.sql("commit");
    assert!(sync(&company).contains("1 new row "));
    // By the overlap alone, as where no transaction is told: a query.
    let query = ENTRY.replace("table = \"events\"", "query = \"select * from events;\"");
    let company = project(&server, &[&query.replace("\"app\"", "\"asked\"")]);
    let late = server.connect();
    late.sql("begin; insert into events (name) values ('late')");
    server.sql("insert into events (name) values ('early')");
    assert!(sync(&company).contains("3 new rows"));
    late.sql("commit");
    assert!(sync(&company).contains("1 new row "));
    assert!(sync(&company).contains("landed 0 new rows"));
}

#[test]
fn a_time_may_be_the_cursor_and_rows_need_no_key() {
    let Some(server) = server("a_time_may_be_the_cursor_and_rows_need_no_key") else { return };
    server.sql(
        "create table clicks (at timestamp, who text, meta json);
         create index on clicks (at);
         insert into clicks select timestamp '2025-01-01' + n / 10 * interval '1 second',
             'u' || n, '{\"b\": 1,\"a\":  2}' from generate_series(1, 5000) as n;
         insert into clicks values (null, 'x', null), ('infinity', 'y', null)",
    );
    let entry = "name = \"clicks\"\ntable = \"public.clicks\"\ncursor = \"at\"\n\
                 event_name = \"clicked\"\ntime = \"at\"\nuser = \"who\"\nproperties = \"meta\"";
    let company = project(&server, &[entry]);
    let said = run(&company, &["sync", "postgres"]);
    // Two rows have no time: they are named, and everything else is there.
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(
        said.out.contains("5,000 new rows") && said.out.contains("rejected: 2"),
        "{}",
        said.out
    );
    assert!(said.err.contains("field `at`: is NULL"), "{}", said.err);
    assert!(said.err.contains("is infinity, not a time"), "{}", said.err);
    assert_eq!(
        value(&company, "select properties from product.events where distinct_id = 'u7'"),
        r#"{"b":1,"a":2}"#
    );
    assert!(sync(&company).contains("landed 0 new rows"));
    server.sql("insert into clicks values ('2025-01-02', 'z', null)");
    assert!(sync(&company).contains("1 new row "));
    assert_eq!(value(&company, "select count(*) from product.events"), "5001");
}

/// The rules of files (cases 08 and 28) are those of Postgres.
#[test]
fn what_is_no_epoch_or_no_whole_id_is_refused_or_null() {
    let Some(server) = server("what_is_no_epoch_or_no_whole_id") else { return };
    server.sql(
        "create table facts (id int primary key, on_day int, org float8, who real, customer numeric,
             seen int, cost numeric(10, 2));
         insert into facts values (1, 20250304, 42, 7, 9007199254740993.0, 20250305, 1.50),
             (2, 20250305, 1e16, 16777216, 4.50, 5, null)",
    );
    let entry = "name = \"facts\"\ntable = \"facts\"\nkey = \"id\"\nevent_name = \"built\"\n\
                 time = \"on_day\"\nuser = \"who\"\nstripe_customer = \"customer\"\naccount = \"org\"\n\
                 ingested_at = \"seen\"\n";
    let company = project(&server, &[entry]);
    let said = run(&company, &["sync", "postgres"]);
    assert_eq!(said.code, 2, "{}", said.err);
    let error = "error: facts: row 1: field `on_day`: 20250304 would be 1970-08-23 as seconds and \
                 looks like a date; set time_format = \"%Y%m%d\" in [[source.postgres]], and sync \
                 with --full\n";
    assert!(said.err.contains(error), "{}", said.err);
    assert_eq!(said.err.matches("would be").count(), 1, "{}", said.err);
    assert!(said.err.contains("2 rows were rejected over on_day: set time_format"), "{}", said.err);

    let company = project(&server, &[&format!("{entry}time_format = \"%Y%m%d\"")]);
    let said = run(&company, &["sync", "postgres"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let columns = "select occurred_at, ingested_at, account_id, distinct_id, stripe_customer_id, properties \
                   from postgres_log.events order by 1";
    assert_eq!(
        rows(&company, columns),
        [
            "2025-03-04T00:00:00Z | 2025-03-05T00:00:00Z | 42 | 7 | 9007199254740993 | {\"cost\":1.50}",
            "2025-03-05T00:00:00Z | NULL | NULL | NULL | 4.50 | NULL"
        ]
    );
    let reasons = "select field, reason from system.diagnostics where id = '2' order by field";
    assert_eq!(
        rows(&company, reasons),
        [
            "org | 1e16 is an id that lost digits as a floating-point number",
            "seen | 5 would be 1970-01-01 as seconds, before any event of a product can be",
            "who | 1.6777216e7 is an id that lost digits as a floating-point number"
        ]
    );
}

#[test]
fn without_a_cursor_all_is_read_and_full_reads_what_a_cursor_missed() {
    let Some(server) = server("without_a_cursor_all_is_read") else { return };
    server.sql(TABLE);
    server.sql("insert into events (id, name) values (5, 'a'), (900000, 'b')");
    let company =
        project(&server, &[ENTRY, &ENTRY.replace("cursor = \"id\"", "").replace("app", "all")]);
    run(&company, &["sync", "postgres", "app"]).printed();
    assert_eq!(value(&company, "select count(*) from product.events"), "2");
    server.sql("insert into events (id, name) values (6, 'c')");
    assert!(run(&company, &["sync", "postgres", "app"]).printed().contains("landed 0 new"));
    assert!(run(&company, &["sync", "postgres", "app", "--full"]).printed().contains("1 new row "));
    // The same rows of the same table by another entry are the same events.
    assert!(run(&company, &["sync", "postgres", "all"]).printed().contains("landed 0 new"));
    server.sql("insert into events (id, name) values (7, 'd')");
    assert!(run(&company, &["sync", "postgres", "all"]).printed().contains("1 new row "));
}
