//! PostHog's query API, where exports are denied or not there: what was ingested in a span of time,
//! and who there is. Answers become records as an export holds them.

use serde_json::{Map, Value, json};

use super::api::{Answer, Api, Failure, Kind};
use super::slices::Slice;
use crate::time::{self, SECOND_US, format_moment};

pub const PATH: &str = "query/";
/// Rows of an answer: PostHog gives out 50,000 at most, and this many fit in memory whatever they
/// hold.
pub const LIMIT: usize = 10_000;

const EVENTS: &str = include_str!("events.hogql");
const PERSONS: &str = include_str!("persons.hogql");

/// Rows as records, and whether there may be more.
#[derive(Debug)]
pub struct Page {
    pub records: Vec<Value>,
    pub has_more: bool,
}

/// What a query is sent as. Times come in UTC, whatever the project's own zone is.
pub fn request(sql: &str, values: Value) -> Value {
    json!({
        "query": {
            "kind": "HogQLQuery",
            "query": sql,
            "values": values,
            "modifiers": { "convertToProjectTimezone": false },
        },
        // An answer of some minutes ago would lack what came since.
        "refresh": "force_blocking",
        "name": "paydirt",
    })
}

/// The events of a slice, from `offset` on.
pub async fn events(api: &Api, slice: Slice, offset: usize) -> Result<Page, Failure> {
    let values = json!({ "from": stamp(slice.from), "to": stamp(slice.to) });
    // Placeholders stand for values, and these two are none.
    let sql = EVENTS.replace("{limit}", &LIMIT.to_string());
    let sql = sql.replace("{offset}", &offset.to_string());
    page(&api.post(PATH, &request(&sql, values)).await?)
}

impl Page {
    /// Takes off the rows of the last second that the page holds, which may not be all of it; gives
    /// its beginning, µs. `None` if its rows do not tell.
    pub fn cut(&mut self) -> Option<i64> {
        let made = |record: &Value| time::parse_moment(record["created_at"].as_str()?).ok();
        let second = made(self.records.last()?)?.div_euclid(SECOND_US) * SECOND_US;
        self.records.retain(|record| made(record).is_some_and(|at| at < second));
        Some(second)
    }
}

/// People by their distinct ids, after `after`.
pub async fn persons(api: &Api, after: &str) -> Result<Page, Failure> {
    let sql = PERSONS.replace("{limit}", &LIMIT.to_string());
    let answer = api.post(PATH, &request(&sql, json!({ "after": after }))).await?;
    let mut page = page(&answer)?;
    for record in &mut page.records {
        record["observed_at"] = format_moment(answer.at).into();
    }
    Ok(page)
}

/// A time as ClickHouse reads it.
fn stamp(at: i64) -> String {
    format_moment(at).replace('T', " ").replace('Z', "")
}

fn page(answer: &Answer) -> Result<Page, Failure> {
    let broken = |what: &str| Failure::new(Kind::Transient, format!("the answer {what}"));
    let json = &answer.json;
    // An error may come with a status that says nothing of it.
    if let Some(error) = json["error"].as_str().filter(|error| !error.is_empty()) {
        return Err(Failure::new(Kind::BadRequest, format!("PostHog says: {error}")));
    }
    let columns = json["columns"].as_array().ok_or_else(|| broken("names no columns"))?;
    let columns: Vec<&str> = columns.iter().filter_map(Value::as_str).collect();
    let rows = json["results"].as_array().ok_or_else(|| broken("holds no results"))?;
    let mut records = Vec::with_capacity(rows.len());
    for row in rows {
        let cells = row.as_array().filter(|cells| cells.len() == columns.len());
        let cells = cells.ok_or_else(|| broken("has rows of other columns than it names"))?;
        let fields = columns.iter().map(|name| (*name).to_owned()).zip(cells.iter().cloned());
        records.push(Value::Object(fields.collect::<Map<_, _>>()));
    }
    let has_more = rows.len() >= LIMIT || json["hasMore"] == true;
    Ok(Page { records, has_more })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(json: Value) -> Result<Page, Failure> {
        page(&Answer { json, at: 0 })
    }

    #[test]
    fn rows_become_records() {
        let page = answered(json!({
            "columns": ["uuid", "event"], "results": [["1", "home"], ["2", null]], "hasMore": false,
        }))
        .unwrap();
        assert_eq!(page.records[1], json!({ "uuid": "2", "event": null }));
        assert!(!page.has_more);
        let failed = answered(json!({ "error": "Unable to resolve field" })).unwrap_err();
        assert_eq!(failed.kind, Kind::BadRequest);
        for broken in [json!({}), json!({ "columns": ["a"], "results": [[1, 2]] })] {
            assert_eq!(answered(broken).unwrap_err().kind, Kind::Transient);
        }
    }

    #[test]
    fn a_full_page_is_cut_at_its_last_second() {
        let record = |at: &str| json!({ "created_at": at });
        let times =
            ["2025-01-01T00:00:00.5Z", "2025-01-01T01:00:01+01:00", "2025-01-01T00:00:01.9Z"];
        let mut page = Page { records: times.map(record).into(), has_more: true };
        assert_eq!(page.cut(), Some(1_735_689_601_000_000));
        assert_eq!(page.records, [record(times[0])]);
        let mut page = Page { records: vec![json!({})], has_more: true };
        assert_eq!((page.cut(), page.records.len()), (None, 1));
    }

    #[test]
    fn times_are_written_as_clickhouse_reads_them() {
        assert_eq!(stamp(1_735_689_600_000_000), "2025-01-01 00:00:00");
        assert_eq!(stamp(1_735_689_600_500_000), "2025-01-01 00:00:00.500");
    }
}
