//! One binary for all integration tests: each links a quarter of a gigabyte.
//!
//! `company` makes projects and asks them in SQL, `stripe` and `command` write Stripe objects and
//! start the binary, `stripe_api` and `posthog_api` serve them with
//! the stand-in; every other module tests one part of paydirt.

mod command;
mod company;
mod stripe;

mod as_of;
mod backtest;
mod bucket;
mod cases;
mod cli;
mod compact;
mod demo;
mod exports;
mod fence;
mod functions;
mod identity;
mod identity_laws;
mod identity_tables;
mod kept;
mod landing;
mod leakage;
mod library;
mod planted;
#[cfg(unix)]
mod postgres;
mod posthog_api;
mod promise;
mod recall;
mod signals;
mod simulate;
mod sources;
mod stripe_api;
mod versions;
