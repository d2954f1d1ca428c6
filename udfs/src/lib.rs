//! The functions of paydirt. Pure: no IO, no clock, the same list for shell, server and cluster.

pub mod identity;
pub mod money;
pub mod stats;
