//! The statistics as SQL functions: tables of declarations, and one wrapper per kind of function.

mod aggregate;
mod aggregate_table;
mod column_accumulator;
mod mantel_haenszel;
mod record;
mod scalar;
mod scalar_table;
mod window;

use datafusion_expr::{AggregateUDF, ScalarUDF, WindowUDF};

/// All scalar functions of this module.
pub fn scalar_functions() -> Vec<ScalarUDF> {
    scalar_table::FUNCTIONS.iter().map(scalar::declare).collect()
}

/// All aggregate functions of this module.
pub fn aggregate_functions() -> Vec<AggregateUDF> {
    let mut functions: Vec<_> = aggregate_table::FUNCTIONS.iter().map(aggregate::declare).collect();
    functions.push(mantel_haenszel::declare());
    functions
}

/// All window functions of this module.
pub fn window_functions() -> Vec<WindowUDF> {
    window::FUNCTIONS.iter().map(window::declare).collect()
}

#[cfg(test)]
mod tests;
