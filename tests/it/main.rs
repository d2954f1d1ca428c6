//! One binary for all integration tests: each links a quarter of a gigabyte.

mod library;
