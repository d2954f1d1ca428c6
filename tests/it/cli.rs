//! The command line: what people type, and what they are told.

use std::path::Path;

use tempfile::TempDir;

use crate::command::{Said, paydirt, paydirt_fed};

/// A folder with an empty project.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    paydirt(folder.path(), &["init"]).printed();
    folder
}

fn sql(folder: &Path, arguments: &[&str]) -> Said {
    paydirt(folder, &[&["sql"], arguments].concat())
}

#[test]
fn init_makes_a_project_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = paydirt(folder.path(), &["init", "acme"]).printed();
    assert!(text.contains("made a project in acme"), "{text}");
    let settings = folder.path().join("acme/paydirt.toml");
    std::fs::write(&settings, "mode = \"test\"\n").unwrap();
    let again = paydirt(folder.path(), &["init", "acme"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("error: acme/paydirt.toml is there already"), "{}", again.err);
    assert!(again.err.contains("hint: "), "{}", again.err);
    assert_eq!(std::fs::read_to_string(settings).unwrap(), "mode = \"test\"\n");
    // From a folder inside, and by name, it is the same project.
    let inside = folder.path().join("acme/sql");
    let mode = ["sql", "--format", "csv", "-c", "select setting('mode') as mode"];
    assert_eq!(paydirt(&inside, &mode).printed(), "mode\ntest\n");
    let named = paydirt(folder.path(), &["--project", "acme", "status"]).printed();
    assert!(named.contains("nothing has landed yet"), "{named}");
}

#[test]
fn a_mistake_in_the_settings_names_file_and_line() {
    let folder = project();
    for (text, sentence) in [
        (
            "mode = \"live\"\n\n[identity]\ninternal_domain = []\n",
            "paydirt.toml:4: unknown field `internal_domain`",
        ),
        ("mode = \"prod\"\n", "paydirt.toml:1: unknown variant `prod`"),
        ("[backtest]\n\nas_of = \"soon\"\n", "paydirt.toml:3: `soon` is not a time"),
        ("[identity]\nmin_confidence = 7\n", "min_confidence = 7 is not between 0 and 1"),
        ("[[source.files]]\nname = \"a\"\nevnt = \"b\"\n", "paydirt.toml:3: unknown field `evnt`"),
        ("mode = \n", "paydirt.toml:1: "),
    ] {
        std::fs::write(folder.path().join("paydirt.toml"), text).unwrap();
        let said = paydirt(folder.path(), &["status"]);
        assert_eq!(said.code, 2, "{text}");
        assert!(said.err.contains(sentence), "{sentence}\n{}", said.err);
    }
}

#[test]
fn outside_a_project_a_command_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["status"][..], &["check"], &["sql", "-c", "select 1"], &["backtest", "x"]] {
        let said = paydirt(folder.path(), arguments);
        assert_eq!(said.code, 2);
        assert!(said.err.contains("error: no paydirt.toml in "), "{}", said.err);
        assert!(said.err.contains("hint: `paydirt init` makes a project here"), "{}", said.err);
    }
    let said = paydirt(folder.path(), &["--project", "nowhere", "status"]);
    assert!(said.err.contains("error: no paydirt.toml in nowhere"), "{}", said.err);
}

