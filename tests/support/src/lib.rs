//! A server that speaks Stripe's API, for tests only.
//!
//! ```no_run
//! use paydirt_stand_in::{ACACIA, DAHLIA, Fault, Key, Rule, Server, Settings, World};
//! use serde_json::json;
//!
//! let mut world = World::new(DAHLIA);
//! world.insert("customers", json!({ "id": "cus_1", "email": "ada@example.com", "created": 1_700_000_000 }));
//! let server = Server::start(Settings::new(world).key(Key::new("rk_live_abc"))).unwrap();
//! // A client asks server.url() with the key; meanwhile the world may change:
//! server.world_mut().create("customers", json!({ "email": "eve@example.com" }), 1_700_000_100);
//! server.faults().add(Rule::on("/v1/customers", Fault::Cut).times(1));
//! assert_eq!(server.count("/v1/customers"), 0);
//! ```

mod answer;
mod change;
mod complete;
mod connection;
mod date;
mod document;
mod expand;
mod fault;
mod key;
mod limit;
mod list;
mod load;
mod log;
mod mutator;
mod object;
mod path;
mod query;
mod refusal;
mod resource;
mod route;
mod sample;
mod server;
mod store;
mod version;
mod world;

pub use crate::document::{Document, document};
pub use crate::fault::{Fault, Faults, Rule};
pub use crate::key::{Key, Wording};
pub use crate::limit::Limits;
pub use crate::load::{Loaded, load};
pub use crate::log::Seen;
pub use crate::mutator::Mutator;
pub use crate::resource::{RESOURCES, Resource};
pub use crate::server::{Hook, Server, Settings};
pub use crate::version::{ACACIA, DAHLIA, Generation};
pub use crate::world::World;
