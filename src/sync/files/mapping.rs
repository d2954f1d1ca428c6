//! Which field of a record is the event, the time, the user: as configured, else guessed by name.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::preset::Preset;
use super::target::{TARGETS, Target};
use super::time::TimeUnit;
use super::time_format::TimeFormat;
use super::zone::Zone;
use crate::bucket::is_bucket;
use crate::error::{Error, Result};
use crate::sync::json::{Json, Step, steps};
use crate::sync::report::{Fault, Guess};

/// Names of columns that are looked at; a file with more has data for names.
const MAX_NAMES: usize = 10_000;

/// One `[[source.files]]` entry. Columns are names, or dotted paths into JSON (`user.email`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileMapping {
    /// Told in the `source` column of every event.
    pub name: String,
    /// Which files it is for: a file name, a path or a folder, with `*` and `?`. All, if absent.
    #[serde(default)]
    pub path: Option<String>,
    /// The tool that wrote the files: it says where everything is that the entry does not say.
    #[serde(default)]
    pub preset: Option<Preset>,
    #[serde(default)]
    pub event: Option<String>,
    /// The name of all events, where the file has no column for it.
    #[serde(default)]
    pub event_name: Option<String>,
    #[serde(default)]
    pub time: Option<String>,
    /// Unit of numeric times; by their size if absent.
    #[serde(default)]
    pub time_unit: Option<TimeUnit>,
    /// How times are written that are no epoch: a pattern of strftime, or the name of a count.
    #[serde(default)]
    pub time_format: Option<TimeFormat>,
    /// The zone of times that are written without one, and of Mixpanel's numbers; UTC if absent.
    #[serde(default)]
    pub time_zone: Option<Zone>,
    #[serde(default)]
    pub user: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub account: Option<String>,
    #[serde(default)]
    pub stripe_customer: Option<String>,
    /// An id that tells one event from another; rows with the same id are one event.
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub properties: Option<String>,
    #[serde(default)]
    pub ingested_at: Option<String>,
}

impl FileMapping {
    /// True if the entry is for this file.
    pub fn matches(&self, path: &Path) -> bool {
        let Some(pattern) = &self.path else { return true };
        let full = path.to_string_lossy().replace('\\', "/");
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        let inside = format!("{pattern}/*");
        let tails = full.match_indices('/').map(|(at, _)| &full[at + 1..]);
        tails.chain([&*full]).any(|tail| {
            glob(pattern.as_bytes(), tail.as_bytes()) || glob(inside.as_bytes(), tail.as_bytes())
        })
    }

    /// Where the entry's own files are: in a bucket, or in a folder that is there. Any other path
    /// only says for which files the entry is.
    pub fn place(&self, root: &Path) -> Option<PathBuf> {
        let path = self.path.as_deref()?;
        if is_bucket(path) {
            return Some(PathBuf::from(path));
        }
        Some(root.join(path)).filter(|folder| folder.is_dir())
    }

    /// The mapping for a file: the first that names it, else the first that is for all files.
    pub fn find<'m>(mappings: &'m [FileMapping], path: &Path) -> Option<&'m FileMapping> {
        let mut matching = mappings.iter().filter(|mapping| mapping.matches(path));
        let first = matching.next()?;
        let named = std::iter::once(first).chain(matching).find(|mapping| mapping.path.is_some());
        Some(named.unwrap_or(first))
    }

    /// An error over what cannot be meant together.
    pub fn validate(&self) -> Result<()> {
        if self.time_unit.is_some() && self.time_format.is_some() {
            let what = "time_unit and time_format are both given";
            return Err(Error::new(format!("[[source.files]] {}: {what}", self.name)).hint(
                "keep one: a unit is for numbers that count from 1970, a format for others",
            ));
        }
        Ok(())
    }

    /// What the entry says about rows, as one text that is part of keys in every lake. Its form
    /// stays: a field that came later is in it only where it is set, so that nothing that has landed
    /// is read again for it.
    pub fn meaning(&self) -> String {
        let Self { preset, event, event_name, time, time_unit, time_zone, user, email, .. } = self;
        let Self { account, stripe_customer, id, properties, ingested_at, .. } = self;
        let later = match &self.time_format {
            Some(format) => format!(", time_format: {:?}", format.written()),
            None => String::new(),
        };
        format!(
            "FileMapping {{ name: \"\", path: None, preset: {preset:?}, event: {event:?}, event_name: \
             {event_name:?}, time: {time:?}, time_unit: {time_unit:?}, time_zone: {time_zone:?}, user: \
             {user:?}, email: {email:?}, account: {account:?}, stripe_customer: {stripe_customer:?}, id: \
             {id:?}, properties: {properties:?}, ingested_at: {ingested_at:?}{later} }}"
        )
    }

    fn given(&self, target: Target) -> Option<&str> {
        match target {
            Target::Event => &self.event,
            Target::Time => &self.time,
            Target::User => &self.user,
            Target::Email => &self.email,
            Target::Account => &self.account,
            Target::StripeCustomer => &self.stripe_customer,
            Target::Id => &self.id,
            Target::Properties => &self.properties,
            Target::IngestedAt => &self.ingested_at,
        }
        .as_deref()
    }
}

