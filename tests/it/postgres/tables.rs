//! Tables that land as they are: versions, deletions, growth, and how they stood.

use super::server::server;
use super::{project, rows, run, sync, value};
use crate::company::Company;

const USERS: &str = "
create table users (
    id int primary key, email text, plan text, score numeric(10, 2), data jsonb,
    key text default 'own', updated_at timestamptz not null default now()
);
insert into users (id, email, plan, score, updated_at) values
    (1, 'ann@acme.com', 'free', 1.50, '2025-01-10'), (2, 'bob@b.io', 'free', null, '2025-02-10');";

const ENTRY: &str = "name = \"users\"\ntable = \"users\"\nkey = \"id\"\ncursor = \"updated_at\"";
const WITHOUT_CURSOR: &str = "name = \"users\"\ntable = \"users\"\nkey = \"id\"";

fn full(company: &Company) -> String {
    run(company, &["sync", "postgres", "--full"]).printed()
}

#[test]
fn a_table_is_asked_as_it_stood() {
    let Some(server) = server("a_table_is_asked_as_it_stood") else { return };
    server.sql(USERS);
    let company = project(&server, &[ENTRY]);
    assert!(sync(&company).contains("2 new rows"));
    server.sql("update users set plan = 'team', updated_at = '2025-03-10' where id = 1");
    // Behind the cursor's last value by more than the overlap, and still a change.
    assert!(sync(&company).contains("1 new row "));
    assert!(sync(&company).contains("landed 0 new rows"));
    let database = company.open();
    let plans = "select id, plan from postgres.users order by id";
    for (day, expected) in [
        ("2025-01-01", vec![]),
        ("2025-01-15", vec!["1 | free"]),
        ("2025-03-01", vec!["1 | free", "2 | free"]),
        ("2025-03-15", vec!["1 | team", "2 | free"]),
    ] {
        database.at(day);
        assert_eq!(database.rows(plans), expected, "{day}");
    }
    assert_eq!(
        database.rows("select score, key_, known_from from postgres.users where id = 1"),
        ["1.50 | own | 2025-03-10T00:00:00Z"]
    );
    assert_eq!(value(&company, "select count(*) from postgres_log.users"), "3");
    // What a hypothesis may read.
    company.write(
        "sql/hypotheses/team.sql",
        "-- Teams pay.\n-- @horizon 30d\nselect email as account_id, known_from as signal_at \
         from postgres.users where plan = 'team'\n",
    );
    run(&company, &["check"]).printed();
}

#[test]
fn what_is_deleted_or_changed_silently_is_found_by_comparing() {
    let Some(server) = server("what_is_deleted_or_changed_silently") else { return };
    server.sql(USERS);
    let company = project(&server, &[ENTRY]);
    sync(&company);
    server.sql("delete from users where id = 2; update users set plan = 'team' where id = 1");
    assert!(sync(&company).contains("landed 0 new rows"));
    assert!(full(&company).contains("deleted: 1"));
    assert_eq!(rows(&company, "select id, plan from postgres.users"), ["1 | team"]);
    let database = company.open();
    database.at("2025-03-01");
    assert_eq!(
        database.rows("select id, plan from postgres.users order by id"),
        ["1 | free", "2 | free"]
    );
    // Back again, as it was: it is there from now on.
    server.sql("insert into users (id, email, plan, updated_at) values (2, 'bob@b.io', 'free', '2025-02-10')");
    full(&company);
    assert_eq!(value(&company, "select count(*) from postgres.users"), "2");
    assert!(full(&company).contains("landed 0 new rows"));
}

#[test]
fn without_a_cursor_versions_count_from_when_they_were_seen() {
    let Some(server) = server("without_a_cursor_versions_count") else { return };
    server.sql(USERS);
    let company = project(&server, &[WITHOUT_CURSOR]);
    sync(&company);
    server.sql("update users set plan = 'team' where id = 1; delete from users where id = 2");
    assert!(sync(&company).contains("deleted: 1"));
    server.sql("update users set plan = 'free' where id = 1");
    sync(&company);
    assert_eq!(rows(&company, "select id, plan from postgres.users"), ["1 | free"]);
    let versions = "select deleted, count(*) from postgres_log.users group by 1 order by 1";
    assert_eq!(rows(&company, versions), ["false | 4", "true | 1"]);
    let database = company.open();
    database.at("2025-06-01");
    assert_eq!(database.value("select count(*) from postgres.users"), "0");
}

#[test]
fn columns_come_and_go_and_keep_their_type() {
    let Some(server) = server("columns_come_and_go_and_keep_their_type") else { return };
    server.sql(USERS);
    let company = project(&server, &[ENTRY]);
    sync(&company);
    server.sql(
        "alter table users add column seats int; alter table users drop column data;
         update users set seats = 5, updated_at = '2025-04-01' where id = 1",
    );
    let said = run(&company, &["sync", "postgres"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("column data of public.users is gone"), "{}", said.err);
    assert_eq!(
        rows(&company, "select id, seats, data from postgres.users order by id"),
        ["1 | 5 | NULL", "2 | NULL | NULL"]
    );
    server.sql("alter table users alter column plan type int using 1");
    let said = run(&company, &["sync", "postgres"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("column plan is int4 now"), "{}", said.err);
    assert!(said.err.contains("hint: a landed column keeps its type"), "{}", said.err);
    // A query that converts it goes on with the same name.
    let query = "name = \"users\"\nquery = \"select id, email, plan::text, updated_at from users\"\n\
                 key = \"id\"\ncursor = \"updated_at\"";
    let other = project(&server, &[query]);
    company
        .write("paydirt.toml", std::fs::read_to_string(other.root().join("paydirt.toml")).unwrap());
    sync(&company);
    assert_eq!(value(&company, "select count(*) from postgres.users where plan = '1'"), "2");
    // A deleted entry leaves its table.
    company.write("paydirt.toml", "");
    assert_eq!(value(&company, "select count(*) from postgres.users"), "2");
    run(&company, &["status"]).printed();
    run(&company, &["compact"]).printed();
    assert_eq!(value(&company, "select count(*) from postgres.users"), "2");
}

#[test]
fn keys_of_several_columns_and_names_in_capitals() {
    let Some(server) = server("keys_of_several_columns_and_names_in_capitals") else { return };
    server.sql(
        "create schema crm;
         create table crm.\"Members\" (\"orgId\" int, \"userId\" uuid, role text);
         insert into crm.\"Members\" select n % 2, gen_random_uuid(), 'r' from generate_series(1, 9) n",
    );
    let entry = "name = \"members\"\ntable = \"crm.Members\"\nkey = [\"orgId\", \"userId\"]";
    let company = project(&server, &[entry]);
    assert!(sync(&company).contains("9 new rows"));
    assert_eq!(value(&company, "select count(distinct \"userId\") from postgres.members"), "9");
}
