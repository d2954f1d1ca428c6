//! paydirt: which product behaviour comes before money.
//!
//! Data flows one way:
//!
//! ```text
//!  files, buckets, Stripe, PostHog, Postgres     sync      records → Arrow batches
//!    ▼
//!  lake: Delta tables, atomic commits            lake      rows known by key, or nothing
//!    ▼
//!  landed log  stripe_log.invoices …             engine    registered in DataFusion
//!    ▼
//!  as-of relations → models → outcomes           sql/ + udfs/
//!    ▼
//!  hypotheses ─► backtest ─► report              backtest  arms, leak check, verdict, ledger
//!                   └─► signals                  signal    what fires now
//! ```
//!
//! Invariants:
//! - Nothing is visible before its time: every leaf of every query is as of `paydirt.as_of`.
//! - SQL that people may argue with is a file under `sql/`; a folder is a kind, and a kind says
//!   what it may read. A hypothesis cannot read outcomes, also not through a view.
//! - A row lands once, whatever crashes: its key is its content, a commit is whole or not there.
//! - `sync` and `engine` meet only in `lake`. `backtest` computes from plain rows; only its `run`
//!   and `ledger` ask the engine. `library` and the functions read no clock and do no IO.
//! - `simulate` makes files of the sources' own shapes, and nothing here asks it.
//! - Only `commands`, `repl` and `main` print. One reader of wall time: `clock`. One HTTP client:
//!   `http`. A secret is never printed, logged or written.

pub mod bucket;
pub mod clock;
pub mod config;
pub mod error;
pub(crate) mod format;
pub mod http;
pub mod identity;
pub mod secret;
pub mod time;

pub mod lake;
pub mod sync;

pub mod engine;
pub mod library;

pub mod backtest;
pub mod signal;

pub mod simulate;

pub mod cli;
pub mod commands;
pub mod render;
pub mod repl;
