//! Stripe: definitions of its objects, the way from a JSON object to versions in the log, and the
//! way of the objects here, over the wire.

pub mod api;
mod batch;
mod column;
mod computed;
mod keeps;
mod object;
pub mod pull;
mod resources;
mod rows;
mod settings;

#[cfg(test)]
mod tests;

pub use batch::StripeBatches;
pub use column::time_type;
pub use object::{Answered, first_128};
pub use resources::{Children, Listing, RESOURCES, Resource, listed, schema};
pub use settings::Settings;
