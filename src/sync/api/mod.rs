//! What sources with an API have in common: where it is, whose key opens it, and what a request
//! without a proper answer means.

pub mod base;
pub mod secret;
pub mod transport;
