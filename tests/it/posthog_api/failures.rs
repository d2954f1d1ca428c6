//! What goes wrong on the way: said with what, where, and what to do, and the key never shown.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use paydirt_stand_in::{Fault, Rule};

use super::{assert_same, company, sample, serve, sync};
use crate::company::Company;

const EXPORTS: &str = "/api/projects/12345/file_download_batch_exports/";

#[test]
fn asked_to_wait_it_waits_and_goes_on() {
    let server = serve(sample(100, 3));
    let limited = |retry_after| Fault::RateLimited { reason: None, retry_after };
    server.faults().add(Rule::on(EXPORTS, limited(Some(1))).times(1));
    server.faults().add(Rule::on(EXPORTS, limited(None)).skip(1).times(2));
    let company = company(&server, "");
    let began = Instant::now();
    sync(company.root()).printed();
    assert!(began.elapsed() > Duration::from_secs(1));
    assert_same(&server, &company);
}

#[test]
fn asked_to_wait_for_an_hour_it_says_so_and_goes_on_the_next_time() {
    let server = serve(sample(300, 15));
    let wait = Fault::RateLimited { reason: None, retry_after: Some(3_000) };
    server.faults().add(Rule::on(EXPORTS, wait).skip(1));
    let company = company(&server, "");
    let said = sync(company.root());
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("throttled") && said.err.contains("goes on from here"),
        "{}",
        said.err
    );
    let first = company.open().value("select count(*) from posthog_log.events");
    assert!(first != "0" && first != "300", "{first}");
    server.faults().clear();
    sync(company.root()).printed();
    assert_same(&server, &company);
}

#[test]
fn an_export_that_fails_for_a_reason_is_told_with_it() {
    for (ends, tries, hint) in [
        ("FailedBilling", 1, "billing page"),
        ("Cancelled", 1, "somebody cancelled it"),
        ("Failed", 3, "tried several times"),
        ("FailedRetryable", 3, "tried several times"),
        ("Terminated", 3, "tried several times"),
    ] {
        let server = serve(sample(20, 2));
        server.script().ends.extend(std::iter::repeat_n(ends, 9));
        let company = company(&server, "");
        let said = sync(company.root());
        assert_eq!(said.code, 2, "{ends}");
        assert!(said.err.contains(ends) && said.err.contains(hint), "{}", said.err);
        assert_eq!(9 - server.script().ends.len(), tries * 2, "{ends}");
        // Once it may, the next sync goes on.
        server.script().ends.clear();
        sync(company.root()).printed();
        assert_same(&server, &company);
    }
    let server = serve(sample(20, 2));
    server.script().ends.extend(["FailedRetryable", "Terminated"]);
    let company = company(&server, "");
    sync(company.root()).printed();
    assert_same(&server, &company);
}

#[test]
fn a_download_that_breaks_off_is_made_again() {
    let server = serve(sample(400, 5));
    server.faults().add(Rule::on("/bucket/*", Fault::Cut).times(1));
    server.faults().add(Rule::on("/bucket/*", Fault::Reset).skip(1).times(1));
    server.script().halves = 1;
    let company = company(&server, "");
    sync(company.root()).printed();
    assert_same(&server, &company);
}

#[test]
fn what_answers_in_the_place_of_posthog_is_told() {
    let server = serve(sample(5, 1));
    let company = company(&server, "");
    for (fault, sentence) in [
        (Fault::ProxyPage { status: 200 }, "a web page instead of JSON"),
        (Fault::ProxyPage { status: 403 }, "a web page instead of JSON"),
    ] {
        server.faults().add(Rule::on("*", fault));
        let said = sync(company.root());
        assert_eq!(said.code, 2);
        assert!(said.err.contains(sentence) && said.err.contains("proxy"), "{}", said.err);
        server.faults().clear();
    }
}

#[test]
fn without_a_network_it_says_so() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let company = Company::new(&format!(
        "[source.posthog]\nhost = \"http://127.0.0.1:{port}\"\nproject = 1\n"
    ));
    let said = sync(company.root());
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("cannot connect") && said.err.contains("HTTPS_PROXY"),
        "{}",
        said.err
    );
}

#[test]
fn the_key_is_nowhere() {
    let server = serve(sample(50, 3));
    let company = company(&server, "");
    server.faults().add(Rule::on("*", Fault::Status { status: 500, should_retry: None }).times(2));
    let said = sync(company.root());
    let text = format!("{}{}", said.out, said.err);
    assert!(!text.contains("phx_") && said.code == 0, "{text}");
    let mut folders = vec![company.root().to_path_buf()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(11).any(|part| part == b"phx_standin"), "{}", path.display());
        }
    }
    assert!(files > 5, "{files}");
    // Where a file is fetched from, the key is not sent: the bucket would refuse it.
    let downloads = server.requests().into_iter().filter(|seen| seen.path.starts_with("/bucket/"));
    assert!(downloads.filter(|seen| seen.status == 200).count() >= 2);
}
