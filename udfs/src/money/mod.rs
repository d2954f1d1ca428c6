//! Money: what a price comes to in a month, what discounts leave of it, and how it moves.
//!
//! Amounts are minor units of one currency, exact until the last step; currencies are never added.
//! Each rule is a plain Rust function in a file of its own; [`scalar_functions`] is the one list of
//! what SQL sees of them.

pub mod currency;
pub mod discount;
pub mod exact;
pub mod monthly;
pub mod movement;
mod parameter;
mod row;
mod sql;
mod tiers;

pub use sql::scalar_functions;
