//! Functions of one text as SQL functions: every string encoding in, the same encoding out.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, LargeStringArray, LargeStringBuilder, StringArray,
    StringArrayType, StringBuilder, StringLikeArrayBuilder, StringViewArray, StringViewBuilder,
};
use arrow::compute::take;
use arrow::datatypes::DataType;
use datafusion_common::types::logical_string;
use datafusion_common::{Result, ScalarValue, internal_err};
use datafusion_expr::{
    Coercion, ColumnarValue, Documentation, EncodingPreservation, ScalarFunctionArgs,
    ScalarUDFImpl, Signature, TypeSignatureClass, Volatility,
};

/// What a text function computes. `None` is SQL NULL; NULL in is NULL out.
pub(crate) enum Body<S> {
    Text(for<'a> fn(&S, &'a str) -> Option<Cow<'a, str>>),
    Flag(fn(&S, &str) -> Option<bool>),
}

/// An SQL function of one text: a name, a plain function, its documentation, and what the function
/// looks things up in (`()` if nothing).
///
/// Two of one name are the same function if they look things up in equal things.
pub(crate) struct TextFunction<S> {
    name: &'static str,
    body: Body<S>,
    state: S,
    signature: Signature,
    documentation: Documentation,
}

impl<S> TextFunction<S> {
    pub(crate) fn new(
        name: &'static str,
        body: Body<S>,
        state: S,
        documentation: Documentation,
    ) -> Self {
        let signature = Signature::coercible(vec![text_argument()], Volatility::Immutable);
        Self { name, body, state, signature, documentation }
    }
}

impl<S: PartialEq> PartialEq for TextFunction<S> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.state == other.state
    }
}

impl<S: Eq> Eq for TextFunction<S> {}

impl<S: Hash> Hash for TextFunction<S> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.name.hash(hasher);
        self.state.hash(hasher);
    }
}

impl<S> fmt::Debug for TextFunction<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextFunction").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<S: Eq + Hash + Send + Sync + 'static> ScalarUDFImpl for TextFunction<S> {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(match self.body {
            Body::Text(_) => arguments[0].clone(),
            Body::Flag(_) => DataType::Boolean,
        })
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        map_column(&arguments.args[0], |array| match self.body {
            Body::Text(body) => map_text(array, |text| body(&self.state, text)),
            Body::Flag(body) => map_flag(array, |text| body(&self.state, text)),
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

/// A text argument that keeps its encoding on the way to the function.
pub(crate) fn text_argument() -> Coercion {
    Coercion::new_exact(TypeSignatureClass::Native(logical_string()))
        .with_encoding_preservation(EncodingPreservation::dictionary())
}

/// Maps a column, or the one value of a constant.
pub(crate) fn map_column(
    column: &ColumnarValue,
    map: impl Fn(&ArrayRef) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    match column {
        ColumnarValue::Array(array) => map(array).map(ColumnarValue::Array),
        ColumnarValue::Scalar(value) => {
            let mapped = map(&value.to_array()?)?;
            ScalarValue::try_from_array(&mapped, 0).map(ColumnarValue::Scalar)
        }
    }
}

/// Maps texts to texts of the same encoding, a dictionary once per distinct value.
pub(crate) fn map_text<'a>(
    array: &'a ArrayRef,
    map: impl Fn(&'a str) -> Option<Cow<'a, str>>,
) -> Result<ArrayRef> {
    match array.data_type() {
        DataType::Utf8 => Ok(build::<StringBuilder>(array.as_string::<i32>(), map)),
        DataType::LargeUtf8 => Ok(build::<LargeStringBuilder>(array.as_string::<i64>(), map)),
        DataType::Utf8View => Ok(build::<StringViewBuilder>(array.as_string_view(), map)),
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            Ok(dictionary.with_values(map_text(dictionary.values(), map)?))
        }
        other => internal_err!("text functions do not read {other}"),
    }
}

/// Maps texts to booleans, a dictionary once per distinct value.
fn map_flag(array: &ArrayRef, map: impl Fn(&str) -> Option<bool>) -> Result<ArrayRef> {
    if let DataType::Dictionary(_, _) = array.data_type() {
        let dictionary = array.as_any_dictionary();
        return Ok(take(&map_flag(dictionary.values(), map)?, dictionary.keys(), None)?);
    }
    let texts = Texts::new(array)?;
    let flags = (0..array.len()).map(|row| map(texts.get(row)?));
    Ok(Arc::new(BooleanArray::from_iter(flags)))
}

fn build<'a, B: StringLikeArrayBuilder>(
    texts: impl StringArrayType<'a>,
    map: impl Fn(&'a str) -> Option<Cow<'a, str>>,
) -> ArrayRef {
    let mut out = B::with_capacity(texts.len());
    for text in texts.iter() {
        match text.and_then(&map) {
            Some(mapped) => out.append_value(&mapped),
            None => out.append_null(),
        }
    }
    Arc::new(out.finish())
}

/// The texts of a plain (not dictionary-encoded) column, by row.
pub(crate) enum Texts<'a> {
    Utf8(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
}

impl<'a> Texts<'a> {
    pub(crate) fn new(array: &'a dyn Array) -> Result<Self> {
        match array.data_type() {
            DataType::Utf8 => Ok(Self::Utf8(array.as_string())),
            DataType::LargeUtf8 => Ok(Self::Large(array.as_string())),
            DataType::Utf8View => Ok(Self::View(array.as_string_view())),
            other => internal_err!("text functions do not read {other}"),
        }
    }

    pub(crate) fn get(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Utf8(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::Large(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::View(texts) => texts.is_valid(row).then(|| texts.value(row)),
        }
    }
}

#[cfg(test)]
mod tests;
