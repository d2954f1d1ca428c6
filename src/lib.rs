//! paydirt

pub mod clock;
pub mod config;
pub mod engine;
pub mod error;
pub mod lake;
pub mod library;
pub mod sync;
pub mod time;
