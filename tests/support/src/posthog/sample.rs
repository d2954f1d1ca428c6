//! Events, persons and groups by the dozen, the same every time.

use serde_json::json;

use super::project::{Event, Group, Person, Project};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
const EVENTS: [&str; 5] =
    ["signed_up", "$pageview", "published_a_workflow", "invited_a_teammate", "$identify"];
const PLANS: [&str; 3] = ["free", "team", "business"];

impl Project {
    /// Adds events that happen from now on over so many days, in the order of their ingestion, and
    /// moves the clock to the end of the last of these days. One in ten comes in late.
    pub fn insert_sample(&mut self, events: usize, days: i64) {
        let (from, length) = (self.now, days * DAY);
        for number in 0..events as i64 {
            let inserted_at = from + 10 * SECOND + length * number / (events as i64);
            let late = if number % 10 == 7 { 3 * DAY + number * SECOND } else { 40 * SECOND };
            self.insert_event(inserted_at, inserted_at - late);
        }
        self.now = from + length + 10 * SECOND;
    }

    /// Adds an event that happened at one time and came in at another, µs; gives its id.
    pub fn insert_event(&mut self, inserted_at: i64, timestamp: i64) -> String {
        let number = self.made;
        self.made += 1;
        let who = number % 23;
        let company = who % 5;
        let email = format!("user{who}@company{company}.example.com");
        let uuid = uuid(number);
        let plan = PLANS[(number % 3) as usize];
        self.events.push(Event {
            uuid: uuid.clone(),
            event: EVENTS[(number % 5) as usize].into(),
            timestamp,
            created_at: inserted_at - 2 * SECOND,
            inserted_at,
            distinct_id: format!("user-{who}"),
            person_id: person_id(who),
            properties: json!({
                "plan": plan,
                "seats": number % 40,
                "note": format!("it's \"quoted\" \\ and ünïcode {number}"),
                "$groups": { "company": format!("company-{company}") },
                "$lib": "web",
            }),
            person_properties: json!({ "email": email, "plan_then": plan }),
        });
        uuid
    }

    /// Adds the people and companies behind the events, as they are now.
    pub fn insert_people(&mut self) {
        let now = self.now;
        for who in 0..23 {
            let inserted_at = now - DAY * (23 - who as i64) / 4;
            self.insert_person(who, 1, inserted_at.max(self.created_at + SECOND));
        }
        self.group_types = vec!["company".into()];
        for company in 0..5 {
            self.groups.push(Group {
                type_index: 0,
                key: format!("company-{company}"),
                properties: json!({ "name": format!("Company {company}"), "seats": company * 10 }),
                created_at: self.created_at,
            });
        }
    }

    /// Adds a person, or what became of one at a time, µs.
    pub fn insert_person(&mut self, who: u64, version: i64, inserted_at: i64) {
        let distinct_id = format!("user-{who}");
        self.persons.retain(|person| person.distinct_id != distinct_id);
        self.persons.push(Person {
            distinct_id,
            person_id: person_id(who),
            properties: json!({
                "email": format!("latest{who}@company{}.example.com", who % 5),
                "version": version,
            }),
            version,
            created_at: self.created_at,
            inserted_at,
            is_deleted: false,
        });
    }
}

fn uuid(number: u64) -> String {
    // Spread, so that their order is not that of time.
    let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:08x}-{:04x}-4000-8000-{:012x}", spread >> 32, spread & 0xffff, number)
}

fn person_id(who: u64) -> String {
    format!("0190a000-0000-4000-9000-{who:012x}")
}
