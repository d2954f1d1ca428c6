//! Results that are stored beside the lake: they say what computing says, and never what was true
//! of other data.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arrow::array::{RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::util::pretty::pretty_format_batches;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use paydirt::config::{Mode, Project};
use paydirt::engine::Engine;
use paydirt::engine::options::Settings;
use paydirt::library::SqlFile;
use paydirt::simulate::{self, AS_OF, Shape};
use serde_json::json;

use crate::command::paydirt;
use crate::company::{Company, wait};
use crate::stripe::{customer, list};

const DAY: i64 = 86_400;

/// The company as its sources told it so many days before the end.
fn export(root: &Path, days: i64) -> PathBuf {
    let (accounts, events, seed, shape) = (120, 4_000, 5, Shape::Acacia);
    let as_of = AS_OF - days * DAY;
    let settings =
        simulate::Settings { accounts, events, seed, shape, is_compressed: false, as_of };
    simulate::write(root, &settings, &mut |_| ()).unwrap();
    root.join("export")
}

/// The rows of every kept relation, sorted, in both modes and at two times.
fn all_rows(root: &Path, is_stored: bool) -> BTreeMap<String, Vec<String>> {
    let project = Project::open(Some(root)).unwrap();
    wait(async move {
        let engine = Engine::open(project, None).await.unwrap();
        let engine = if is_stored { engine.storing_all() } else { engine };
        let settings = engine.settings().await.unwrap().clone();
        let mut all = BTreeMap::new();
        for (mode, days) in [(Mode::Live, 0), (Mode::Live, 100), (Mode::Test, 0)] {
            let as_of = settings.as_of - days * DAY * 1_000_000;
            let settings = Settings { mode, as_of, ..settings.clone() };
            let session = engine.session_with(settings, None).unwrap();
            // Those of files have no order inside their lists; all that is made of them is here.
            let is_result = |file: &&SqlFile| {
                let keep = file.header.value("keep");
                keep.is_some_and(|keep| keep == "result" || keep.starts_with("groups"))
            };
            for file in engine.library.files().map(Arc::as_ref).filter(is_result) {
                let name = file.qualified_name();
                let batches = session.query(&format!("select * from {name}")).await.unwrap();
                let table = pretty_format_batches(&batches).unwrap().to_string();
                let mut rows: Vec<String> = table.lines().map(str::to_owned).collect();
                rows.sort();
                all.insert(format!("{name} {mode:?} {days}"), rows);
            }
        }
        all
    })
}

/// Every result that is stored, and when it was.
fn stored(root: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let relations = folders(&root.join("data/cache"));
    let results = relations.iter().flat_map(|relation| folders(relation));
    results.map(|path| (path.clone(), fs::metadata(path).unwrap().modified().unwrap())).collect()
}

#[test]
fn a_stored_result_is_the_computed_one() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("company");
    let earlier = export(&root, 60);
    let company = Company::at(&root);
    company.land(&[earlier]);
    let computed = all_rows(&root, false);
    assert!(computed.values().filter(|rows| rows.len() > 10).count() > 30, "{computed:?}");

    assert_eq!(all_rows(&root, true), computed, "while they are stored");
    let first = stored(&root);
    assert!(first.len() > 30, "{first:?}");
    assert_eq!(all_rows(&root, true), computed, "when they are read back");
    assert_eq!(stored(&root), first, "nothing is computed twice");

    // New data, and nothing of the old results.
    let later = tempfile::tempdir().unwrap();
    company.land(&[export(later.path(), 0)]);
    let computed_later = all_rows(&root, false);
    assert_ne!(computed_later, computed);
    assert_eq!(all_rows(&root, true), computed_later, "after landing");
    assert!(stored(&root).len() > first.len());
}

/// The parts of the relation that is kept by file, each with the landed files that it is about.
fn parts(root: &Path) -> BTreeMap<PathBuf, String> {
    let folders = stored(root).into_keys();
    let parts = folders.filter(|path| path.parent().unwrap().ends_with("index.file_identities"));
    let parts = parts.flat_map(|folder| fs::read_dir(folder).unwrap());
    let parts = parts.map(|part| part.unwrap().path());
    parts.map(|part| (part.clone(), fs::read_to_string(part.join("covers.txt")).unwrap())).collect()
}

