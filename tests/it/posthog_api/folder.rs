//! Batch exports in a folder: manifests, names that say nothing, persons.

use paydirt_stand_in::posthog::PostHog;

use super::{A_WHILE, company, landed, sample, serve, sync};
use crate::command::paydirt;
use crate::company::Company;

const WEEK: &str = "2025-01-01T00:00:00+00:00-2025-01-08T00:00:00+00:00";

/// The lines of some of a server's events.
fn lines(server: &PostHog, from: usize, to: usize) -> String {
    server.project().events[from..to]
        .iter()
        .map(|event| format!("{}\n", event.exported()))
        .collect()
}

#[test]
fn only_what_a_manifest_names_lands() {
    let server = serve(sample(60, 5));
    let company = Company::new("");
    let packed = zstd::encode_all(lines(&server, 0, 20).as_bytes(), 1).unwrap();
    company.write(&format!("export/events/{WEEK}-0.jsonl.zst"), packed);
    company.write(&format!("export/events/{WEEK}-1.jsonl"), lines(&server, 20, 30));
    // Left over from an export that was broken off.
    company.write(&format!("export/events/{WEEK}-2.jsonl"), lines(&server, 30, 40));
    let manifest = format!(
        "{{\"files\":[\"export/events/{WEEK}-0.jsonl.zst\",\"export/events/{WEEK}-1.jsonl\"]}}"
    );
    company.write(&format!("export/events/{WEEK}_manifest.json"), manifest);
    // Without parts there is no manifest.
    company.write(
        "export/events/2025-01-08T00:00:00+00:00-2025-01-15T00:00:00+00:00.jsonl",
        lines(&server, 40, 60),
    );
    let said = paydirt(company.root(), &["sync", "files", "export"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("-2.jsonl is left out"), "{}", said.err);
    assert_eq!(landed(&company.open()).len(), 50);

    std::fs::remove_file(company.root().join(format!("export/events/{WEEK}-1.jsonl"))).unwrap();
    let said = paydirt(company.root(), &["sync", "files", "export"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("-1.jsonl, which is not here"), "{}", said.err);
    assert_eq!(landed(&company.open()).len(), 50);
}

/// Parquet files as PostHog makes them, taken from the server by hand.
#[test]
fn a_name_that_ends_in_zst_may_be_plain_parquet_and_persons_are_latest() {
    let server = serve(sample(80, 5));
    let synced = company(&server, "");
    sync(synced.root()).printed();
    let company = Company::new("");
    for (model, table) in [("events", "events"), ("persons", "persons")] {
        let bytes = exported(&server, model);
        assert!(bytes.starts_with(b"PAR1"));
        company.write(&format!("export/{model}/{WEEK}.parquet.zst"), bytes);
        let said = paydirt(company.root(), &["sync", "files", &format!("export/{model}")]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.err.contains("posthog parquet"), "{}", said.err);
        let keys = format!("select encode(key, 'hex') from posthog_log.{table} order by 1");
        assert_eq!(company.open().rows(&keys), synced.open().rows(&keys), "{model}");
    }
    // As lines they are the same rows.
    let lines: String =
        server.project().persons.iter().map(|person| format!("{}\n", person.exported())).collect();
    let outcome = company.land_text("persons.jsonl", lines);
    assert_eq!((outcome.new_rows, outcome.duplicates), (0, 23), "{:?}", outcome.report);
    server.project_mut().now += A_WHILE;
}

/// The file of an export, over a bare connection.
fn exported(server: &PostHog, model: &str) -> Vec<u8> {
    let body = format!(
        "{{\"model\":\"{model}\",\"file\":{{\"format\":\"Parquet\"}},\
         \"data_interval_start\":\"2024-12-31T00:00:00Z\",\"data_interval_end\":\"2025-01-06T00:00:00Z\"}}"
    );
    let path = "/api/projects/12345/file_download_batch_exports/";
    let started = ask(server, "POST", path, &body, true);
    let started: serde_json::Value = serde_json::from_slice(&started.1).unwrap();
    let id = started["id"].as_str().unwrap();
    let (head, _) = ask(server, "GET", &format!("{path}{id}/download/0"), "", true);
    let location = head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    ask(server, "GET", location.trim(), "", false).1
}

fn ask(
    server: &PostHog,
    method: &str,
    path: &str,
    body: &str,
    with_key: bool,
) -> (String, Vec<u8>) {
    use std::io::{Read, Write};
    let address = server.url().replace("http://", "");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let key = if with_key { "Authorization: Bearer phx_standin\r\n" } else { "" };
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{key}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
    (String::from_utf8_lossy(&bytes[..end]).into_owned(), bytes[end + 4..].to_vec())
}
