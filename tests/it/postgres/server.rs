//! A real server for a test: a fresh cluster in a temporary folder on a free port.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

/// Folders with `initdb` and `postgres`, parted by colons; `tests/run` sets it.
const VARIABLE: &str = "PAYDIRT_TEST_POSTGRES";
const DEBIAN: &str = "/usr/lib/postgresql";
/// Who runs a server that root may not run.
const NOBODY: u32 = 65534;
pub const PASSWORD: &str = "correct horse";

/// Every server there is. Without one a test says so and is over; in CI it fails.
pub fn servers(test: &str) -> Vec<PathBuf> {
    let named = std::env::var(VARIABLE).unwrap_or_default();
    let mut found: Vec<PathBuf> =
        named.split(':').filter(|folder| !folder.is_empty()).map(PathBuf::from).collect();
    if found.is_empty()
        && let Ok(versions) = std::fs::read_dir(DEBIAN)
    {
        found = versions.flatten().map(|version| version.path().join("bin")).collect();
    }
    found.retain(|folder| folder.join("postgres").exists());
    found.sort();
    if found.is_empty() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{test}: no Postgres server");
        eprintln!("{test}: skipped: no Postgres server (Debian: apt install postgresql)");
    }
    found
}

/// One server, where one is enough.
pub fn server(test: &str) -> Option<Server> {
    servers(test).first().map(|folder| Server::start(folder))
}

/// A cluster that goes with the test.
pub struct Server {
    binaries: PathBuf,
    folder: TempDir,
    pub port: u16,
    child: Option<Child>,
}

impl Server {
    /// Every connection needs the password of `postgres`.
    pub fn start(binaries: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            chown(&password, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let mut server =
            Self { binaries: binaries.to_owned(), folder, port: free_port(), child: None };
        let made = server
            .command("initdb")
            .args([
                "-U",
                "postgres",
                "-A",
                "scram-sha-256",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            ])
            .arg("--pwfile")
            .arg(&password)
            .arg("-D")
            .arg(server.data())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.run(&[]);
        server
    }

    /// Starts the server, which was stopped or is new, with settings.
    pub fn run(&mut self, settings: &[&str]) {
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let port = self.port.to_string();
        let sockets = format!("unix_socket_directories={}", self.folder.path().display());
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &port]);
        for setting in ["listen_addresses=127.0.0.1", "fsync=off", &sockets].iter().chain(settings)
        {
            command.args(["-c", setting]);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap());
        let started = Instant::now();
        while self.try_connect().is_none() {
            let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap();
            assert!(started.elapsed() < Duration::from_secs(30), "{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops the server at once, as a crash would.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // The parent of all its processes: what it leaves, it takes along.
        let _ = Command::new("kill").args(["-QUIT", &child.id().to_string()]).status();
        let _ = child.wait();
    }

    /// A file of the server's own folder.
    pub fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.data().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        if is_root() {
            chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        path
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where it is, without the password.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// A session of a test's own.
    pub fn connect(&self) -> Session {
        self.try_connect().unwrap()
    }

    fn try_connect(&self) -> Option<Session> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let client = runtime.block_on(async {
            let mut config: tokio_postgres::Config = self.url().parse().unwrap();
            let (client, connection) = config.password(PASSWORD).connect(NoTls).await.ok()?;
            tokio::spawn(connection);
            Some(client)
        })?;
        Some(Session { runtime, client })
    }

    /// Runs statements in a session of their own.
    #[track_caller]
    pub fn sql(&self, statements: &str) {
        self.connect().sql(statements);
    }

    fn command(&self, program: &str) -> Command {
        let program = self.binaries.join(program);
        let mut command = Command::new("setpriv");
        // It ends with the thread that started it, also when that is killed.
        command.args(["--pdeathsig", "QUIT"]);
        if is_root() {
            let id = NOBODY.to_string();
            command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]);
        }
        command.arg(program).current_dir("/");
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A session that can hold a transaction open.
pub struct Session {
    runtime: Runtime,
    client: Client,
}

impl Session {
    #[track_caller]
    pub fn sql(&self, statements: &str) {
        let done = self.runtime.block_on(self.client.batch_execute(statements));
        done.unwrap_or_else(|error| panic!("{statements}: {:?}", error.as_db_error()));
    }

    /// The first value, as text.
    #[track_caller]
    pub fn value(&self, query: &str) -> String {
        let row = self.runtime.block_on(self.client.query_one(query, &[])).unwrap();
        row.get(0)
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
