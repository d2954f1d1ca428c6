//! One number for everything that an event says about who did it.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Decimal128Array, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use xxhash_rust::xxh3::xxh3_128;

use super::sql::SECTION;
use crate::documentation;
use crate::text::text_argument;

/// 126 bits of a hash, so that a number of 38 digits holds them: of a thousand million identities
/// no two are alike, with odds of 10²⁰ to 1.
const KEY: DataType = DataType::Decimal128(DECIMAL128_MAX_PRECISION, 0);

/// Events of one identity are linked alike: numbers are compared faster than four texts.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct IdentityKey {
    signature: Signature,
    documentation: Documentation,
}

impl Default for IdentityKey {
    fn default() -> Self {
        let page = documentation(
            SECTION,
            "identity_key(account, groups, stripe_customer, email)",
            "A number for what an event says about who did it: equal where all four are equal, \
             NULL being equal to NULL, and different elsewhere. Never NULL.",
            &[
                ("account", "An account id."),
                ("groups", r#"JSON text, `{"group type": key, …}`."#),
                ("stripe_customer", "The id of a Stripe customer."),
                ("email", "An e-mail address."),
            ],
            "select identity_key('a1', NULL, NULL, NULL) = identity_key('a1', NULL, NULL, NULL);\n\
             -- true\n\
             select identity_key('a1', NULL, NULL, NULL) = identity_key(NULL, NULL, 'a1', NULL);\n\
             -- false",
        );
        let arguments = vec![text_argument(); 4];
        Self {
            signature: Signature::coercible(arguments, Volatility::Immutable),
            documentation: page.build(),
        }
    }
}

impl ScalarUDFImpl for IdentityKey {
    fn name(&self) -> &str {
        "identity_key"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(KEY)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = arguments.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { arguments.number_rows };
        let columns = arguments
            .args
            .iter()
            .map(|argument| {
                let texts = cast(&argument.to_array(rows)?, &DataType::Utf8View)?;
                Ok(texts.as_string_view().clone())
            })
            .collect::<Result<Vec<StringViewArray>>>()?;
        let mut said = Vec::new();
        let keys = (0..rows).map(|row| {
            said.clear();
            for texts in &columns {
                let text = texts.is_valid(row).then(|| texts.value(row).as_bytes());
                let length = text.map_or(u64::MAX, |text| text.len() as u64);
                said.extend_from_slice(&length.to_le_bytes());
                said.extend_from_slice(text.unwrap_or_default());
            }
            (xxh3_128(&said) >> 2) as i128
        });
        let keys = Decimal128Array::from_iter_values(keys)
            .with_precision_and_scale(DECIMAL128_MAX_PRECISION, 0)?;
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&keys, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(keys)))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, StringArray};
    use datafusion_expr::ScalarUDF;

    use super::*;
    use crate::tests::call;

    #[test]
    fn equal_and_only_equal_texts_have_one_key() {
        let function = ScalarUDF::from(IdentityKey::default());
        let some = |text: &str| Some(text.to_owned());
        // Each row is another identity; the last one repeats the first.
        let rows = [
            [some("a"), None, None, some("b")],
            [some("a"), None, some("b"), None],
            [some("ab"), None, None, None],
            [some("a"), some("b"), None, None],
            [some(""), None, None, None],
            [None, None, None, None],
            [some("a"), None, None, some("b")],
        ];
        let columns: Vec<ColumnarValue> = (0..4)
            .map(|column| {
                let texts: StringArray = rows.iter().map(|row| row[column].clone()).collect();
                let texts: ArrayRef = Arc::new(texts);
                ColumnarValue::Array(texts)
            })
            .collect();
        let keys = call(&function, &columns, rows.len()).unwrap().into_array(rows.len()).unwrap();
        let keys: Vec<i128> =
            keys.as_primitive::<arrow::datatypes::Decimal128Type>().values().to_vec();
        assert_eq!(keys[0], keys[6]);
        let mut distinct = keys[..6].to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 6);
        assert!(keys.iter().all(|key| *key >= 0 && *key < 10_i128.pow(38)));
    }
}
