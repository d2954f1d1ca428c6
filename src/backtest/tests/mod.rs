//! Golden figures, verdicts and reports.

mod example;
mod laws;
mod reports;
mod rows;
mod vectors;
