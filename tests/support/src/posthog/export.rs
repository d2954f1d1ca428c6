//! Exports on demand: what was asked for, how each comes along, and its files.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use super::project::{Event, Person, Project};
use super::reply::{Refusal, Reply};
use super::time;

/// The most that an export spans, µs.
const WEEK: i64 = 7 * 86_400_000_000;
const STATUSES: [&str; 6] =
    ["Failed", "FailedRetryable", "FailedBilling", "Terminated", "TimedOut", "Cancelled"];

/// How exports come along.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// How long each of them runs.
    pub takes: Duration,
    /// How the next ones end, if not with files.
    pub ends: VecDeque<&'static str>,
    /// Rows of a file; all in one, unless said.
    pub rows_per_file: Option<usize>,
    /// One row in so many stands in a file twice.
    pub doubles: Option<usize>,
    /// How many of the next files are half of what they should be, at their announced length.
    pub halves: u64,
}

/// All exports so far.
#[derive(Debug, Default)]
pub(super) struct Exports {
    pub script: Script,
    runs: Vec<Run>,
    /// What may be downloaded without a key.
    signed: Vec<(String, usize, usize)>,
}

#[derive(Debug)]
struct Run {
    id: String,
    done_at: Instant,
    ends: Option<&'static str>,
    files: Vec<Bytes>,
}

impl Run {
    fn status(&self) -> &'static str {
        if Instant::now() < self.done_at { "Running" } else { self.ends.unwrap_or("Completed") }
    }
}

impl Exports {
    pub fn new(script: Script) -> Self {
        Self { script, ..Self::default() }
    }

    pub fn start(&mut self, project: &Project, body: &Value) -> Result<Reply, Refusal> {
        let model = body["model"].as_str().unwrap_or_default();
        let is_known = ["events", "persons"].contains(&model);
        if !is_known {
            return Err(Refusal::invalid(format!("\"{model}\" is not a valid choice.")));
        }
        let format = body["file"]["format"].as_str().unwrap_or("Parquet");
        let moment = |field: &str| {
            let text = body[field].as_str().and_then(time::parse);
            text.ok_or_else(|| {
                Refusal::invalid(format!(
                    "'data_interval_start' and 'data_interval_end' are required for '{model}'"
                ))
            })
        };
        let (from, to) = (moment("data_interval_start")?, moment("data_interval_end")?);
        if from > to {
            return Err(Refusal::invalid(
                "'data_interval_end' must occur after 'data_interval_start'",
            ));
        }
        if to - from > WEEK {
            return Err(Refusal::invalid("data interval range too big"));
        }
        if to > project.now {
            return Err(Refusal::invalid(format!(
                "The provided 'data_interval_end' ({}) is in the future",
                time::iso(to, 0)
            )));
        }
        if self.runs.iter().any(|run| run.status() == "Running") {
            return Err(Refusal::new(429, "too_many_concurrent_file_downloads")
                .detail("Too many concurrent file download batch exports for this team."));
        }
        let ends = self.script.ends.pop_front();
        if let Some(ends) = ends {
            assert!(STATUSES.contains(&ends), "no export ends as {ends}");
        }
        let files = match ends {
            Some(_) => vec![],
            None => self.files(project, model, format, from, to)?,
        };
        let id = format!("01a10d89-0000-4000-8000-{:012x}", self.runs.len() + 1);
        let done_at = Instant::now() + self.script.takes;
        self.runs.push(Run { id: id.clone(), done_at, ends, files });
        Ok(Reply::Json(202, json!({ "id": id })))
    }

    fn files(
        &self,
        project: &Project,
        model: &str,
        format: &str,
        from: i64,
        to: i64,
    ) -> Result<Vec<Bytes>, Refusal> {
        let is_in = |at: i64| (from..to).contains(&at);
        let most = self.script.rows_per_file.unwrap_or(usize::MAX);
        match model {
            "events" => {
                let events: Vec<&Event> =
                    project.events.iter().filter(|event| is_in(event.inserted_at)).collect();
                let events = doubled(events, self.script.doubles);
                events.chunks(most).map(|events| events_file(events, format)).collect()
            }
            _ => {
                let persons: Vec<&Person> =
                    project.persons.iter().filter(|person| is_in(person.inserted_at)).collect();
                persons.chunks(most).map(|persons| persons_file(persons, format)).collect()
            }
        }
    }

    pub fn look(&self, id: &str) -> Result<Reply, Refusal> {
        let run = self.run(id)?;
        let mut answer = json!({ "status": run.status() });
        match run.status() {
            "Completed" => {
                let files = (0..run.files.len()).map(|file| Value::from(file_id(id, file)));
                answer["files"] = files.collect();
            }
            "Running" | "Cancelled" => {}
            status => answer["error"] = format!("the worker says {status}").into(),
        }
        Ok(Reply::Json(200, answer))
    }

