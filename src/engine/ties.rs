//! Which of several versions of one second came first. Stripe's times are whole seconds, and one change
//! makes several events: notices that change nothing come before changes, and what an update says of
//! the state before it tells which state it followed.

use serde_json::Value;

/// What events announce without a change, by the end of their type.
const NOTICES: [&str; 7] = [
    ".trial_will_end",
    ".upcoming",
    ".will_be_due",
    ".overdue",
    ".expiring",
    ".sent",
    ".payment_attempt_required",
];

/// Kinds of versions in the order in which they stand within a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Created,
    Notice,
    /// Also what a list showed at a known time.
    Change,
    Deleted,
    /// A row of a list in a file: it was exported after the last thing that it tells of.
    Listed,
}

impl Class {
    /// `is_dated` says whether a version that is no event's was shown at a known time.
    pub fn of(event_type: Option<&str>, is_dated: bool) -> Self {
        match event_type {
            None if is_dated => Self::Change,
            None => Self::Listed,
            Some(name) if name.ends_with(".created") => Self::Created,
            Some(name) if name.ends_with(".deleted") => Self::Deleted,
            Some(name) if NOTICES.iter().any(|notice| name.ends_with(notice)) => Self::Notice,
            Some(_) => Self::Change,
        }
    }
}

/// Whether the event tells what was before it.
pub fn is_update(event_type: &str) -> bool {
    event_type.ends_with(".updated")
}

/// A version as its source told it.
#[derive(Debug, Default)]
pub struct State {
    pub object: Value,
    /// The changed attributes as they were before.
    pub before: Option<Value>,
}

impl State {
    pub fn parse(object: &str, before: Option<&str>) -> Self {
        let before = before.and_then(|before| serde_json::from_str(before).ok());
        Self { object: serde_json::from_str(object).unwrap_or_default(), before }
    }

    /// Whether `update` may have followed this state: it says that this is how it was.
    fn is_followed_by(&self, update: &Self) -> bool {
        update.before.as_ref().is_some_and(|before| holds(&self.object, before))
    }
}

/// Whether an object has all these attributes.
fn holds(object: &Value, attributes: &Value) -> bool {
    match (object, attributes) {
        (Value::Object(object), Value::Object(attributes)) => {
            attributes.iter().all(|(name, value)| match object.get(name) {
                Some(found) => holds(found, value),
                None => value.is_null(),
            })
        }
        (object, attributes) => object == attributes,
    }
}

/// The place of each version among those of its second; `start` is the state before them, and versions
/// come in the order that counts where nothing else tells.
pub fn order(versions: &[&State], start: Option<&State>) -> Vec<usize> {
    let (mut updates, others): (Vec<usize>, Vec<usize>) =
        (0..versions.len()).partition(|&at| versions[at].before.is_some());
    let mut chain: Vec<usize> = vec![];
    let mut state = start;
    while !updates.is_empty() {
        let is_next = |&&at: &&usize| state.is_some_and(|s| s.is_followed_by(versions[at]));
        // Of two that may follow, one that another says it followed.
        let is_first = |&&at: &&usize| {
            updates.iter().all(|&other| {
                other == at
                    || !versions[other].is_followed_by(versions[at])
                    || versions[at].is_followed_by(versions[other])
            })
        };
        let next = updates.iter().find(|at| is_next(at) && is_first(at));
        let next = next.or_else(|| updates.iter().find(is_first));
        let next = next.or_else(|| updates.iter().find(is_next)).or(updates.first());
        let Some(&next) = next else { break };
        chain.push(next);
        updates.retain(|&at| at != next);
        state = Some(versions[next]);
    }
    // What is no update stands before the first update that says it followed it, else at the end.
    let mut places = vec![0; versions.len()];
    for (place, &at) in chain.iter().enumerate() {
        places[at] = 2 * place + 1;
    }
    for at in others {
        let follower =
            chain.iter().position(|&update| versions[at].is_followed_by(versions[update]));
        places[at] = 2 * follower.unwrap_or(chain.len());
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(versions: &[(&str, Option<&str>)], start: Option<&str>) -> Vec<usize> {
        let states: Vec<State> =
            versions.iter().map(|(object, before)| State::parse(object, *before)).collect();
        let start = start.map(|object| State::parse(object, None));
        order(&states.iter().collect::<Vec<_>>(), start.as_ref())
    }

    #[test]
    fn an_update_follows_the_state_that_it_tells_of() {
        let first = (r#"{"a":2,"b":1}"#, Some(r#"{"a":1}"#));
        let second = (r#"{"a":2,"b":2}"#, Some(r#"{"b":1}"#));
        assert_eq!(places(&[first, second], None), [1, 3]);
        assert_eq!(places(&[second, first], None), [3, 1]);
    }

    #[test]
    fn there_and_back_is_told_by_the_state_before() {
        let there = (r#"{"a":2}"#, Some(r#"{"a":1}"#));
        let back = (r#"{"a":1}"#, Some(r#"{"a":2}"#));
        assert_eq!(places(&[back, there], Some(r#"{"a":1}"#)), [3, 1]);
        assert_eq!(places(&[there, back], Some(r#"{"a":2}"#)), [3, 1]);
    }

    #[test]
    fn what_is_no_update_stands_where_updates_say() {
        let update = (r#"{"status":"active","n":3}"#, Some(r#"{"n":1}"#));
        let before = (r#"{"status":"active","n":1}"#, None);
        let after = (r#"{"status":"paused","n":3}"#, None);
        assert_eq!(places(&[after, update, before], None), [2, 1, 0]);
    }

    #[test]
    fn parts_of_an_attribute_are_compared_as_parts() {
        let state = serde_json::json!({"metadata": {"a": "1", "b": "2"}, "items": [1, 2]});
        assert!(holds(&state, &serde_json::json!({"metadata": {"a": "1"}})));
        assert!(holds(&state, &serde_json::json!({"metadata": {"c": null}})));
        assert!(!holds(&state, &serde_json::json!({"metadata": {"a": "2"}})));
        assert!(!holds(&state, &serde_json::json!({"items": [1]})));
    }

    #[test]
    fn notices_and_creations_come_first() {
        let class = |name| Class::of(Some(name), false);
        assert!(class("customer.created") < class("customer.subscription.trial_will_end"));
        assert!(class("invoice.upcoming") < class("invoice.paid"));
        assert!(class("customer.subscription.paused") < class("customer.subscription.deleted"));
        assert!(Class::of(None, true) < Class::of(None, false));
    }
}
