//! The SQL library: every file plans, a project's file replaces one whole, a broken one breaks
//! nothing else.

use crate::command::paydirt;
use crate::company::Company;

/// A hypothesis that can be read.
const SOUND: &str = "-- People who sign in pay.\n-- @horizon 30d\n\
    select account_id, occurred_at as signal_at from product.account_events\n";

#[test]
fn every_relation_plans_and_runs_on_an_empty_lake() {
    let database = Company::new("").open();
    let files = database.engine.library.files().filter(|file| file.kind.is_relation);
    let bad: Vec<String> = files
        .filter_map(|file| {
            let name = file.qualified_name();
            let error = database.try_rows(&format!("select * from {name}")).err()?;
            Some(format!("{name}: {error}"))
        })
        .collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn a_projects_file_replaces_the_shipped_one_whole() {
    let company = Company::new("");
    company
        .write("sql/models/accounts.sql", "-- Mine.\nselect 'acc:1' as account_id, 7 as seats\n");
    company.write("sql/models/seats.sql", "-- New.\nselect sum(seats) from models.accounts\n");
    let database = company.open();
    assert_eq!(database.rows("select * from models.accounts"), ["acc:1 | 7"]);
    // A file of the project's own reads it too.
    assert_eq!(database.rows("select * from models.seats"), ["7"]);
    let replaced = "select kind, name from system.library where is_replaced";
    assert_eq!(database.rows(replaced), ["models | accounts"]);
}

#[test]
fn a_broken_file_breaks_nothing_else() {
    let company = Company::new("");
    company.write("sql/models/broken.sql", "-- Broken.\nselect (1\nfrom models.accounts\n");
    company.write("sql/models/whole.sql", "-- Whole.\nselect 1 as one\n");
    company.write("sql/models/latin.sql", b"-- Gr\xfc\xdfe.\nselect 1\n");
    company.write("sql/hypotheses/wrong.sql", "-- A claim.\n-- @horizn 3d\nselect 1\n");
    let database = company.open();
    assert_eq!(database.rows("select * from models.whole"), ["1"]);
    assert_eq!(database.value("select count(*) from models.accounts"), "0");
    let listed = "select count(*) from information_schema.tables where table_name = 'broken'";
    assert_eq!(database.value(listed), "1");
    let error = database.try_rows("select * from models.broken").unwrap_err();
    assert!(error.message().contains("broken.sql:3: "), "{error}");
}

#[test]
fn an_unknown_key_names_file_and_line() {
    let company = Company::new("");
    company.write("sql/hypotheses/wrong.sql", "-- A claim.\n-- @horizn 3d\nselect 1\n");
    let said = paydirt(company.root(), &["backtest", "wrong"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("sql/hypotheses/wrong.sql:2: unknown key `@horizn`"), "{}", said.err);
    assert!(said.err.contains("hint: did you mean `@horizon`?"), "{}", said.err);
}

#[test]
fn check_plans_what_is_sound_and_names_what_is_not() {
    let company = Company::new("");
    let sound = paydirt(company.root(), &["check"]);
    assert_eq!(sound.code, 0, "{}", sound.err);
    assert!(sound.out.contains("files plan, 0 do not"), "{}", sound.out);

    company.write("sql/hypotheses/sound.sql", SOUND);
    company.write("sql/models/broken.sql", "-- Broken.\nselect (1\nfrom models.accounts\n");
    let peeks = SOUND.replace("product.account_events", "outcomes.payments");
    company.write("sql/hypotheses/peeks.sql", peeks.replace("occurred_at", "paid_at"));
    let lacks = SOUND.replace("occurred_at as signal_at", "occurred_at as signalled_at");
    company.write("sql/hypotheses/lacks.sql", lacks);
    company.write("sql/hypotheses/wrong.sql", SOUND.replace("@horizon", "@horizn"));
    company.write("sql/hypotheses/typed.sql", SOUND.replace("occurred_at as", "event as"));
    company.write("sql/models/accounts.sql", "-- Mine.\nselect 'a' as account_id\n");

    let said = paydirt(company.root(), &["check"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    for sentence in [
        "sql/models/broken.sql:3: ",
        "sql/hypotheses/peeks.sql:3: a hypothesis may not read `outcomes`",
        "sql/hypotheses/lacks.sql: no column `signal_at`",
        "hint: `signalled_at as signal_at`?",
        "sql/hypotheses/wrong.sql:2: unknown key `@horizn`",
        "sql/hypotheses/typed.sql: column `signal_at` is ",
        "sql/models/accounts.sql: lacks columns of the definition it replaces: created_at",
    ] {
        assert!(said.err.contains(sentence), "{sentence}\n{}", said.err);
    }
    let shipped = sound.out.split(' ').next().unwrap().parse::<u64>().unwrap();
    // The sound one more, the replaced one less.
    assert!(said.out.contains(&format!("{shipped} files plan, 6 do not")), "{}", said.out);
}
