//! The stand-in for PostHog keeps to PostHog's limits.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use paydirt_stand_in::posthog::{Key, PostHog, Project, Settings};
use serde_json::{Value, json};

const EXPORTS: &str = "/api/projects/7/file_download_batch_exports/";
const KEY: &str = "phx_standin";

fn project(events: usize) -> Project {
    let mut project = Project::new(7, "2025-01-01T00:00:00Z");
    project.insert_sample(events, 10);
    project.insert_people();
    project
}

fn serve(events: usize) -> PostHog {
    PostHog::start(Settings::new(project(events))).unwrap()
}

/// The status, the head and the body of an answer.
fn raw(
    server: &PostHog,
    method: &str,
    path: &str,
    body: &str,
    key: &str,
) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(server.url().replace("http://", "")).unwrap();
    let key =
        if key.is_empty() { String::new() } else { format!("Authorization: Bearer {key}\r\n") };
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{key}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, bytes[end + 4..].to_vec())
}

fn ask(server: &PostHog, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let (status, _, body) = raw(server, method, path, &text, KEY);
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn get(server: &PostHog, path: &str) -> (u16, Value) {
    ask(server, "GET", path, &Value::Null)
}

fn export(server: &PostHog, from: &str, to: &str) -> (u16, Value) {
    let body = json!({
        "model": "events",
        "file": { "format": "JSONLines" },
        "data_interval_start": from,
        "data_interval_end": to,
    });
    ask(server, "POST", EXPORTS, &body)
}

fn query(server: &PostHog, sql: &str, values: Value) -> (u16, Value) {
    let body = json!({ "query": { "kind": "HogQLQuery", "query": sql, "values": values } });
    ask(server, "POST", "/api/projects/7/query/", &body)
}

#[test]
fn an_export_spans_a_week_and_does_not_end_in_the_future() {
    let server = serve(100);
    for (from, to, says) in [
        ("2025-01-01T00:00:00Z", "2025-01-08T00:00:01Z", "too big"),
        ("2025-01-10T00:00:00Z", "2025-01-11T00:01:00Z", "in the future"),
        ("2025-01-02T00:00:00Z", "2025-01-01T00:00:00Z", "must occur after"),
    ] {
        let (status, answer) = export(&server, from, to);
        assert_eq!(status, 400);
        assert!(answer["detail"].as_str().unwrap().contains(says), "{answer}");
    }
    assert_eq!(server.exports_made(), 0);
    let (status, started) = export(&server, "2025-01-01T00:00:00Z", "2025-01-08T00:00:00Z");
    assert_eq!(status, 202);
    let id = started["id"].as_str().unwrap();
    let (_, done) = get(&server, &format!("{EXPORTS}{id}/"));
    assert_eq!(
        (&done["status"], done["files"].as_array().unwrap().len()),
        (&json!("Completed"), 1)
    );
    let file = done["files"][0].as_str().unwrap();
    let (status, head, _) = raw(&server, "GET", &format!("{EXPORTS}{id}/download/{file}"), "", KEY);
    assert_eq!(status, 302);
    let location = head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    // The bucket takes what is signed, and no key beside it.
    assert_eq!(raw(&server, "GET", location, "", KEY).0, 400);
    let (status, _, lines) = raw(&server, "GET", location, "", "");
    assert_eq!(status, 200);
    assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 70);
}

#[test]
fn one_export_runs_at_a_time() {
    let server = serve(10);
    server.script().takes = Duration::from_secs(60);
    assert_eq!(export(&server, "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z").0, 202);
    let (status, answer) = export(&server, "2025-01-02T00:00:00Z", "2025-01-03T00:00:00Z");
    assert_eq!((status, &answer["code"]), (429, &json!("too_many_concurrent_file_downloads")));
    let (_, list) = get(&server, EXPORTS);
    assert_eq!(list["results"][0]["status"], "Running");
}

#[test]
fn a_query_gives_a_hundred_rows_unless_it_says_more() {
    let server = serve(300);
    let (_, usual) = query(&server, "select uuid from events", json!({}));
    assert_eq!(
        (usual["results"].as_array().unwrap().len(), &usual["hasMore"]),
        (100, &json!(true))
    );
    let sql = "select event, created_at as at from events where created_at >= \
               toDateTime64({from}, 6, 'UTC') order by created_at limit 60000 offset 10";
    let (status, all) = query(&server, sql, json!({ "from": "2025-01-05 00:00:00" }));
    assert_eq!((status, &all["limit"]), (200, &json!(50_000)));
    assert_eq!(all["results"].as_array().unwrap().len(), 300 - 120 - 10);
    let (status, refused) = query(&server, "select nonsense from events", json!({}));
    assert_eq!(status, 400, "{refused}");
}

#[test]
fn lists_have_pages_and_keys_have_scopes() {
    let server = serve(250);
    let path = "/api/projects/7/events/?after=2024-01-01T00:00:00Z&limit=100";
    let (_, page) = get(&server, path);
    assert_eq!(page["results"].as_array().unwrap().len(), 100);
    assert!(page["next"].as_str().unwrap().contains("before="));
    // Without a beginning, only the last day.
    let (_, day) = get(&server, "/api/projects/7/events/");
    assert!(day["results"].as_array().unwrap().len() < 30);
    let (_, groups) = get(&server, "/api/projects/7/groups/?group_type_index=0");
    assert_eq!(groups["results"].as_array().unwrap().len(), 3);

    *server.keys() = vec![Key::new(KEY).without(&["query:read", "batch_export:write"])];
    let (status, answer) = export(&server, "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z");
    assert_eq!(status, 403);
    assert!(answer["detail"].as_str().unwrap().contains("'batch_export:write'"), "{answer}");
    assert_eq!(query(&server, "select 1", json!({})).0, 403);
    assert_eq!(raw(&server, "GET", EXPORTS, "", "phx_other").0, 401);
    assert_eq!(get(&server, "/api/projects/8/").0, 404);
}

#[test]
fn requests_a_minute_are_counted() {
    let settings = Settings::new(project(1)).requests_a_minute(5);
    let server = PostHog::start(settings).unwrap();
    let answers: Vec<u16> = (0..6).map(|_| get(&server, "/api/projects/7/").0).collect();
    assert_eq!(answers, [200, 200, 200, 200, 200, 429]);
    let (_, head, _) = raw(&server, "GET", "/api/projects/7/", "", KEY);
    assert!(head.contains("retry-after: "), "{head}");
}