/// `*` is any run of characters, `?` any one.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|at| glob(rest, &text[at..])),
        Some((b'?', rest)) => text.split_first().is_some_and(|(_, text)| glob(rest, text)),
        Some((byte, rest)) => {
            text.split_first().is_some_and(|(first, text)| first == byte && glob(rest, text))
        }
    }
}

/// Where a target is found in a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub name: String,
    steps: Vec<Step>,
}

impl Source {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), steps: steps(name) }
    }

    /// The value inside a part of the record that was `opened` by its name.
    pub fn within<'j, 'a: 'j>(
        &self,
        opened: impl Fn(&str) -> Option<&'j Json<'a>>,
    ) -> Option<&'j Json<'a>> {
        match self.steps.split_first() {
            Some((Step::Key(name), [])) => opened(name).filter(|json| **json != Json::Null),
            Some((Step::Key(name), rest)) => opened(name)?.at(rest),
            _ => None,
        }
    }

    /// The value, by the whole name (CSV headers may hold dots), else by the path.
    pub fn value<'a, 'j>(&self, record: &'a Json<'j>) -> Option<&'a Json<'j>> {
        match record.get(&self.name) {
            Some(value) => Some(value).filter(|value| **value != Json::Null),
            None if self.steps.len() > 1 => record.at(&self.steps),
            None => None,
        }
    }
}

/// The sources of all targets for one file; guesses settle as columns are seen.
#[derive(Clone)]
pub struct Sources {
    sources: Vec<Option<Source>>,
    is_constant_event: bool,
    seen: HashSet<String>,
    pub guesses: Vec<Guess>,
}

impl Sources {
    pub fn new(mapping: Option<&FileMapping>) -> Self {
        let given = |target: &Target| Some(Source::new(mapping?.given(*target)?));
        Self {
            sources: TARGETS.iter().map(given).collect(),
            is_constant_event: mapping.is_some_and(|mapping| mapping.event_name.is_some()),
            seen: HashSet::new(),
            guesses: Vec::new(),
        }
    }

    pub fn get(&self, target: Target) -> Option<&Source> {
        self.sources[target as usize].as_ref()
    }

    /// The value of a target.
    pub fn value<'a, 'j>(&self, target: Target, record: &'a Json<'j>) -> Option<&'a Json<'j>> {
        self.get(target)?.value(record)
    }

    /// The same as text; what cannot be text is a fault.
    pub fn text<'a>(
        &self,
        target: Target,
        record: &'a Json<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<Cow<'a, str>> {
        let source = self.get(target)?;
        target.text(source.value(record)?).unwrap_or_else(|why| {
            faults.push((source.name.clone(), why));
            None
        })
    }

