//! Statistics: pure functions, and the same as SQL scalars, aggregates and windows.
//!
//! Every function returns `None` (SQL NULL) where the figure does not exist: no rows, more
//! successes than trials, a confidence level outside (0, 1). None of them returns NaN or panics.

pub mod classification;
pub mod distribution;
pub mod function;
pub mod multiple;
pub mod proportion;
pub mod quantile;
pub mod stratified;
pub mod survival;
pub mod two_sample;

mod beta;
mod quadrature;
mod saddle_point;
mod sql;

pub use sql::{aggregate_functions, scalar_functions, window_functions};
