//! What can be wrong with an entry or a server: what, where, and what to do.

use super::server::{PASSWORD, server};
use super::{project, run};
use crate::command::{paydirt, paydirt_within};
use crate::company::Company;

const USERS: &str = "create table users (id int primary key, email text, updated_at timestamptz)";
const ENTRY: &str = "name = \"users\"\ntable = \"users\"\nkey = \"id\"";

#[test]
fn every_mistake_has_its_sentence() {
    let Some(server) = server("every_mistake_has_its_sentence") else { return };
    server.sql(USERS);
    server.sql("create role other login password 'x'; create view broken as select 1 as one");
    let trouble = |entry: &str, sentence: &str, hint: &str| {
        let company = project(&server, &[entry]);
        for command in [["sync", "postgres"], ["check", "postgres"]] {
            let said = run(&company, &command);
            assert_ne!(said.code, 0, "{entry}: {}", said.out);
            assert!(said.err.contains(sentence), "{sentence}: {}", said.err);
            assert!(said.err.contains(&format!("hint: {hint}")), "{hint}: {}", said.err);
        }
        // It is kept for who looks later.
        let database = company.open();
        let reason = database.value("select reason from system.syncs where outcome = 'failing'");
        assert!(!reason.is_empty());
    };
    trouble(
        &ENTRY.replace("\"users\"\nkey", "\"public.user\"\nkey"),
        "there is no table public.user",
        "did you mean public.users?",
    );
    trouble(
        &ENTRY.replace("\"id\"", "\"idd\""),
        "public.users: there is no column idd (key)",
        "did you mean id?",
    );
    trouble(
        &format!("{ENTRY}\ncursor = \"email\""),
        "the cursor email is of type text",
        "a cursor is a whole number or a time",
    );
    trouble(
        "name = \"x\"\nquery = \"select id from userz\"\nkey = \"id\"",
        "relation \"userz\" does not exist",
        "`paydirt check postgres`",
    );
    trouble(
        "name = \"x\"\nquery = \"delete from users returning id\"\nkey = \"id\"",
        "syntax error",
        "`paydirt check postgres`",
    );
    trouble(
        "name = \"x\"\ntable = \"users\"\nevent_name = \"e\"\ntime = \"email.at\"",
        "email is text, not JSON",
        "a path leads into a column of json or jsonb",
    );
}

#[test]
fn a_query_cannot_write() {
    let Some(server) = server("a_query_cannot_write") else { return };
    server.sql(USERS);
    server.sql(
        "create function sneak() returns int language sql as
         'insert into users values (1) returning id'",
    );
    let company =
        project(&server, &["name = \"x\"\nquery = \"select sneak() as id\"\nkey = \"id\""]);
    let said = run(&company, &["sync", "postgres"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("read-only transaction"), "{}", said.err);
    assert_eq!(server.connect().value("select count(*)::text from users"), "0");
}

#[test]
fn the_server_and_the_password() {
    let Some(mut server) = server("the_server_and_the_password") else { return };
    server.sql(USERS);
    let company = project(&server, &[ENTRY]);
    let sync = ["sync", "postgres"];
    let said = paydirt_within(company.root(), &sync, &[("PGPASSWORD", "hunter2")]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("password authentication failed"), "{}", said.err);
    assert!(said.err.contains("hint: the password came from PGPASSWORD"), "{}", said.err);
    assert!(!said.err.contains("hunter2"), "{}", said.err);
    let said = paydirt(company.root(), &sync);
    assert!(said.err.contains("asks for a password"), "{}", said.err);
    assert!(said.err.contains("hint: set PGPASSWORD"), "{}", said.err);
    // Nothing of it is written either.
    let database = company.open();
    for table in ["system.syncs", "system.diagnostics"] {
        let found = database.value(&format!(
            "select count(*) from {table} where reason like '%hunter2%' or path like '%hunter2%'"
        ));
        assert_eq!(found, "0");
    }
    server.stop();
    let said = run(&company, &sync);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("cannot connect to 127.0.0.1"), "{}", said.err);
    assert!(said.err.contains("connection refused"), "{}", said.err);
}

#[test]
fn passwords_come_from_private_places() {
    use std::os::unix::fs::PermissionsExt;
    let Some(server) = server("passwords_come_from_private_places") else { return };
    server.sql(USERS);
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let sync = ["sync", "postgres"];
    let company = project(&server, &[&format!("{ENTRY}\npassword_file = \"pg.password\"")]);
    let path = company.write("pg.password", format!("{PASSWORD}\n"));
    mode(&path, 0o644);
    let said = paydirt(company.root(), &sync);
    assert!(
        said.err.contains("can be read by others") && said.err.contains("chmod 600"),
        "{}",
        said.err
    );
    mode(&path, 0o600);
    paydirt(company.root(), &sync).printed();
    let company = project(&server, &[ENTRY]);
    let path = company.write("pgpass", format!("*:{}:postgres:postgres:{PASSWORD}\n", server.port));
    mode(&path, 0o600);
    paydirt_within(company.root(), &sync, &[("PGPASSFILE", path.to_str().unwrap())]).printed();
    let url = server.url().replace("postgres@", "postgres:correct%20horse@");
    let company =
        Company::new(&format!("[[source.postgres]]\nurl_variable = \"APP_DB\"\n{ENTRY}\n"));
    let said = paydirt(company.root(), &sync);
    assert!(said.err.contains("APP_DB is not set"), "{}", said.err);
    paydirt_within(company.root(), &sync, &[("APP_DB", &url)]).printed();
    let company = Company::new(&format!("[[source.postgres]]\n{ENTRY}\n"));
    paydirt_within(company.root(), &sync, &[("DATABASE_URL", &url)]).printed();
    // All that is configured: Stripe is not.
    let said = paydirt_within(company.root(), &["sync"], &[("DATABASE_URL", &url)]).printed();
    assert!(said.contains("of users from Postgres"), "{said}");
    company.write("paydirt.toml", format!("[[source.postgres]]\nurl = \"{url}\"\n{ENTRY}\n"));
    let said = paydirt(company.root(), &sync);
    assert!(said.err.contains("does not belong in paydirt.toml"), "{}", said.err);
    assert!(!said.err.contains("horse"), "{}", said.err);
}
