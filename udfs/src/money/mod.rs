//! Money.

use datafusion_expr::ScalarUDF;

pub fn scalar_functions() -> Vec<ScalarUDF> {
    vec![]
}
