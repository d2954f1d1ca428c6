//! The same in a container of Azure: npm's azurite, and Azure's own client beside it.

use std::path::PathBuf;
use std::process::Command;
use std::thread;

use tempfile::TempDir;

use super::server::{Process, free_port, serve};
use crate::command::{Said, paydirt_within};
use crate::company::Company;

/// The folder of npm's packages; `tests/run` sets it.
const VARIABLE: &str = "PAYDIRT_TEST_AZURE";
const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/bucket/client.js");
const ACCOUNT: &str = "paydirttest";
/// A secret of the test, in base 64.
const KEY: &str = "YXp1cmUtc2VjcmV0LW9mLXRoZS10ZXN0";
const ROWS: usize = 50;

/// A server with one empty container, which goes with the test.
struct Azure {
    _process: Process,
    _data: TempDir,
    packages: PathBuf,
    server: String,
}

impl Azure {
    /// Without the packages a test says so and is over; in CI it fails.
    fn start(test: &str) -> Option<Self> {
        let Some(packages) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{test}: no Azure server");
            eprintln!("{test}: skipped: no Azure server (tests/run installs one)");
            return None;
        };
        let (port, data) = (free_port(), tempfile::tempdir().unwrap());
        let mut azurite = Command::new("setpriv");
        azurite.args(["--pdeathsig", "KILL", "node"]);
        azurite.arg(packages.join("node_modules/azurite/dist/src/blob/main.js"));
        azurite.args([
            "--silent",
            "--disableTelemetry",
            "--skipApiVersionCheck",
            "--inMemoryPersistence",
        ]);
        azurite.args(["--blobPort", &port.to_string()]).current_dir(data.path());
        let process = serve(azurite.env("AZURITE_ACCOUNTS", format!("{ACCOUNT}:{KEY}")), port);
        let server = format!("http://127.0.0.1:{port}");
        let azure = Self { _process: process, _data: data, packages, server };
        azure.client(&["make"]);
        Some(azure)
    }

    fn client(&self, arguments: &[&str]) -> String {
        let connection = format!(
            "DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={}/{ACCOUNT};",
            self.server
        );
        let mut client = Command::new("node");
        client.arg(CLIENT).arg(connection).args(arguments).current_dir(&self.packages);
        let done = client.output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    #[track_caller]
    fn run(&self, company: &Company, arguments: &[&str]) -> Said {
        let variables = [
            ("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT),
            ("AZURE_STORAGE_ACCOUNT_KEY", KEY),
            // Unlike Azure, it cannot list from a name on.
            ("AZURE_STORAGE_USE_EMULATOR", "true"),
            ("AZURITE_BLOB_STORAGE_URL", self.server.as_str()),
        ];
        let said = paydirt_within(company.root(), arguments, &variables);
        assert!(!format!("{said:?}").contains(KEY), "{said:?}");
        said
    }
}

fn events(of: usize) -> String {
    let rows = (0..ROWS)
        .map(|row| format!("{of}-{row},opened,2026-01-01T00:00:{row:02}Z,u{row}@acme.com\n"));
    format!("id,event,time,email\n{}", rows.collect::<String>())
}

#[test]
fn machines_that_land_at_once_share_a_lake_in_azure() {
    let Some(azure) = Azure::start("machines_that_land_at_once") else { return };
    let machines = [1, 2, 3].map(|machine| {
        let company = Company::new("lake = \"az://acme/deep/in/it\"\n");
        company.write("own.csv", events(machine));
        company.write("shared.csv", events(0));
        company
    });
    thread::scope(|scope| {
        let landed = machines.each_ref().map(|company| {
            scope.spawn(|| azure.run(company, &["sync", "files", "own.csv", "shared.csv"]))
        });
        landed.into_iter().for_each(|landed| drop(landed.join().unwrap().printed()));
    });
    let count = "select count(*), count(distinct encode(key, 'hex')) from files_log.events";
    let count = || azure.run(&machines[0], &["sql", "--format", "csv", "-c", count]).printed();
    let all = format!("{0},{0}", 4 * ROWS);
    assert_eq!(count().lines().last(), Some(all.as_str()));
    azure.run(&machines[1], &["compact"]).printed();
    assert_eq!(count().lines().last(), Some(all.as_str()));
    let names = azure.client(&["list"]);
    assert!(names.lines().all(|name| name.starts_with("deep/in/it/")), "{names}");
}

#[test]
fn files_in_azure_land_once() {
    let Some(azure) = Azure::start("files_in_azure_land_once") else { return };
    let company =
        Company::new("[[source.files]]\nname = \"export\"\npath = \"az://acme/export/*.csv\"\n");
    azure.client(&["put", "export/one.csv", &events(1)]);
    azure.client(&["put", "other/one.csv", &events(9)]);
    let sync = || {
        azure.run(&company, &["sync"]).printed();
        let count = "select count(*) from files_log.events";
        let said = azure.run(&company, &["sql", "--format", "csv", "-c", count]).printed();
        said.lines().last().unwrap().to_owned()
    };
    assert_eq!(sync(), ROWS.to_string());
    azure.client(&["put", "export/two.csv", &events(2)]);
    assert_eq!(sync(), (2 * ROWS).to_string());
}

#[test]
fn a_container_that_is_not_there_is_named() {
    let Some(azure) = Azure::start("a_container_that_is_not_there") else { return };
    let company = Company::new("lake = \"az://nobodys/lake\"\n");
    let said = azure.run(&company, &["status"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("az://nobodys/lake/: no such bucket"), "{said:?}");
}
