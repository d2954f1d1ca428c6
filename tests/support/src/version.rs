//! API versions and the two generations of shapes.

/// The last version before fields moved.
pub const ACACIA: &str = "2025-02-24.acacia";
/// The version of the OpenAPI document that the objects are checked against.
pub const DAHLIA: &str = "2026-05-27.dahlia";

/// From 2025-03-31.basil on, subscriptions, invoices, lines and charges have another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    Acacia,
    Basil,
}

impl Generation {
    pub fn of(version: &str) -> Self {
        // Versions start with a day, so that text order is the order of time.
        if version < "2025-03-31" { Generation::Acacia } else { Generation::Basil }
    }
}

/// Whether a text looks like an API version: a day, then from 2024-09-30 on a name.
pub fn is_version(text: &str) -> bool {
    let (day, name) = text.split_once('.').unwrap_or((text, ""));
    let is_day = day.len() == 10
        && day.char_indices().all(|(at, c)| match at {
            4 | 7 => c == '-',
            _ => c.is_ascii_digit(),
        });
    is_day && name.chars().all(|c| c.is_ascii_lowercase()) && !text.ends_with('.')
}