    /// The same where `parts` of the record are text in it that was read as JSON.
    pub fn text_within(
        &self,
        target: Target,
        record: &Json<'_>,
        parts: &[(&str, &Json<'_>)],
        faults: &mut Vec<Fault>,
    ) -> Option<String> {
        let source = self.get(target)?;
        let inside = match source.steps.split_first() {
            Some((Step::Key(name), rest)) if !rest.is_empty() => {
                parts.iter().find(|(part, _)| part == name).and_then(|(_, json)| json.at(rest))
            }
            _ => None,
        };
        match inside {
            Some(value) => {
                target.text(value).map(|text| text.map(Cow::into_owned)).unwrap_or_else(|why| {
                    faults.push((source.name.clone(), why));
                    None
                })
            }
            None => self.text(target, record, faults).map(Cow::into_owned),
        }
    }

    /// True if event and time are settled, so that rows can be events.
    pub fn are_enough(&self) -> bool {
        (self.is_constant_event || self.get(Target::Event).is_some())
            && self.get(Target::Time).is_some()
    }

    /// True if the record has none of the event and time columns that were named.
    pub fn is_silent_about(&self, record: &Json<'_>) -> bool {
        self.value(Target::Event, record).is_none() || self.value(Target::Time, record).is_none()
    }

    /// True if a top-level column is a target of its own.
    pub fn uses(&self, column: &str) -> bool {
        self.sources.iter().flatten().any(|source| source.name == column)
    }

    /// Looks for targets that are still open among the columns of this record.
    pub fn settle(&mut self, record: &Json<'_>) {
        let Json::Object(fields) = record else { return };
        let mut is_new = false;
        for (name, value) in fields {
            if self.seen.len() < MAX_NAMES && !self.seen.contains(&**name) {
                self.seen.insert(name.clone().into_owned());
                is_new = true;
            }
            // What is inside may differ from record to record.
            is_new |=
                value.is_object() && (name == "user" || name == "traits" || name == "context");
        }
        if !is_new {
            return;
        }
        for &target in TARGETS {
            let is_settled = self.get(target).is_some();
            if is_settled || (target == Target::Event && self.is_constant_event) {
                continue;
            }
            let usual = target.usual_names().iter();
            let found = usual.map(|name| Source::new(name)).find(|source| {
                let is_there = match record.get(&source.name) {
                    Some(value) => target != Target::Properties || may_be_properties(value),
                    None => source.value(record).is_some(),
                };
                is_there && !self.uses(&source.name)
            });
            if let Some(source) = found {
                self.guesses.push(Guess { column: target.column(), from: source.name.clone() });
                self.sources[target as usize] = Some(source);
            }
        }
    }
}

/// Properties are an object, as JSON or as its text.
fn may_be_properties(value: &Json<'_>) -> bool {
    match value {
        Json::Object(_) | Json::Null => true,
        Json::String(text) => text.is_empty() || text.trim_start().starts_with('{'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> FileMapping {
        FileMapping { path: Some(path.to_owned()), ..FileMapping::default() }
    }

    #[test]
    fn a_mapping_finds_its_files() {
        let path = Path::new("/data/exports/app-2025.jsonl.gz");
        let fitting = ["app-*.jsonl*", "./exports/", "/data/exports", "app-????.jsonl.gz", "*.gz"];
        for pattern in fitting {
            assert!(at(pattern).matches(path), "{pattern}");
        }
        for pattern in ["app", "*.csv", "xports/*", "/exports", "app-???.*"] {
            assert!(!at(pattern).matches(path), "{pattern}");
        }
        let all = FileMapping { name: "all".into(), ..FileMapping::default() };
        let mappings = [all, at("*.gz")];
        assert_eq!(FileMapping::find(&mappings, path), Some(&mappings[1]));
        assert_eq!(FileMapping::find(&mappings, Path::new("x.csv")), Some(&mappings[0]));
    }

    #[test]
    fn unknown_keys_and_units_are_errors() {
        assert!(toml::from_str::<FileMapping>("name = 'a'\nemial = 'x'").is_err());
        assert!(toml::from_str::<FileMapping>("name = 'a'\ntime_unit = 'days'").is_err());
        let mapping: FileMapping = toml::from_str("name = 'a'\ntime_unit = 'ms'").unwrap();
        assert_eq!(mapping.time_unit, Some(TimeUnit::Milliseconds));
    }

    #[test]
    fn formats_are_known_or_refused_with_a_hint() {
        let parse = |text: &str| toml::from_str::<FileMapping>(text);
        let error = parse("name = 'a'\ntime_format = 'yyyymmdd'").unwrap_err();
        assert!(error.message().contains("write one as %Y%m%d"), "{error}");
        assert!(parse("name = 'a'\ntime_format = 'excel'").unwrap().validate().is_ok());
        let both = parse("name = 'a'\ntime_format = '%Y%m%d'\ntime_unit = 's'").unwrap();
        assert!(both.validate().unwrap_err().message().contains("both given"));
    }

    /// The text is part of keys in lakes: with another one, all mapped files would be read again.
    #[test]
    fn what_an_entry_means_is_written_as_ever() {
        let mut mapping: FileMapping = toml::from_str(
            "name = 'a'\npath = 'x'\npreset = 'mixpanel'\ntime = 'at'\ntime_unit = 'ms'\nid = '\"'",
        )
        .unwrap();
        let said = "FileMapping { name: \"\", path: None, preset: Some(Mixpanel), event: None, \
                    event_name: None, time: Some(\"at\"), time_unit: Some(Milliseconds), time_zone: \
                    None, user: None, email: None, account: None, stripe_customer: None, id: \
                    Some(\"\\\"\"), properties: None, ingested_at: None }";
        assert_eq!(mapping.meaning(), said);
        mapping.time_format = Some(TimeFormat::try_from("%Y%m%d".to_owned()).unwrap());
        assert!(mapping.meaning().ends_with("ingested_at: None, time_format: \"%Y%m%d\" }"));
    }

    #[test]
    fn common_names_are_guessed_and_told() {
        let record = r#"{"name":"x","created_at":1,"user":{"email":"a@b.c"},"workspace_id":7,"data":3,
            "received_at":2}"#;
        let mut sources = Sources::new(None);
        sources.settle(&Json::parse(record).unwrap());
        let guesses: Vec<_> =
            sources.guesses.iter().map(|guess| (guess.column, &*guess.from)).collect();
        assert_eq!(
            guesses,
            [
                ("event", "name"),
                ("occurred_at", "created_at"),
                ("email", "user.email"),
                ("account_id", "workspace_id"),
                ("ingested_at", "received_at"),
            ]
        );
        sources.settle(&Json::parse(r#"{"props":{"a":1}}"#).unwrap());
        assert_eq!(sources.get(Target::Properties).unwrap().name, "props");
    }
}
