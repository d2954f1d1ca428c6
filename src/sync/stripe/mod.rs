//! Stripe: definitions of its objects, and the way from a JSON object to versions in the log.

mod batch;
mod column;
mod computed;
mod object;
mod resources;
mod rows;

#[cfg(test)]
mod tests;

pub use batch::StripeBatches;
pub use column::time_type;
pub use object::first_128;
pub use resources::{RESOURCES, Resource, schema};
