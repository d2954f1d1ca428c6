//! The running server: who asks, what goes wrong, what is answered.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::fault::Faults;
use crate::key::Key;
use crate::limit::{Allowance, Limits};
use crate::log::{Log, Seen};
use crate::running::Running;
use crate::world::World;

/// Called before each request is answered, with the world that it asks about.
pub type Hook = Box<dyn FnMut(&mut World, &Seen) + Send>;

/// What to serve.
pub struct Settings {
    worlds: Vec<World>,
    keys: Vec<Key>,
    limits: Limits,
    seed: u64,
    port: u16,
}

impl Settings {
    /// Serves an account. `rk_live_standin`, `sk_live_standin` (or `…_test_…` for an account in test
    /// mode) open it as long as no other key is set.
    pub fn new(world: World) -> Self {
        Self { worlds: vec![world], keys: vec![], limits: Limits::default(), seed: 0, port: 0 }
    }

    /// The other mode of the account, or a connected account.
    pub fn world(mut self, world: World) -> Self {
        self.worlds.push(world);
        self
    }

    pub fn key(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }

    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
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

/// An account in one mode. What it is told apart by stands outside of the lock, since a request
/// that waits for a second one while it holds the first would wait for ever.
pub(crate) struct Served {
    pub account: String,
    is_live: bool,
    pub world: RwLock<World>,
}

pub(crate) struct Shared {
    /// The platform in the mode that was given first comes first.
    pub worlds: Vec<Served>,
    pub keys: Mutex<Vec<Key>>,
    pub allowance: Mutex<Allowance>,
    pub faults: Mutex<Faults>,
    pub log: Mutex<Log>,
    pub hook: Mutex<Option<Hook>>,
}

impl From<World> for Served {
    fn from(world: World) -> Self {
        let (account, is_live) = (world.account.clone(), world.livemode);
        Self { account, is_live, world: RwLock::new(world) }
    }
}

impl Shared {
    /// The world of an account in one mode.
    pub fn world(&self, account: &str, is_live: bool) -> Option<&RwLock<World>> {
        let mut served = self.worlds.iter();
        let found = served.find(|served| served.account == account && served.is_live == is_live);
        found.map(|served| &served.world)
    }

    pub fn first(&self) -> &Served {
        &self.worlds[0]
    }

    pub fn has_account(&self, account: &str) -> bool {
        self.worlds.iter().any(|served| served.account == account)
    }
}

/// A running server; it ends when it is dropped.
pub struct Server {
    shared: Arc<Shared>,
    running: Running,
}

impl Server {
    /// Starts on 127.0.0.1, in a thread of its own.
    pub fn start(settings: Settings) -> std::io::Result<Self> {
        let Settings { mut worlds, mut keys, limits, seed, port } = settings;
        if keys.is_empty() {
            for world in &worlds {
                let mode = if world.livemode { "live" } else { "test" };
                for kind in ["rk", "sk"] {
                    let key = Key::new(&format!("{kind}_{mode}_standin"));
                    keys.push(key.of_account(&world.account));
                }
            }
        }
        add_other_modes(&mut worlds);
        let shared = Arc::new(Shared {
            worlds: worlds.into_iter().map(Served::from).collect(),
            keys: Mutex::new(keys),
            allowance: Mutex::new(Allowance::new(limits)),
            faults: Mutex::new(Faults::new(seed)),
            log: Mutex::default(),
            hook: Mutex::default(),
        });
        let running = Running::start(Arc::clone(&shared), port, "stripe-stand-in")?;
        Ok(Self { shared, running })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.running.address)
    }

    pub fn port(&self) -> u16 {
        self.running.address.port()
    }

    /// The account, to read; requests that change it wait.
    pub fn world(&self) -> RwLockReadGuard<'_, World> {
        self.shared.first().world.read()
    }

    /// The account, to change; requests wait.
    pub fn world_mut(&self) -> RwLockWriteGuard<'_, World> {
        self.shared.first().world.write()
    }

    /// An account in one mode, to change.
    pub fn world_of(&self, account: &str, is_live: bool) -> RwLockWriteGuard<'_, World> {
        let world = self.shared.world(account, is_live);
        world.unwrap_or_else(|| panic!("there is no account {account}")).write()
    }

    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.shared.faults.lock()
    }

    /// The keys, to change while the server runs.
    pub fn keys(&self) -> MutexGuard<'_, Vec<Key>> {
        self.shared.keys.lock()
    }

    pub fn set_limits(&self, limits: Limits) {
        *self.shared.allowance.lock() = Allowance::new(limits);
    }

    /// Calls something before each request is answered: the place to change the world while a
    /// client lists it.
    pub fn before_each(&self, hook: impl FnMut(&mut World, &Seen) + Send + 'static) {
        *self.shared.hook.lock() = Some(Box::new(hook));
    }

    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.log.lock().seen.clone()
    }

    /// How many requests there were to an endpoint, as in `/v1/invoices/{invoice}/lines`.
    pub fn count(&self, endpoint: &str) -> usize {
        let log = self.shared.log.lock();
        log.seen.iter().filter(|seen| seen.endpoint == endpoint).count()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.shared.log.lock().seen.clear();
    }

    /// Waits until the server ends by itself: never, unless something fails.
    pub fn wait(self) {
        self.running.wait();
    }
}

/// Every account has both modes, if only one of them has objects.
fn add_other_modes(worlds: &mut Vec<World>) {
    let mut missing = vec![];
    for world in worlds.iter() {
        let is_other = |other: &&World| other.account == world.account;
        if !worlds.iter().filter(is_other).any(|other| other.livemode != world.livemode) {
            let mut other = World::new(&world.version).account(&world.account);
            other.livemode = !world.livemode;
            other.set_now(world.now());
            missing.push(other);
        }
    }
    worlds.extend(missing);
}
