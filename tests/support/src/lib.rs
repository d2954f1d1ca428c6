//! Servers that speak Stripe's API and, in [`posthog`], PostHog's, for tests only.
//!
//! ```no_run
//! use paydirt_stand_in::{DAHLIA, Fault, Key, Rule, Server, Settings, World};
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
//!
//! The server has a thread of its own and ends when it is dropped. Without a key of its own it opens
//! to `rk_live_standin` and `sk_live_standin`, or `…_test_…` for an account in test mode.
//!
//! **Worlds.** A [`World`] is an account in one mode, in the shape of one API version ([`ACACIA`],
//! [`DAHLIA`]). [`World::insert`] puts objects there as if they had always been there;
//! [`World::create`], [`World::update`], [`World::delete`] and [`World::cancel`] do it at a time and
//! record the events; [`World::record`] records any other. [`World::insert_sample`] makes a company
//! with all resources, [`load`] reads exported lists. Fields that are not given are filled in by
//! Stripe's documents, unless the world is [`World::as_given`]. [`Mutator`] changes a world by
//! chance, and [`Server::before_each`] is the place to let it.
//!
//! **Clock.** [`World::now`] is the newest time that anything happened at, or what
//! [`World::set_now`] says. It dates the answers, and events end thirty days before it.
//!
//! **Faults.** [`Rule`]s of [`Faults`] say what goes wrong where; [`Faults::storm`] is a bit of
//! everything. [`Limits`] are enforced with the answers that Stripe gives.
//!
//! **Requests** are kept: [`Server::requests`], [`Server::count`].
//!
//! Parameters and expansions that Stripe's document does not know are refused, so that a client
//! that makes them up fails here as it would there. What the document knows and the stand-in does
//! not do is answered with 501: searches, everything but GET, a few filters.
//!
//! Where Stripe's behaviour is not documented, it is the less convenient one: a cursor that was
//! deleted is refused with 400. `Stripe-Version` does not change the shape of objects: the world has
//! one, and the answer's `Stripe-Version` names it.

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
pub mod posthog;
mod query;
mod refusal;
mod resource;
mod route;
mod running;
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
