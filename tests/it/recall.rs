//! What the looks of a run recall is what each of them would have read.

use arrow::util::pretty::pretty_format_batches;
use paydirt::engine::options::Settings;
use paydirt::engine::{Engine, Recall};

use crate::company::{landed_sample, wait};

const DAY_US: i64 = 86_400_000_000;

/// Questions as hypotheses ask them: of one event, of several, of a time, of a count, of everything.
const QUESTIONS: [&str; 6] = [
    "select account_id, occurred_at, known_at from product.account_events
     where event = 'signed_in'",
    "select account_id, event, occurred_at from product.account_events
     where event like '%shared%' or occurred_at < timestamp '2025-09-20'",
    "select account_id, occurred_at from product.account_events
     where event <> 'report_shared' and occurred_at >= timestamp '2025-09-10'
         and occurred_at < as_of() - interval '5 days'",
    "select account_id, min(occurred_at), count(*) from product.account_events
     where event = 'signed_in' group by account_id having count(*) >= 2",
    "select account_id, max(known_at) from product.account_events group by account_id",
    "select events.account_id, events.occurred_at from product.account_events as events
     where events.event = 'signed_in' and not exists (
         select 1 from product.events as others
         where others.event = 'signed_in' and others.occurred_at > events.occurred_at
     )",
];

async fn answers(engine: &Engine, days: i64) -> Vec<Vec<String>> {
    let settings = engine.settings().await.unwrap();
    let as_of = settings.as_of - days * DAY_US;
    let settings = Settings { as_of, default_as_of: as_of, ..settings.clone() };
    let session = engine.fenced_session(settings).unwrap();
    let mut answers = vec![];
    for question in QUESTIONS {
        let batches = session.query(question).await.unwrap();
        let table = pretty_format_batches(&batches).unwrap().to_string();
        let mut rows: Vec<String> = table.lines().map(str::to_owned).collect();
        rows.sort();
        answers.push(rows);
    }
    answers
}

#[test]
fn looks_that_recall_say_what_looks_that_read_say() {
    let company = landed_sample().copy();
    let engine = company.open().engine.clone();
    wait(async move {
        // Whichever look comes first, later ones may ask of more than it.
        for days in [[0, 20, 40, 60], [60, 0, 40, 20]] {
            let recall = Recall::default();
            for days in days {
                let read = answers(&engine.apart(), days).await;
                let recalled = answers(&engine.apart().recalling(&recall), days).await;
                assert_eq!(recalled, read, "{days} days before");
                assert!(days > 0 || read.iter().all(|rows| rows.len() > 4), "{read:?}");
            }
        }
    });
}
