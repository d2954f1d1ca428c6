//! Entries that go or are called otherwise: what has landed stays.

use super::server::server;
use super::{project, rows, run, sync, value};

const TABLES: &str = "
create table events (id int primary key, name text, at timestamptz, email text);
insert into events values (1, 'opened', '2025-01-01', 'ann@acme.com'), (2, 'shared', '2025-01-02', 'ann@acme.com');
create table users (id int primary key, plan text);
insert into users values (1, 'free'), (2, 'team');";
const EVENTS: &str = "name = \"app\"\ntable = \"events\"\nkey = \"id\"\ncursor = \"id\"\n\
                      event = \"name\"\ntime = \"at\"\nemail = \"email\"";
const USERS: &str = "name = \"users\"\ntable = \"users\"\nkey = \"id\"";

#[test]
fn what_has_landed_stays_without_its_entry_and_a_renamed_one_doubles_nothing() {
    let Some(server) = server("what_has_landed_stays_without_its_entry") else { return };
    server.sql(TABLES);
    let company = project(&server, &[EVENTS, USERS]);
    assert!(sync(&company).contains("2 new rows"));
    let settings = std::fs::read_to_string(company.root().join("paydirt.toml")).unwrap();

    company.write("paydirt.toml", "");
    assert_eq!(value(&company, "select count(*) from product.events"), "2");
    assert_eq!(rows(&company, "select id from postgres.users order by id"), ["1", "2"]);
    for arguments in [&["status"][..], &["events"], &["check"]] {
        run(&company, arguments).printed();
    }

    // Events are known by table and key, whatever their entry is called.
    let renamed =
        settings.replace("\"app\"", "\"product\"").replace("name = \"users\"", "name = \"people\"");
    company.write("paydirt.toml", renamed);
    sync(&company);
    assert_eq!(value(&company, "select count(*) from product.events"), "2");
    assert_eq!(value(&company, "select distinct source from product.events"), "app");
    // A table that lands as it is, is a relation of the entry's name: both are there.
    assert_eq!(rows(&company, "select id from postgres.people order by id"), ["1", "2"]);
    assert_eq!(rows(&company, "select id from postgres.users order by id"), ["1", "2"]);
    run(&company, &["check"]).printed();
}
