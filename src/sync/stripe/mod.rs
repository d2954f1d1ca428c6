//! Stripe: definitions of its objects, and the way from a JSON object to versions in the log.

mod batch;
mod column;
mod computed;
pub mod object;
pub mod resources;
mod rows;

#[cfg(test)]
mod tests;

pub use batch::{Refusal, StripeBatches};
pub use resources::{RESOURCES, Resource, schema};
