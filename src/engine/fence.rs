//! What a hypothesis may not use besides schemas: functions that answer differently each time.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};

use crate::error::{Error, Result};

/// Refuses `random()` and its kin, also inside views.
pub fn refuse_volatile(plan: &LogicalPlan) -> Result<()> {
    let mut found = None;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if let Expr::ScalarFunction(function) = part
                    && function.func.signature().volatility == Volatility::Volatile
                {
                    found = Some(function.func.name().to_owned());
                    return Ok(TreeNodeRecursion::Stop);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    match found {
        None => Ok(()),
        Some(name) => Err(Error::new(format!("a hypothesis may not call {name}()"))
            .hint("it answers differently each time, so the backtest could not be repeated")),
    }
}
