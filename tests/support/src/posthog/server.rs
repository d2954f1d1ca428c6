//! The running server.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{MappedMutexGuard, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use serde_json::Value;

use super::export::{Exports, Script};
use super::key::Key;
use super::project::Project;
use super::reply::Refusal;
use crate::fault::Faults;
use crate::log::{Log, Seen};
use crate::running::Running;

/// Called before each request is answered, with the project that it asks about and its path.
pub type Hook = Box<dyn FnMut(&mut Project, &str) + Send>;

const MINUTE: Duration = Duration::from_secs(60);
/// Requests a minute that PostHog allows.
const PUBLISHED: usize = 240;

/// What to serve.
pub struct Settings {
    project: Project,
    keys: Vec<Key>,
    script: Script,
    has_exports: bool,
    a_minute: usize,
    seed: u64,
    port: u16,
}

impl Settings {
    /// Serves a project; `phx_standin` opens it as long as no other key is set.
    pub fn new(project: Project) -> Self {
        Self {
            project,
            keys: vec![],
            script: Script::default(),
            has_exports: true,
            a_minute: PUBLISHED,
            seed: 0,
            port: 0,
        }
    }

    pub fn key(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }

    /// How exports come along.
    pub fn exports(mut self, script: Script) -> Self {
        self.script = script;
        self
    }

    /// A PostHog that has no exports on demand, as self-hosted ones have not.
    pub fn without_exports(mut self) -> Self {
        self.has_exports = false;
        self
    }

    /// Other than 240 requests a minute.
    pub fn requests_a_minute(mut self, requests: usize) -> Self {
        self.a_minute = requests;
        self
    }

    /// The seed of faults that come by chance.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Another port than any that is free.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }
}

pub(super) struct Shared {
    pub project: RwLock<Project>,
    pub keys: Mutex<Vec<Key>>,
    pub exports: Mutex<Exports>,
    pub faults: Mutex<Faults>,
    pub log: Mutex<Log>,
    pub hook: Mutex<Option<Hook>>,
    /// What capture clients sent.
    pub captured: Mutex<Vec<Value>>,
    pub has_exports: bool,
    a_minute: usize,
    taken: Mutex<VecDeque<Instant>>,
}

impl Shared {
    /// Counts a request, or refuses it.
    pub fn take(&self) -> Result<(), Refusal> {
        let now = Instant::now();
        let mut taken = self.taken.lock();
        while taken.front().is_some_and(|at| now - *at >= MINUTE) {
            taken.pop_front();
        }
        if taken.len() >= self.a_minute {
            let wait = taken.front().map_or(MINUTE, |at| MINUTE - (now - *at));
            return Err(Refusal::throttled(Some(wait.as_secs() + 1)));
        }
        taken.push_back(now);
        Ok(())
    }
}

/// A running server; it ends when it is dropped.
pub struct PostHog {
    shared: Arc<Shared>,
    running: Running,
}

impl PostHog {
    /// Starts on 127.0.0.1, in a thread of its own.
    pub fn start(settings: Settings) -> std::io::Result<Self> {
        let Settings { project, mut keys, script, has_exports, a_minute, seed, port } = settings;
        if keys.is_empty() {
            keys.push(Key::new("phx_standin"));
        }
        let shared = Arc::new(Shared {
            project: RwLock::new(project),
            keys: Mutex::new(keys),
            exports: Mutex::new(Exports::new(script)),
            faults: Mutex::new(Faults::new(seed)),
            log: Mutex::default(),
            hook: Mutex::default(),
            captured: Mutex::default(),
            has_exports,
            a_minute,
            taken: Mutex::default(),
        });
        let running = Running::start(Arc::clone(&shared), port, "posthog-stand-in")?;
        Ok(Self { shared, running })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.running.address)
    }

    /// The project, to read; requests that change it wait.
    pub fn project(&self) -> RwLockReadGuard<'_, Project> {
        self.shared.project.read()
    }

    /// The project, to change; requests wait.
    pub fn project_mut(&self) -> RwLockWriteGuard<'_, Project> {
        self.shared.project.write()
    }

    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.shared.faults.lock()
    }

    /// The keys, to change while the server runs.
    pub fn keys(&self) -> MutexGuard<'_, Vec<Key>> {
        self.shared.keys.lock()
    }

    /// How exports come along from now on.
    pub fn script(&self) -> MappedMutexGuard<'_, Script> {
        MutexGuard::map(self.shared.exports.lock(), |exports| &mut exports.script)
    }

    /// How many exports were started.
    pub fn exports_made(&self) -> usize {
        self.shared.exports.lock().made()
    }

    /// Calls something before each request with a good key is answered.
    pub fn before_each(&self, hook: impl FnMut(&mut Project, &str) + Send + 'static) {
        *self.shared.hook.lock() = Some(Box::new(hook));
    }

    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.log.lock().seen.clone()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.shared.log.lock().seen.clear();
    }

    /// What capture clients sent so far.
    pub fn captured(&self) -> Vec<Value> {
        self.shared.captured.lock().clone()
    }

    /// Waits until the server ends by itself: never, unless something fails.
    pub fn wait(self) {
        self.running.wait();
    }
}
