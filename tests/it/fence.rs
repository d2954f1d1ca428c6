//! The fence: what a hypothesis may read is what could be known on the day.

use std::path::Path;

use paydirt::backtest::signals::signal_frame;
use paydirt::library::{Kind, SqlFile};

use crate::company::{Company, Database, landed_sample, wait};

/// Plans SQL as a hypothesis; what is wrong with it, else nothing.
fn refusal(database: &Database, sql: &str) -> Option<String> {
    let text = format!("-- A claim.\n-- @horizon 30d\n{sql}\n");
    let kind = Kind::of("hypotheses");
    let file = SqlFile::parse(kind, "claim", Path::new("claim.sql"), text).unwrap();
    let engine = database.engine.clone();
    wait(async move {
        let session = engine.fenced_session(engine.settings().await.unwrap().clone()).unwrap();
        signal_frame(&session, &file).await.err().map(|error| error.to_string())
    })
}

/// A hypothesis that reads one relation.
fn reading(relation: &str, time: &str) -> String {
    format!("select 'a' as account_id, {time} as signal_at from {relation}")
}

#[test]
fn what_a_hypothesis_may_not_read_is_refused_in_a_sentence() {
    let company = landed_sample().copy();
    company.write(
        "sql/models/winners.sql",
        "-- A view.\nselect paid_at as at from outcomes.payments\n",
    );
    company
        .write("sql/models/through.sql", "-- A view of a view.\nselect at from models.winners\n");
    company.write(
        "sql/models/rehearsed.sql",
        "-- A view of a backtest.\nselect net_converted_at as at from backtest_rows('shared_a_report')\n",
    );
    company.write("sql/queries/anything.sql", "-- A query.\nselect now() as at\n");
    let database = company.open();
    for (sql, sentence) in [
        (
            reading("outcomes.payments", "paid_at"),
            "a hypothesis may not read `outcomes`: it holds what the hypothesis is to be tested against",
        ),
        (
            reading("paydirt.outcomes.payments", "paid_at"),
            "a hypothesis may not read `outcomes`",
        ),
        (reading("stripe_log.invoices", "paid_at"), "a hypothesis may not read `stripe_log`"),
        (reading("posthog_log.events", "occurred_at"), "a hypothesis may not read `posthog_log`"),
        (reading("files_log.events", "occurred_at"), "a hypothesis may not read `files_log`"),
        (reading("stripe_version.invoices", "paid_at"), "a hypothesis may not read `stripe_version`"),
        (reading("system.syncs", "at"), "a hypothesis may not read `system`"),
        (reading("backtest.signals", "signal_at"), "a hypothesis may not read `backtest`"),
        (reading("commands.demo_trials", "started_at"), "a hypothesis may not read `commands`"),
        (reading("queries.anything", "at"), "a hypothesis may not read `queries`"),
        (
            reading("hypotheses.shared_a_report", "signal_at"),
            "a hypothesis may not read `hypotheses`",
        ),
        (reading("models.winners", "at"), "models.winners may not read `outcomes`"),
        (reading("models.through", "at"), "models.winners may not read `outcomes`"),
        (reading("models.rehearsed", "at"), "backtest_rows"),
        (
            "with t as (select * from outcomes.payments) select account_id, paid_at as signal_at from t"
                .into(),
            "a hypothesis may not read `outcomes`",
        ),
        (
            "select account_id, started_at as signal_at from models.trials \
             where account_id in (select account_id from outcomes.payments)"
                .into(),
            "a hypothesis may not read `outcomes`",
        ),
        (
            "select account_id, (select max(paid_at) from outcomes.payments) as signal_at \
             from models.trials"
                .into(),
            "a hypothesis may not read `outcomes`",
        ),
    ] {
        let said = refusal(&database, &sql).unwrap_or_else(|| panic!("allowed: {sql}"));
        assert!(said.contains(sentence), "{sql}: {said}");
        assert!(!said.contains('\n') && said.len() < 300, "{said}");
    }
}