#[test]
fn a_landed_file_is_read_once_whatever_comes_later() {
    let company = Company::new("");
    let land = |name: &str, user: &str, days: [u32; 2]| {
        let row = |day| format!("{user},opened,2026-01-{day:02}T12:00:00Z,{user}@acme.com\n");
        let text = format!("user,event,time,email\n{}{}", row(days[0]), row(days[1]));
        company.land_text(name, text);
    };
    let question = "select email, first_at from index.identities order by email";
    let ask = |is_stored: bool| {
        let root = company.root().to_owned();
        wait(async move {
            let engine = Engine::open(Project::open(Some(&root)).unwrap(), None).await.unwrap();
            let engine = if is_stored { engine.storing_all() } else { engine };
            let batches = engine.session().unwrap().query(question).await.unwrap();
            pretty_format_batches(&batches).unwrap().to_string()
        })
    };
    land("one.csv", "ann", [2, 3]);
    land("two.csv", "bob", [4, 5]);
    let first = ask(true);
    let before = parts(company.root());
    assert_eq!(before.values().map(|files| files.lines().count()).sum::<usize>(), 2, "{before:?}");

    land("three.csv", "ann", [1, 9]);
    let later = ask(true);
    assert_ne!(later, first);
    assert_eq!(later, ask(false));
    let after = parts(company.root());
    let new: Vec<&String> =
        after.iter().filter(|(part, _)| !before.contains_key(*part)).map(|(_, of)| of).collect();
    assert_eq!(new.iter().map(|files| files.lines().count()).collect::<Vec<_>>(), [1], "{after:?}");
    assert!(before.keys().all(|part| after.contains_key(part)));

    // A file that a compaction wrote stands for those it read, whose parts no longer count.
    paydirt(company.root(), &["compact"]).printed();
    assert_eq!(ask(true), later);
    assert_eq!(ask(true), later, "when it is read back");
    assert_eq!(parts(company.root()).len(), after.len() + 1);
}

/// The newest of the results that are kept by group.
fn newest_links(root: &Path) -> PathBuf {
    let folders = stored(root).into_keys();
    let links = folders.filter(|path| path.parent().unwrap().ends_with("index.identity_links"));
    let links =
        links.flat_map(|folder| fs::read_dir(folder).unwrap()).map(|link| link.unwrap().path());
    links.max_by_key(|link| fs::metadata(link).unwrap().modified().unwrap()).unwrap()
}

/// Writes another account into all rows of a result.
fn mark(result: &Path) {
    for entry in fs::read_dir(result).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "parquet") {
            continue;
        }
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
        let schema = Arc::clone(reader.schema());
        let account = schema.index_of("account_id").unwrap();
        let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
        let mut writer =
            ArrowWriter::try_new(File::create(&path).unwrap(), Arc::clone(&schema), None).unwrap();
        for batch in batches {
            let marked = StringArray::from(vec!["marked"; batch.num_rows()]);
            let mut columns = batch.columns().to_vec();
            columns[account] = cast(&marked, schema.field(account).data_type()).unwrap();
            writer.write(&RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()).unwrap();
        }
        writer.close().unwrap();
    }
}

#[test]
fn an_identity_is_decided_again_when_its_candidates_change() {
    let company = Company::new("");
    let customers = |some: &[(&str, &str)]| {
        let some =
            some.iter().map(|(id, email)| customer(id, 1_700_000_000, Some(*email), json!({})));
        company.land_text("customers.json", list(&some.collect::<Vec<_>>()));
    };
    let events = |name: &str, users: &[&str]| {
        let rows = users.iter().map(|user| format!("opened,2026-01-02T12:00:00Z,{user}\n"));
        let text = format!("event,time,email\n{}", rows.collect::<String>());
        company.land_text(name, text);
    };
    let ask = |is_stored: bool| {
        let root = company.root().to_owned();
        wait(async move {
            let engine = Engine::open(Project::open(Some(&root)).unwrap(), None).await.unwrap();
            let engine = if is_stored { engine.storing_all() } else { engine };
            let question = "select email, account_id, tier from index.identity_links as links \
                 inner join index.identities as identities \
                 on identities.identity_key = links.identity_key order by email, account_id";
            let batches = engine.session().unwrap().query(question).await.unwrap();
            pretty_format_batches(&batches).unwrap().to_string()
        })
    };
    let row = |answer: &str, user: &str| {
        let mut rows = answer.lines().filter(|row| row.contains(user));
        let row = rows.next().unwrap_or_else(|| panic!("{user}: {answer}")).to_owned();
        assert_eq!(rows.next(), None, "one step in {answer}");
        row
    };
    customers(&[("cus_1", "ann@acme.com"), ("cus_2", "cleo@twin.io")]);
    events("one.csv", &["ann@acme.com", "ben@acme.com", "cleo@twin.io", "dan@twin.io"]);
    assert_eq!(ask(true), ask(false));

    // What nothing has changed is taken over, what is new is decided.
    mark(&newest_links(company.root()));
    events("two.csv", &["eve@twin.io", "ann@acme.com"]);
    let answer = ask(true);
    for user in ["ann@", "ben@", "cleo@", "dan@"] {
        assert!(row(&answer, user).contains("marked"), "{answer}");
    }
    assert!(row(&answer, "eve@").contains("dom:twin.io"), "{answer}");

    // A new customer changes what is known of one of them.
    customers(&[("cus_3", "dan@twin.io")]);
    let answer = ask(true);
    assert!(row(&answer, "dan@").contains("dom:twin.io"), "{answer}");
    assert!(row(&answer, "ben@").contains("marked"), "{answer}");

    fs::remove_dir_all(company.root().join("data/cache")).unwrap();
    assert_eq!(ask(true), ask(false));
}

#[test]
fn a_result_that_cannot_be_stored_is_computed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("company");
    let earlier = export(&root, 60);
    Company::at(&root).land(&[earlier]);
    let computed = all_rows(&root, false);
    let _ = fs::remove_dir_all(root.join("data/cache"));
    fs::write(root.join("data/cache"), "not a folder").unwrap();
    assert_eq!(all_rows(&root, true), computed);
}
