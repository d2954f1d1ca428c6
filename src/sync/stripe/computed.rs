//! Values that a path alone cannot tell, because their meaning lies in several fields.

use super::column::{Value, integer, is_decimal};
use crate::sync::json::Json;

/// A plan is what recurring prices were before prices.
pub fn price_type<'a>(price: &'a Json<'_>) -> Value<'a> {
    Value::text((price.get_str("object") == Some("plan")).then_some("recurring"))
}

/// The oldest lines of type `subscription` are the subscription: they carry its id as their own.
pub fn line_own_subscription<'a>(line: &'a Json<'_>) -> Value<'a> {
    let id = line.get_str("id").filter(|id| id.starts_with("sub_"));
    Value::text(id.filter(|_| line.get_str("type") == Some("subscription")))
}

/// Recurring money: a subscription's item, or a correction of one.
pub fn line_is_recurring<'a>(line: &'a Json<'_>) -> Value<'a> {
    let parent_type = line.get("parent").and_then(|parent| parent.get_str("type"));
    let is_item = parent_type == Some("subscription_item_details")
        || line.get_str("type") == Some("subscription");
    let is_proration = parent_details(line)
        .find_map(|details| boolean(details.get("proration")?))
        .or_else(|| boolean(line.get("proration")?))
        .unwrap_or_default();
    let has_subscription = || {
        parent_details(line)
            .chain([line])
            .any(|place| place.get("subscription").is_some_and(is_set))
    };
    let is_correction = is_proration && has_subscription();
    Value::Bool(is_item || is_correction)
}

/// What a unit cost, of the price or plan that older lines carry. A price in another currency than
/// the line's says nothing of it: there `currency_options` decided, and only the amount tells.
pub fn line_unit_amount<'a>(line: &'a Json<'_>) -> Value<'a> {
    let price = ["price", "plan"].into_iter().find_map(|name| line.get(name).filter(|p| is_set(p)));
    let Some(price) = price else { return Value::Null };
    let of = |json: &'a Json<'_>, name| json.get(name).and_then(number);
    let (own, currency) = (of(line, "currency"), of(price, "currency"));
    if own.is_some() && currency.is_some() && own != currency {
        return Value::Null;
    }
    let names = ["unit_amount_decimal", "unit_amount", "amount_decimal", "amount"];
    Value::text(names.into_iter().find_map(|name| of(price, name)).filter(|text| is_decimal(text)))
}

/// The sum of the line's discounts, before `discount_amounts` is unnested.
pub fn line_discount<'a>(line: &'a Json<'_>) -> Value<'a> {
    Value::Int(amounts(line, "discount_amounts", |_| true))
}

/// Taxes that the line's amount contains: `taxes` since basil, `tax_amounts` before.
pub fn line_inclusive_tax<'a>(line: &'a Json<'_>) -> Value<'a> {
    let new = amounts(line, "taxes", |tax| tax.get_str("tax_behavior") == Some("inclusive"));
    let old =
        || amounts(line, "tax_amounts", |tax| tax.get("inclusive") == Some(&Json::Bool(true)));
    Value::Int(if line.get("taxes").is_some_and(is_set) { new } else { old() })
}

fn amounts(line: &Json<'_>, list: &str, is_wanted: impl Fn(&Json<'_>) -> bool) -> i64 {
    let elements = line.get(list).and_then(Json::as_array).unwrap_or_default();
    elements
        .iter()
        .filter(|element| is_wanted(element))
        .filter_map(|element| integer(number(element.get("amount")?)?))
        .fold(0, i64::saturating_add)
}

/// The two branches of a line's `parent`; a line may carry both.
fn parent_details<'a, 'j>(line: &'a Json<'j>) -> impl Iterator<Item = &'a Json<'j>> {
    let parent = line.get("parent");
    ["subscription_item_details", "invoice_item_details"]
        .into_iter()
        .filter_map(move |branch| parent?.get(branch))
}

fn is_set(json: &Json<'_>) -> bool {
    *json != Json::Null
}

fn boolean(json: &Json<'_>) -> Option<bool> {
    match json {
        Json::Bool(value) => Some(*value),
        _ => None,
    }
}

fn number<'a>(json: &'a Json<'_>) -> Option<&'a str> {
    match json {
        Json::Number(text) | Json::String(text) => Some(text),
        _ => None,
    }
}
