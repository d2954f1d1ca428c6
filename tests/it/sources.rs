//! Entries for files come, change their names and go: what has landed stays, once.

use crate::command::paydirt;
use crate::company::{Company, landed_sample};

const SETTINGS: &str = include_str!("../../data/sample/paydirt.toml");
const ENTRY: &str = "[[source.files]]\nname = \"app\"\npath = \"exports\"\nid = \"id\"\n";
const EVENTS: &str = "id,event,time,email\n1,opened,2025-03-01T00:00:00Z,ann@acme.com\n";

#[test]
fn what_an_entry_landed_stays_when_it_is_gone_or_called_otherwise() {
    let company = landed_sample().copy();
    company.write("exports/1.csv", EVENTS);
    company.write("paydirt.toml", format!("{SETTINGS}\n{ENTRY}"));
    let said = paydirt(company.root(), &["sync", "files"]);
    assert!(said.out.contains("landed 1 new row from 1 file;"), "{said:?}");
    let keys = company.open().landed_keys();
    let backtest = ["backtest", "shared_a_report", "--format", "json"];
    let status = ["status", "--format", "csv"];
    let report = paydirt(company.root(), &backtest).printed();

    // Another name of the entry: nothing is read again.
    let renamed = ENTRY.replace("\"app\"", "\"product\"");
    company.write("paydirt.toml", format!("{SETTINGS}\n{renamed}"));
    let said = paydirt(company.root(), &["sync", "files"]);
    assert!(said.out.contains("(1 of them landed before)"), "{said:?}");

    // Another folder with the same files: known by their content.
    std::fs::rename(company.root().join("exports"), company.root().join("moved")).unwrap();
    company.write("paydirt.toml", format!("{SETTINGS}\n{}", ENTRY.replace("exports", "moved")));
    let said = paydirt(company.root(), &["sync", "files"]);
    assert!(said.out.contains("(1 of them landed before)"), "{said:?}");

    // Another meaning: read again, and the same event by its id.
    let mapped = ENTRY.replace("exports", "moved") + "user = \"email\"\n";
    company.write("paydirt.toml", format!("{SETTINGS}\n{mapped}"));
    let said = paydirt(company.root(), &["sync", "files"]);
    assert!(said.out.contains("landed 0 new rows from 1 file;"), "{said:?}");
    assert_eq!(company.open().landed_keys(), keys);

    // No entry, and no folder that the one before named.
    for settings in [SETTINGS.to_owned(), format!("{SETTINGS}\n{ENTRY}")] {
        company.write("paydirt.toml", settings);
        assert_eq!(company.open().landed_keys(), keys);
        assert!(paydirt(company.root(), &status).printed().contains("files_log.events,"));
        assert_eq!(paydirt(company.root(), &backtest).printed(), report);
    }
    paydirt(company.root(), &["check"]).printed();
}

#[test]
fn an_entry_whose_folder_is_gone_does_not_stop_the_others() {
    let company = Company::new(&(ENTRY.replace("exports", "gone") + ENTRY));
    company.write("exports/1.csv", EVENTS);
    let said = paydirt(company.root(), &["sync"]);
    assert!(said.out.contains("landed 1 new row from 1 file;"), "{said:?}");
    let said = paydirt(company.root(), &["check", "files"]);
    assert!(said.out.contains("app: says how to read gone"), "{said:?}");
}
