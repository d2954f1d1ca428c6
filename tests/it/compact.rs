//! Compaction as people meet it: the command, and sessions that are open meanwhile.

use std::path::{Path, PathBuf};

use crate::command::paydirt;
use crate::company::{Company, Database, sample};

const QUESTIONS: [&str; 4] = [
    "select * from stripe.subscriptions order by subscription_id",
    "select * from models.trials order by account_id, subscription_id",
    "select event, occurred_at, email, properties from product.events order by uuid",
    "select * from outcomes.payments order by invoice_id",
];

/// The sample, landed in pieces of a few lines each.
fn in_pieces() -> Company {
    let company = Company::like_sample();
    let files: Vec<PathBuf> = std::fs::read_dir(sample("stripe_clover"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .chain([sample("product_events.json")])
        .collect();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let records = value.get("data").unwrap_or(&value).as_array().unwrap().clone();
        for (piece, records) in records.chunks(records.len().div_ceil(4).max(1)).enumerate() {
            let lines: Vec<String> = records.iter().map(ToString::to_string).collect();
            company.land_text(&format!("{piece}-{name}.ndjson"), lines.join("\n"));
        }
    }
    company
}

fn answers(database: &Database) -> Vec<Vec<String>> {
    QUESTIONS.iter().map(|sql| database.rows(sql)).chain([database.landed_keys()]).collect()
}

/// The Parquet files of a table's folder.
fn parquet_files(company: &Company, table: &str) -> Vec<PathBuf> {
    let folder = company.root().join("data/lake").join(table);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "parquet")).collect()
}

fn is_compacted(path: &Path) -> bool {
    path.to_string_lossy().ends_with("-compacted.parquet")
}

#[test]
fn answers_are_the_same_before_meanwhile_and_after() {
    let company = in_pieces();
    let open = company.open();
    let before = answers(&open);
    assert!(before.iter().all(|rows| !rows.is_empty()));

    let said = paydirt(company.root(), &["compact"]).printed();
    let invoices = said.lines().find(|line| line.contains("stripe_log.invoices")).unwrap();
    assert!(invoices.contains(" → 1 "), "{said}");
    assert_eq!(
        parquet_files(&company, "stripe_log/invoices")
            .iter()
            .filter(|path| is_compacted(path))
            .count(),
        1
    );
    assert_eq!(answers(&open), before);
    assert_eq!(answers(&company.open()), before);

    let again = paydirt(company.root(), &["compact"]).printed();
    assert_eq!(again, "nothing to do: no table has small files to merge\n");
    std::thread::sleep(std::time::Duration::from_secs(1));
    let away = paydirt(company.root(), &["compact", "--retain", "1s"]).printed();
    assert!(away.contains("that had been replaced"), "{away}");
    assert_eq!(parquet_files(&company, "stripe_log/invoices").len(), 1);
    assert_eq!(answers(&company.open()), before);
    // The same files again are known by their keys.
    for outcome in company.land(&[sample("stripe_clover"), sample("product_events.json")]) {
        assert_eq!(outcome.new_rows, 0, "{}", outcome.report.path.display());
    }
}

#[test]
fn one_table_by_name_and_none_by_a_wrong_one() {
    let company = in_pieces();
    let said = paydirt(company.root(), &["compact", "stripe_log.invoices"]).printed();
    assert!(
        said.contains("stripe_log.invoices") && !said.contains("stripe_log.customers"),
        "{said}"
    );
    let wrong = paydirt(company.root(), &["compact", "stripe_log.invoice"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("error: no landed table `stripe_log.invoice`"), "{}", wrong.err);
    let long = paydirt(company.root(), &["compact", "--retain", "30d"]);
    assert_eq!(long.code, 2);
    assert!(long.err.contains("kept for 7 days at most"), "{}", long.err);
}

#[test]
fn a_lost_file_is_named() {
    let company = in_pieces();
    let files = parquet_files(&company, "stripe_log/invoices");
    std::fs::remove_file(&files[0]).unwrap();
    let database = company.open();
    for sql in ["select count(*) from stripe_log.invoices", QUESTIONS[3]] {
        let error = database.try_rows(sql).unwrap_err();
        let name = files[0].file_name().unwrap().to_string_lossy().into_owned();
        assert!(error.message().starts_with("the lake has lost the file "), "{error}");
        assert!(error.message().contains(&name) && error.hint_text().is_some(), "{error}");
    }
    let compact = paydirt(company.root(), &["compact", "stripe_log.invoices"]);
    assert_eq!(compact.code, 2);
    assert!(compact.err.contains("the lake has lost the file "), "{}", compact.err);
}

#[test]
fn a_question_about_a_month_opens_the_files_of_that_month() {
    let company = Company::new(
        "[[source.files]]\nname = \"app\"\nevent = \"event\"\ntime = \"at\"\nuser = \"user\"\n",
    );
    for month in 1..=6 {
        let lines: Vec<String> = (1..=20)
            .map(|day| {
                format!(
                    r#"{{"event":"login","at":"2025-0{month}-{day:02}T10:00:00Z","user":"u{day}"}}"#
                )
            })
            .collect();
        company.land_text(&format!("{month}.ndjson"), lines.join("\n"));
    }
    let database = company.open();
    let files = |condition: &str| {
        let sql = format!("explain select count(*) from product.events where {condition}");
        database.rows(&sql).join("\n").matches(".parquet").count()
    };
    assert_eq!(files("event = 'login'"), 6);
    assert_eq!(files("occurred_at >= '2025-03-01' and occurred_at < '2025-04-01'"), 1);
    assert_eq!(files("occurred_at >= '2025-05-01'"), 2);
    assert_eq!(files("occurred_at < '2020-01-01'"), 0);
    database.at("2025-02-10");
    assert_eq!(files("event = 'login'"), 2);
    let march = "select count(*) from product.events where occurred_at between '2025-02-03T10:00:00Z' and '2025-03-04'";
    assert_eq!(database.value(march), "7");
}
