//! An S3 server for a test: PyPI's moto on a free port, in memory.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use paydirt::http;
use tokio::runtime::Runtime;

/// The program `moto_server`; `tests/run` sets it.
const VARIABLE: &str = "PAYDIRT_TEST_S3";
pub const BUCKET: &str = "acme";
pub const SECRET: &str = "s3-secret-of-the-test";

/// The smallest part that S3 takes, except for the last.
const PART: usize = 5 << 20;

/// A server with one empty bucket, which goes with the test.
pub struct Server {
    _process: Process,
    pub endpoint: String,
    runtime: Runtime,
    store: Box<dyn ObjectStore>,
}

impl Server {
    /// Without the program a test says so and is over; in CI it fails.
    pub fn start(test: &str) -> Option<Self> {
        let Some(program) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{test}: no S3 server");
            eprintln!("{test}: skipped: no S3 server (tests/run installs one)");
            return None;
        };
        let port = free_port();
        let mut moto = Command::new("setpriv");
        moto.args(["--pdeathsig", "KILL"]).arg(program);
        let process = serve(moto.args(["-H", "127.0.0.1", "-p", &port.to_string()]), port);
        let endpoint = format!("http://127.0.0.1:{port}");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let made = runtime.block_on(async {
            http::client().unwrap().put(format!("{endpoint}/{BUCKET}")).send().await.unwrap()
        });
        assert!(made.status().is_success(), "{made:?}");
        let store = AmazonS3Builder::new()
            .with_endpoint(&endpoint)
            .with_allow_http(true)
            .with_bucket_name(BUCKET)
            .with_access_key_id("test")
            .with_secret_access_key(SECRET)
            .build()
            .unwrap();
        Some(Self { _process: process, endpoint, runtime, store: Box::new(store) })
    }

    pub fn put(&self, path: &str, content: impl Into<Vec<u8>>) {
        let path = Path::from(path);
        self.runtime.block_on(self.store.put(&path, content.into().into())).unwrap();
    }

    /// The same in parts, as large objects are written.
    pub fn put_parts(&self, path: &str, content: impl Into<Vec<u8>>) {
        let (path, content) = (Path::from(path), bytes::Bytes::from(content.into()));
        self.runtime.block_on(async {
            let mut upload = self.store.put_multipart(&path).await.unwrap();
            for from in (0..content.len()).step_by(PART) {
                let part = content.slice(from..(from + PART).min(content.len()));
                upload.put_part(part.into()).await.unwrap();
            }
            upload.complete().await.unwrap();
        });
    }

    pub fn get(&self, path: &str) -> Vec<u8> {
        let path = Path::from(path);
        let read = async { self.store.get(&path).await.unwrap().bytes().await.unwrap() };
        self.runtime.block_on(read).to_vec()
    }

    pub fn delete(&self, path: &str) {
        self.runtime.block_on(self.store.delete(&Path::from(path))).unwrap();
    }

    /// The names of all objects, sorted.
    pub fn list(&self) -> Vec<String> {
        use futures::TryStreamExt;
        let listed = self.store.list(None).map_ok(|meta| meta.location.to_string());
        let mut names: Vec<String> = self.runtime.block_on(listed.try_collect()).unwrap();
        names.sort();
        names
    }
}

/// A server's process, which goes with the test.
pub struct Process(Child);

pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Starts a server and waits until it listens. It should end with the thread that started it, also
/// when that is killed.
pub fn serve(command: &mut Command, port: u16) -> Process {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // Its log is long, and nobody else reads it.
    let mut log = child.stderr.take().unwrap();
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed() < Duration::from_secs(60), "{command:?} does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    Process(child)
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The environment in which a bucket is at an endpoint.
pub fn variables(endpoint: &str) -> Vec<(String, String)> {
    [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_REGION", "us-east-1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}
