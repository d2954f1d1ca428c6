//! `is_overridden_user(distinct_id)`: users whose account the project settles by hand. It is asked of
//! every event, so where there are none it is not asked at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, lit,
};

use crate::engine::functions::SECTION;

pub const NAME: &str = "is_overridden_user";

#[derive(Debug, PartialEq, Eq, Hash)]
struct IsOverriddenUser {
    users: Arc<BTreeSet<String>>,
    signature: Signature,
    documentation: Documentation,
}

/// The function for these users.
pub fn function(users: BTreeSet<String>) -> Arc<ScalarUDF> {
    let description = "Whether identity/overrides.csv says to which account this user belongs.";
    let documentation =
        Documentation::builder(SECTION, description, format!("{NAME}(distinct_id)"))
            .with_argument("distinct_id", "The id of a person in product events.")
            .with_sql_example(format!("select {NAME}('u_1842');\n-- false"))
            .build();
    Arc::new(ScalarUDF::new_from_impl(IsOverriddenUser {
        users: Arc::new(users),
        signature: Signature::string(1, Volatility::Immutable),
        documentation,
    }))
}

impl ScalarUDFImpl for IsOverriddenUser {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    /// Nobody is: the column need not be read.
    fn simplify(&self, args: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        Ok(match self.users.is_empty() {
            true => ExprSimplifyResult::Simplified(lit(false)),
            false => ExprSimplifyResult::Original(args),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_user = |user: Option<&str>| Some(user.is_some_and(|user| self.users.contains(user)));
        match args.args.as_slice() {
            [ColumnarValue::Scalar(user)] => {
                let is_user = is_user(user.try_as_str().flatten());
                Ok(ColumnarValue::Scalar(ScalarValue::Boolean(is_user)))
            }
            [ColumnarValue::Array(users)] => {
                let users = cast(users, &DataType::Utf8View)?;
                let found: BooleanArray = users.as_string_view().iter().map(is_user).collect();
                Ok(ColumnarValue::Array(Arc::new(found) as ArrayRef))
            }
            _ => exec_err!("{NAME}() takes one user"),
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}
