pub mod backtest;
pub mod engine;
pub mod error;
pub mod lake;
pub mod library;
pub mod render;
pub mod repl;
pub mod sync;