#[test]
fn what_lies_outside_the_database_is_refused() {
    let company = Company::new("");
    let file = company.write("x.csv", "account_id,signal_at\na,2025-01-01T00:00:00Z\n");
    let database = company.open();
    for relation in [
        "information_schema.tables".to_owned(),
        "information_schema.df_settings".to_owned(),
        "'/x.parquet'".to_owned(),
        format!("'{}'", file.display()),
        "backtest('shared_a_report')".to_owned(),
        "backtest_rows('shared_a_report')".to_owned(),
        "read_csv('x.csv')".to_owned(),
    ] {
        let sql = reading(&relation, "now()");
        let said = refusal(&database, &sql).unwrap_or_else(|| panic!("allowed: {sql}"));
        assert!(!said.contains('\n') && said.len() < 300, "{relation}: {said}");
    }
}

#[test]
fn what_answers_differently_each_time_is_refused() {
    let company = Company::new("");
    company.write("sql/models/lottery.sql", "-- A view.\nselect random() as draw\n");
    let database = company.open();
    for (sql, name) in [
        ("select 'a' as account_id, now() as signal_at where random() < 0.5", "random"),
        ("select uuid() as account_id, now() as signal_at", "uuid"),
        (
            "select 'a' as account_id, now() as signal_at from models.lottery where draw < 0.5",
            "random",
        ),
        ("select 'a' as account_id, now() as signal_at where 1 in (select random())", "random"),
    ] {
        let said = refusal(&database, sql).unwrap_or_else(|| panic!("allowed: {sql}"));
        assert_eq!(
            said.trim_start_matches("claim.sql: "),
            format!("a hypothesis may not call {name}()")
        );
    }
}

#[test]
fn a_hypothesis_only_asks() {
    let company = Company::new("");
    let target = company.root().join("out.csv");
    let database = company.open();
    for sql in [
        "create table t as select 1".to_owned(),
        "create view v as select 1".to_owned(),
        "drop table models.trials".to_owned(),
        "insert into models.trials select 1".to_owned(),
        "delete from models.trials".to_owned(),
        format!("copy (select 1) to '{}'", target.display()),
        "set paydirt.as_of = '2030-01-01'".to_owned(),
        "create external table t stored as csv location '/etc/passwd'".to_owned(),
        "select 1; select 2".to_owned(),
    ] {
        let said = refusal(&database, &sql).unwrap_or_else(|| panic!("allowed: {sql}"));
        assert!(!said.contains('\n') && said.len() < 300, "{sql}: {said}");
    }
    assert!(!target.exists());
}

#[test]
fn what_was_known_on_the_day_may_be_read() {
    let company = Company::new("");
    company.write(
        "sql/models/mine.sql",
        "-- A view.\nselect account_id, now() as at from models.accounts\n",
    );
    let database = company.open();
    for sql in [
        "select account_id, occurred_at as signal_at, known_at from product.account_events".into(),
        "select account_id, started_at as signal_at from models.trials".into(),
        "select customer_id as account_id, created_at as signal_at from stripe.invoices".into(),
        reading("models.mine", "at"),
        reading("identity.internal_domains", "now()"),
        reading("product.account_events", "min(occurred_at) over (partition by account_id)"),
        "select account_id, cast(occurred_at as timestamp) as signal_at from product.account_events"
            .into(),
    ] {
        assert_eq!(refusal(&database, &sql), None, "{sql}");
    }
}

#[test]
fn views_in_a_circle_are_named() {
    let company = Company::new("");
    company.write("sql/models/hen.sql", "-- A view.\nselect * from models.egg\n");
    company.write("sql/models/egg.sql", "-- A view.\nselect * from models.hen\n");
    let error = company.open().try_rows("select * from models.hen").unwrap_err();
    let circle = "views read each other in a circle: models.hen → models.egg → models.hen";
    assert!(error.message().contains(circle), "{error}");
}
