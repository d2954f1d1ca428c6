//! Columns of one name, as `select e.*, u.*` gives them: none is chosen in silence.

use std::collections::{HashMap, HashSet};

use super::mapping::Sources;
use super::posthog;
use super::posthog_latest::About;
use super::preset::Preset;
use super::target::{TARGETS, Target};
use super::unwrap::{is_object_column, may_be_wrapped};
use crate::sync::json::Json;
use crate::sync::report::Refusal;

/// Several columns of one name.
#[derive(Debug)]
pub struct SameName {
    name: String,
    /// From 1.
    columns: Vec<usize>,
    /// Their names here.
    read_as: Vec<String>,
}

/// What is read of PostHog's records by name; everything else of them is left out.
const OF_POSTHOG: &[&str] = &[
    "uuid",
    "id",
    "event",
    "timestamp",
    "distinct_id",
    "person_id",
    "properties",
    "person_properties",
    "_inserted_at",
    "created_at",
    "observed_at",
    "is_deleted",
    "person_version",
    "person_distinct_id_version",
    "group_key",
    "group_type",
    "group_type_index",
    "group_properties",
];

/// Numbers columns of one name: the second `plan` is `plan_2`.
pub fn tell_apart(names: &mut [String]) -> Vec<SameName> {
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    if taken.len() == names.len() {
        return vec![];
    }
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        places.entry(name.clone()).or_default().push(place);
    }
    let mut found = vec![];
    for (name, places) in places.into_iter().filter(|(_, places)| places.len() > 1) {
        let mut number = 1;
        for place in &places[1..] {
            while taken.contains(&names[*place]) {
                number += 1;
                names[*place] = format!("{name}_{number}");
            }
            taken.insert(names[*place].clone());
        }
        let read_as = places.iter().map(|place| names[*place].clone()).collect();
        let columns = places.iter().map(|place| place + 1).collect();
        found.push(SameName { name, columns, read_as });
    }
    found.sort_by(|a, b| a.columns.cmp(&b.columns));
    found
}

/// Columns as a record without values.
pub fn without_values(names: &[String]) -> Json<'_> {
    let names = names.iter().filter(|name| !name.is_empty());
    Json::Object(names.map(|name| (name.as_str().into(), Json::Null)).collect())
}

impl SameName {
    /// What is said of them where they are properties.
    pub fn note(&self) -> String {
        let names = self.read_as.iter().map(|name| format!("`{name}`"));
        let (name, columns, read_as) = (&self.name, list(&self.columns), list(names));
        format!("columns {columns} are called `{name}`: they are read as {read_as}")
    }

    /// Why the file is refused if one of them would be read as more than a property.
    pub fn refusal(&self, whose: &Whose<'_>) -> Option<Refusal> {
        let what = whose.reads(&self.name)?;
        let (name, columns) = (&self.name, list(&self.columns));
        let reason = format!(
            "columns {columns} have this name, and nothing tells which of them is {what}: name \
             columns apart in the export, e.g. `select e.{name} as event_{name}`"
        );
        Some(Refusal::of(name, reason))
    }
}

/// What the columns of a file are read as.
pub struct Whose<'a> {
    pub columns: &'a Json<'a>,
    pub preset: Option<Preset>,
    /// What the mapping says, and what was guessed besides.
    pub given: &'a Sources,
    pub guessed: &'a Sources,
}

impl Whose<'_> {
    /// What a column of that name holds, if it is no property.
    fn reads(&self, name: &str) -> Option<&'static str> {
        if let Some(target) = target(self.given, name) {
            return Some(words(target));
        }
        if let Some(preset) = self.preset {
            let shape = preset.shape();
            let places = |target: &&Target| shape.places[**target as usize];
            let found =
                TARGETS.iter().find(|target| places(target).iter().any(|at| is_at(at, name)));
            return found.map(|target| words(*target)).or_else(|| {
                (shape.objects.contains(&name) || shape.takes(name, true))
                    .then_some("the right one")
            });
        }
        if may_be_wrapped(self.columns) && is_object_column(name) {
            return Some("the object");
        }
        let has = |name: &str| self.columns.get(name).is_some();
        if posthog::is_event(self.columns) || About::of(self.columns).is_some() {
            return OF_POSTHOG.contains(&name).then_some("the right one");
        }
        if has("object") && has("id") && !has("event") {
            return Some("the object's own");
        }
        // What is inside a column is looked for in the rows.
        let usual = TARGETS.iter().flat_map(|target| target.usual_names());
        let has_inside = || usual.clone().any(|usual| *usual != name && is_at(usual, name));
        target(self.guessed, name).map(words).or_else(|| has_inside().then_some("the right one"))
    }
}

fn target(sources: &Sources, name: &str) -> Option<Target> {
    let is_it =
        |target: &&Target| sources.get(**target).is_some_and(|source| is_at(&source.name, name));
    TARGETS.iter().find(is_it).copied()
}

/// Whether a place is the column, or inside it.
fn is_at(place: &str, column: &str) -> bool {
    let rest = place.strip_prefix(column);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn words(target: Target) -> &'static str {
    match target {
        Target::Event => "the event's name",
        Target::Time => "the time of the event",
        Target::User => "the user",
        Target::Email => "the e-mail address",
        Target::Account => "the account",
        Target::StripeCustomer => "the customer of Stripe",
        Target::Id => "the event's id",
        Target::Properties => "the properties",
        Target::IngestedAt => "the time of ingestion",
    }
}

/// `3, 4 and 6`.
fn list(items: impl IntoIterator<Item = impl ToString>) -> String {
    let mut items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    let last = items.pop().unwrap_or_default();
    if items.is_empty() { last } else { format!("{} and {last}", items.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_of_a_name_is_numbered() {
        let names = ["plan", "", "plan", "plan_2", "", "plan", "id"];
        let mut names = names.map(str::to_owned);
        let found = tell_apart(&mut names);
        assert_eq!(names, ["plan", "", "plan_3", "plan_2", "", "plan_4", "id"]);
        assert_eq!(
            found[0].note(),
            "columns 1, 3 and 6 are called `plan`: they are read as `plan`, `plan_3` and `plan_4`"
        );
    }
}
