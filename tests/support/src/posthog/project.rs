//! What one project holds: events, persons, groups, and its clock.

use serde_json::Value;

use super::time;

/// An event as PostHog keeps it; times are µs.
#[derive(Debug, Clone)]
pub struct Event {
    pub uuid: String,
    pub event: String,
    /// When it happened.
    pub timestamp: i64,
    /// When PostHog made it of what was sent, and when it was written to the log.
    pub created_at: i64,
    pub inserted_at: i64,
    pub distinct_id: String,
    pub person_id: String,
    pub properties: Value,
    /// Those of the person when the event came in.
    pub person_properties: Value,
}

/// What links a distinct id to a person, as it is now.
#[derive(Debug, Clone)]
pub struct Person {
    pub distinct_id: String,
    pub person_id: String,
    pub properties: Value,
    pub version: i64,
    pub created_at: i64,
    pub inserted_at: i64,
    pub is_deleted: bool,
}

#[derive(Debug, Clone)]
pub struct Group {
    pub type_index: u64,
    pub key: String,
    pub properties: Value,
    pub created_at: i64,
}

#[derive(Debug, Clone)]
pub struct Project {
    pub id: u64,
    pub name: String,
    pub created_at: i64,
    /// Hours that the project's own time zone is ahead.
    pub zone: i64,
    /// The server's time, which dates its answers.
    pub now: i64,
    pub events: Vec<Event>,
    pub persons: Vec<Person>,
    pub group_types: Vec<String>,
    pub groups: Vec<Group>,
    pub(super) made: u64,
}

impl Project {
    /// An empty project, as old as its server.
    pub fn new(id: u64, created_at: &str) -> Self {
        let created_at = time::parse(created_at).expect("a time in ISO 8601");
        Self {
            id,
            name: "Stand-in".into(),
            created_at,
            zone: 0,
            now: created_at,
            events: vec![],
            persons: vec![],
            group_types: vec![],
            groups: vec![],
            made: 0,
        }
    }

    /// Sets the server's time.
    pub fn set_now(&mut self, now: &str) {
        self.now = time::parse(now).expect("a time in ISO 8601");
    }

    /// The ids of all events, sorted.
    pub fn uuids(&self) -> Vec<String> {
        let mut uuids: Vec<String> = self.events.iter().map(|event| event.uuid.clone()).collect();
        uuids.sort();
        uuids.dedup();
        uuids
    }
}