#[test]
fn a_new_hypothesis_plans_as_it_is() {
    let folder = project();
    let text = paydirt(folder.path(), &["new", "hypothesis", "published_a_workflow"]).printed();
    assert!(text.contains("sql/hypotheses/published_a_workflow.sql"), "{text}");
    let checked = paydirt(folder.path(), &["check"]).printed();
    assert!(checked.contains(" files plan, 0 do not"), "{checked}");
    let again = paydirt(folder.path(), &["new", "hypothesis", "published_a_workflow"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("is there already"), "{}", again.err);
    let named = paydirt(folder.path(), &["new", "hypothesis", "../x"]);
    assert_eq!(named.code, 2);
    assert!(named.err.contains("`../x` cannot be the name of a hypothesis"), "{}", named.err);
    let missing = paydirt(folder.path(), &["backtest", "published_a_workfow"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("hint: did you mean `published_a_workflow`?"), "{}", missing.err);
}

#[test]
fn sql_prints_in_every_format() {
    let folder = project();
    let query = "select 1 as a, 'x,\"y\"' as b, null as c, timestamp '2025-01-02' as d";
    for (format, expected) in [
        ("csv", "a,b,c,d\n1,\"x,\"\"y\"\"\",,2025-01-02T00:00:00\n"),
        ("json", "[{\"a\":1,\"b\":\"x,\\\"y\\\"\",\"c\":null,\"d\":\"2025-01-02T00:00:00\"}]\n"),
        ("ndjson", "{\"a\":1,\"b\":\"x,\\\"y\\\"\",\"c\":null,\"d\":\"2025-01-02T00:00:00\"}\n"),
    ] {
        let said = sql(folder.path(), &["--format", format, "-c", query]);
        assert_eq!(said.printed(), expected, "{format}");
    }
    let markdown = sql(folder.path(), &["--format", "markdown", "-c", "select 1 as a, 'x|y' as b"]);
    assert_eq!(markdown.printed(), "| a | b |\n| ---: | --- |\n| 1 | x\\|y |\n");
    let table = sql(folder.path(), &["-c", "select 1 as a, 'x' as b"]).printed();
    assert!(table.contains("│ a │ b │") && table.contains("(1 row)"), "{table}");
    assert!(!table.contains('\u{1b}'), "{table}");
}

#[test]
fn sql_writes_files() {
    let folder = project();
    for name in ["x.parquet", "x.csv", "x.json", "x.ndjson", "x.md"] {
        let said = sql(folder.path(), &["-c", "select 7 as seven, 'é' as letter", "-o", name]);
        assert_eq!((said.code, said.out.as_str()), (0, ""), "{name}: {}", said.err);
        assert!(said.err.contains(name), "{}", said.err);
        assert!(folder.path().join(name).metadata().unwrap().len() > 0, "{name}");
    }
    let file = std::fs::File::open(folder.path().join("x.parquet")).unwrap();
    let mut reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(file, 10).unwrap();
    let batch = reader.next().unwrap().unwrap();
    assert_eq!((batch.num_rows(), batch.num_columns()), (1, 2));
    assert_eq!(batch.schema().field(0).name(), "seven");
    assert_eq!(
        std::fs::read_to_string(folder.path().join("x.csv")).unwrap(),
        "seven,letter\n7,é\n"
    );
    let failing = sql(folder.path(), &["-c", "select nope", "-o", "y.csv"]);
    assert_eq!(failing.code, 2);
    assert!(!folder.path().join("y.csv").exists());
    let unknown = sql(folder.path(), &["-c", "select 1", "-o", "y.docx"]);
    assert_eq!(unknown.code, 2, "{}", unknown.err);
}

#[test]
fn a_failing_statement_of_a_file_is_named() {
    let folder = project();
    std::fs::write(
        folder.path().join("f.sql"),
        "select 1 as one;\n\n-- wrong\nselect nope;\nselect 2;\n",
    )
    .unwrap();
    let said = sql(folder.path(), &["--format", "csv", "-f", "f.sql"]);
    assert_eq!(said.code, 2);
    assert_eq!(said.out, "one\n1\n");
    assert!(said.err.contains("error: f.sql:4: "), "{}", said.err);
    assert!(said.err.contains("nope"), "{}", said.err);
    let gone = sql(folder.path(), &["-f", "gone.sql"]);
    assert_eq!(gone.code, 2);
    assert!(gone.err.contains("error: gone.sql: "), "{}", gone.err);
}

#[test]
fn statements_come_through_a_pipe() {
    let folder = project();
    let said = paydirt_fed(
        folder.path(),
        &["sql", "--format", "csv"],
        "select 1\nas one; select 2 as two;\n",
    );
    assert_eq!(said.printed(), "one\n1\ntwo\n2\n");
    let said = paydirt_fed(
        folder.path(),
        &["sql", "--format", "csv"],
        "select 1 as one;\nselect nope;\nselect 2;\n",
    );
    assert_eq!(said.code, 2);
    assert_eq!(said.out, "one\n1\n");
    assert!(said.err.contains("error: stdin:2: "), "{}", said.err);
    let said = paydirt_fed(folder.path(), &["sql"], "\\d\n\\df email_normalized\n");
    let text = said.printed();
    assert!(text.contains("trials") && text.contains("email_normalized"), "{text}");
}

#[test]
fn sql_can_be_moved_in_time() {
    let folder = project();
    let said = sql(
        folder.path(),
        &["--as-of", "2025-03-01", "--format", "csv", "-c", "select now() as t"],
    );
    assert_eq!(said.printed(), "t\n2025-03-01T00:00:00Z\n");
    let said = sql(folder.path(), &["--as-of", "soon", "-c", "select 1"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("`soon` is not a time"), "{}", said.err);
    let said = sql(folder.path(), &["-c", "set paydirt.as_of = 'soon'"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("`soon` is not a time"), "{}", said.err);
}

#[test]
fn help_tells_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let text = paydirt(folder.path(), &["--help"]).printed();
    for command in ["demo", "init", "sync", "status", "events", "backtest", "new", "check", "sql"] {
        assert!(text.contains(&format!("\n  {command} ")), "{command}\n{text}");
    }
    assert_eq!(paydirt(folder.path(), &["bactest"]).code, 2);
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("paydirt"))
        .args(["init", "acme"])
        .current_dir(folder.path())
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&child.stderr), "");
    assert!(child.status.success(), "{child:?}");
}