    /// Where a file is, for the one who has the key.
    pub fn sign(&mut self, id: &str, file: &str) -> Result<Reply, Refusal> {
        let place = self.runs.iter().position(|run| run.id == id).ok_or_else(Refusal::not_found)?;
        let run = &self.runs[place];
        match run.status() {
            "Completed" => {}
            "Running" => return Err(Refusal::invalid("Batch export run is still in progress")),
            _ => return Err(Refusal::invalid("Batch export run has failed")),
        }
        let number = (0..run.files.len())
            .find(|number| file_id(id, *number) == file || file == number.to_string());
        let number = number.ok_or_else(Refusal::not_found)?;
        let token = format!("{:016x}", self.signed.len() as u64 * 7_919 + 11);
        self.signed.push((token.clone(), place, number));
        Ok(Reply::Elsewhere(format!("/bucket/{id}/{number}.parquet?signature={token}")))
    }

    /// What was signed; a key that comes along is refused, as a bucket does.
    pub fn download(&mut self, token: &str, has_key: bool) -> Result<Reply, Refusal> {
        if has_key {
            return Err(Refusal::invalid("Only one auth mechanism allowed"));
        }
        let found = self.signed.iter().find(|(signed, ..)| signed == token);
        let (_, run, file) = found.ok_or_else(|| Refusal::new(403, "permission_denied"))?;
        let mut file = self.runs[*run].files[*file].clone();
        if self.script.halves > 0 {
            self.script.halves -= 1;
            file.truncate(file.len() / 2);
        }
        Ok(Reply::File(file))
    }

    pub fn made(&self) -> usize {
        self.runs.len()
    }

    pub fn list(&self) -> Reply {
        let runs = self.runs.iter().rev();
        let results = runs.map(|run| json!({ "id": run.id, "status": run.status() }));
        let results: Vec<Value> = results.collect();
        let count = results.len();
        Reply::Json(
            200,
            json!({ "count": count, "next": null, "previous": null, "results": results }),
        )
    }

    fn run(&self, id: &str) -> Result<&Run, Refusal> {
        self.runs.iter().find(|run| run.id == id).ok_or_else(Refusal::not_found)
    }
}

fn file_id(run: &str, file: usize) -> String {
    format!("{}{file:04x}", &run[..run.len() - 4])
}

fn doubled(events: Vec<&Event>, one_in: Option<usize>) -> Vec<&Event> {
    let Some(one_in) = one_in else { return events };
    let times = |place: usize| if place.is_multiple_of(one_in) { 2 } else { 1 };
    let doubled = events.into_iter().enumerate();
    doubled.flat_map(|(place, event)| std::iter::repeat_n(event, times(place))).collect()
}

fn events_file(events: &[&Event], format: &str) -> Result<Bytes, Refusal> {
    match format {
        "JSONLines" => Ok(lines(events.iter().map(|event| event.exported()))),
        #[cfg(feature = "parquet")]
        "Parquet" => Ok(super::parquet::events(events)),
        _ => Err(Refusal::invalid(format!("the stand-in makes no files of format {format}"))),
    }
}

fn persons_file(persons: &[&Person], format: &str) -> Result<Bytes, Refusal> {
    match format {
        "JSONLines" => Ok(lines(persons.iter().map(|person| person.exported()))),
        #[cfg(feature = "parquet")]
        "Parquet" => Ok(super::parquet::persons(persons)),
        _ => Err(Refusal::invalid(format!("the stand-in makes no files of format {format}"))),
    }
}

fn lines(records: impl Iterator<Item = Value>) -> Bytes {
    let lines: String = records.map(|record| format!("{record}\n")).collect();
    Bytes::from(lines)
}

impl Event {
    /// As a line of an export.
    pub fn exported(&self) -> Value {
        json!({
            "uuid": self.uuid,
            "timestamp": time::iso(self.timestamp, 0),
            "_inserted_at": time::iso(self.inserted_at, 0),
            "created_at": time::iso(self.created_at, 0),
            "event": self.event,
            "properties": self.properties,
            "distinct_id": self.distinct_id,
            "elements_chain": "",
            "person_properties": self.person_properties,
            "person_id": self.person_id,
        })
    }
}

impl Person {
    /// As a line of an export.
    pub fn exported(&self) -> Value {
        json!({
            "team_id": 1,
            "distinct_id": self.distinct_id,
            "person_id": self.person_id,
            "properties": self.properties,
            "person_version": self.version,
            "person_distinct_id_version": 0,
            "_inserted_at": time::iso(self.inserted_at, 0),
            "created_at": time::iso(self.created_at, 0),
            "is_deleted": self.is_deleted,
        })
    }
}
