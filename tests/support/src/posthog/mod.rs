//! A server that speaks PostHog's API as far as it gives data out: exports on demand (started,
//! waited for, downloaded from a redirection), HogQL queries, the list of events, persons, groups,
//! the project and the key itself; and it takes in what capture clients send.
//!
//! ```no_run
//! use paydirt_stand_in::posthog::{PostHog, Project, Settings};
//!
//! let mut project = Project::new(12_345, "2025-01-01T00:00:00Z");
//! project.insert_sample(1_000, 21);
//! let server = PostHog::start(Settings::new(project)).unwrap();
//! // A client asks server.url() with phx_standin; meanwhile events may come in:
//! server.project_mut().insert_sample(10, 1);
//! ```
//!
//! Its limits are PostHog's: an export spans a week at most and does not end in the future, one
//! runs at a time; a query gives 100 rows unless it says more, and 50,000 at most; 240 requests a
//! minute. Scopes are asked for as PostHog's own code does: to start an export counts as writing.
//! HogQL is understood as far as exports by query need it, and all else is refused.

mod answer;
mod export;
mod hogql;
mod key;
mod list;
#[cfg(feature = "parquet")]
mod parquet;
mod project;
mod reply;
mod sample;
mod server;
mod time;

pub use export::Script;
pub use key::Key;
pub use project::{Event, Group, Person, Project};
pub use server::{PostHog, Settings};
