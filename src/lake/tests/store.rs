//! A store in memory that fails as told, to see what a crash leaves behind.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tokio::sync::oneshot;

/// What happens to the next commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does not arrive.
    Lost,
    /// It arrives, and the answer does not.
    Unanswered,
    /// It arrives, and a resent copy of it is answered instead: it exists already.
    SentTwice,
}

#[derive(Debug, Default)]
pub(super) struct FaultyStore {
    inner: InMemory,
    fault: Mutex<Option<Fault>>,
    /// How many puts succeed before one fails.
    puts_left: Mutex<Option<usize>>,
    gate: Mutex<Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>>,
    overwrites: AtomicBool,
}

impl FaultyStore {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(super) fn fail_next_commit(&self, fault: Fault) {
        *self.fault.lock().unwrap() = Some(fault);
    }

    /// From now on a put that is to create an object overwrites one that is there.
    pub(super) fn ignore_conditions(&self) {
        self.overwrites.store(true, Ordering::Relaxed);
    }

    /// The put after this many, of a file or a commit, does not arrive.
    pub(super) fn fail_put_after(&self, puts: usize) {
        *self.puts_left.lock().unwrap() = Some(puts);
    }

    /// Whether the put that was to fail is still to come; none fails any more.
    pub(super) fn forgive(&self) -> bool {
        self.puts_left.lock().unwrap().take().is_some()
    }

    fn next_put_fails(&self) -> bool {
        let mut left = self.puts_left.lock().unwrap();
        let fails = *left == Some(0);
        *left = if fails { None } else { left.map(|puts| puts - 1) };
        fails
    }

    /// Holds the next commit: the first end hears that it is there, the second lets it go on.
    pub(super) fn hold_next_commit(&self) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let (arrive, arrived) = oneshot::channel();
        let (release, released) = oneshot::channel();
        *self.gate.lock().unwrap() = Some((arrive, released));
        (arrived, release)
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Faulty({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        mut opts: PutOptions,
    ) -> Result<PutResult> {
        if self.overwrites.load(Ordering::Relaxed) {
            opts.mode = PutMode::Overwrite;
        }
        let is_commit = location.as_ref().contains("/_delta_log/");
        let fault = if is_commit { self.fault.lock().unwrap().take() } else { None };
        let gate = if is_commit { self.gate.lock().unwrap().take() } else { None };
        if let Some((arrive, released)) = gate {
            arrive.send(()).unwrap();
            released.await.unwrap();
        }
        let broken =
            || object_store::Error::Generic { store: "Faulty", source: "connection lost".into() };
        if fault == Some(Fault::Lost) || self.next_put_fails() {
            return Err(broken());
        }
        let result = self.inner.put_opts(location, payload, opts).await?;
        match fault {
            Some(Fault::Unanswered) => Err(broken()),
            Some(Fault::SentTwice) => Err(object_store::Error::AlreadyExists {
                path: location.to_string(),
                source: "sent twice".into(),
            }),
            _ => Ok(result),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
