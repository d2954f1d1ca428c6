//! The simulated company: all of it lands, both shapes tell one history, and a seed is its bytes.

use std::path::{Path, PathBuf};

use paydirt::backtest::table_functions;
use paydirt::simulate::{self, AS_OF, Settings, Shape};
use serde_json::Value;
use tempfile::TempDir;

use crate::command::paydirt;
use crate::company::{Company, Database};

const BEHAVIOURS: [&str; 5] = [
    "published_a_workflow",
    "browsed_templates",
    "invited_a_teammate",
    "wrote_a_comment",
    "exports_regularly",
];

fn settings(shape: Shape) -> Settings {
    let (accounts, events, seed, is_compressed, as_of) = (200, 5_000, 11, false, AS_OF);
    Settings { accounts, events, seed, shape, is_compressed, as_of }
}

/// Makes a company in a new folder.
fn made(settings: &Settings) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    simulate::write(folder.path(), settings, &mut |_| {}).unwrap();
    folder
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn truth(folder: &Path) -> Value {
    serde_json::from_str(&read(&folder.join("truth.json"))).unwrap()
}

/// All files below a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.into_iter().flat_map(below).collect()
}

/// Lands a company in a project with its own settings and hypotheses. Nothing is refused, and
/// nothing needs a remark.
fn landed(folder: &Path) -> Company {
    let company = Company::new(&read(&folder.join("paydirt.toml")));
    for name in BEHAVIOURS {
        let path = format!("sql/hypotheses/{name}.sql");
        company.write(&path, read(&folder.join(&path)));
    }
    for outcome in company.land(&[folder.join("export")]) {
        let report = outcome.report;
        assert_eq!(report.rejected, 0, "{report:?}");
        assert!(report.diagnostics.is_empty(), "{:?}", report.diagnostics);
        assert!(report.notes.is_empty(), "{:?}: {:?}", report.path, report.notes);
    }
    company
}

#[test]
fn it_lands_whole_and_both_shapes_tell_one_history() {
    let folders = [Shape::Clover, Shape::Acacia].map(|shape| made(&settings(shape)));
    let companies = folders.each_ref().map(|folder| landed(folder.path()));
    let [clover, acacia] = companies.each_ref().map(Company::open);
    for database in [&clover, &acacia] {
        table_functions::register(&database.engine, &database.session);
    }
    for name in BEHAVIOURS {
        let rows = format!("select * from backtest_rows('{name}') order by subscription_id");
        assert_eq!(clover.rows(&rows), acacia.rows(&rows), "{name}");
    }
    assert_counted_by_hand(&clover, &truth(folders[0].path()));
    for relation in [
        "select subscription_id, status, trial_end_at, ended_at from stripe.subscriptions_all_modes",
        "select invoice_id, status, cash_minor, paid_at from stripe.invoices",
        "select charge_id, amount_refunded_minor, is_refunded, is_disputed from stripe.charges",
        "select account_id, paid_at, reversed_at, mrr_list_minor, mrr_net_minor from outcomes.payments",
        "select subscription_id, price_id, quantity from stripe.subscription_items",
    ] {
        for moment in ["2026-01-01", "2025-12-20", "2025-06-01"] {
            let rows = clover.at(moment).rows(&format!("{relation} order by 1, 2, 3"));
            assert!(!rows.is_empty(), "{relation}");
            assert_eq!(acacia.at(moment).rows(&format!("{relation} order by 1, 2, 3")), rows);
        }
    }
}

/// The naive figures in `truth.json` are those of plain SQL over what has landed.
fn assert_counted_by_hand(database: &Database, truth: &Value) {
    for behaviour in truth["behaviours"].as_array().unwrap() {
        let (event, times) = (behaviour["event"].as_str().unwrap(), &behaviour["times"]);
        let counted = database.rows(&format!(
            "with did as (
                select account_id from product.account_events where event = '{event}'
                group by account_id having count(*) >= {times}
            ),
            paid as (
                select distinct customers.account_id
                from stripe.invoices as invoices
                inner join models.customer_accounts as customers
                    on customers.customer_id = invoices.customer_id
                where invoices.cash_minor > 0
            )
            select
                did.account_id is not null, count(*), count(paid.account_id)
            from models.accounts as accounts
            left join did on did.account_id = accounts.account_id
            left join paid on paid.account_id = accounts.account_id
            where not accounts.is_internal
            group by 1 order by 1 desc"
        ));
        let naive = &behaviour["naive"];
        let group = |name: &str| format!("{} | {}", naive[name]["n"], naive[name]["converted"]);
        let expected = [format!("true | {}", group("ever")), format!("false | {}", group("never"))];
        assert_eq!(counted, expected, "{event}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let mut hashes = String::new();
    for shape in [Shape::Acacia, Shape::Clover] {
        let settings = Settings { accounts: 30, events: 600, ..settings(shape) };
        let folder = made(&settings);
        hashes += &format!("{shape:?}\n");
        for file in files(folder.path()) {
            let hash = blake3::hash(&std::fs::read(&file).unwrap()).to_hex();
            let name = file.strip_prefix(folder.path()).unwrap().display();
            hashes += &format!("{} {name}\n", &hash[..16]);
        }
    }
    insta::assert_snapshot!(hashes);
}

#[test]
fn compressed_files_hold_the_same() {
    let settings = Settings { accounts: 20, events: 300, ..settings(Shape::Clover) };
    let plain = made(&settings);
    let packed = made(&Settings { is_compressed: true, ..settings });
    let plain = files(&plain.path().join("export/stripe")).into_iter();
    let packed = files(&packed.path().join("export/stripe"));
    assert_eq!(plain.len(), packed.len());
    for (plain, packed) in plain.zip(packed) {
        let mut text = String::new();
        let mut file = flate2::read::GzDecoder::new(std::fs::File::open(&packed).unwrap());
        std::io::Read::read_to_string(&mut file, &mut text).unwrap();
        assert_eq!(text, read(&plain), "{}", packed.display());
    }
}

#[test]
fn there_are_as_many_events_as_wanted_unless_more_are_needed() {
    for (accounts, events) in [(1, 1), (1, 5_000), (40, 2_000), (40, 10)] {
        let settings = Settings { accounts, events, ..settings(Shape::Clover) };
        let folder = tempfile::tempdir().unwrap();
        let made = simulate::write(folder.path(), &settings, &mut |_| {}).unwrap();
        assert_eq!(made.is_over, made.events != events);
        assert!(made.events >= events);
        assert!(made.events == events || made.events < 20 * accounts, "{made:?}");
        assert_eq!(truth(folder.path())["events"], made.events);
    }
}

#[test]
fn the_command_makes_a_project_once() {
    let folder = tempfile::tempdir().unwrap();
    let make = ["simulate", "--accounts", "12", "--events", "20", "--seed", "5", "--out", "acme"];
    let made = paydirt(folder.path(), &make);
    assert!(made.err.contains("20 events were wanted"), "{}", made.err);
    let text = made.printed();
    assert!(text.contains("made a company in acme: 12 accounts"), "{text}");
    let again = paydirt(folder.path(), &make);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("acme/paydirt.toml is there already"), "{}", again.err);
    assert!(again.err.contains("hint: "), "{}", again.err);
}
