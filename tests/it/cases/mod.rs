//! Cases from the field: inputs of which a number was once false without a word. Each test is named by
//! the number of its case (`tests/fixtures/README.md`), and stands for a class.

mod billing;
mod containers;
mod identity;
mod values;
mod watermark;

use std::path::{Path, PathBuf};

use paydirt::sync::land::Outcome;

use crate::company::Company;

/// A file of a case.
fn input(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases").join(path)
}

/// Lands files of a case, in order.
fn land(company: &Company, paths: &[&str]) -> Vec<Outcome> {
    company.land(&paths.iter().map(|path| input(path)).collect::<Vec<_>>())
}
