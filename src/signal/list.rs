//! Lists the signals of an engine's moment: backtests, then the trials that run.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::common::ScalarValue;
use datafusion::prelude::{col, lit};

use super::confidence::before_landmark;
use super::{Record, Signal, Trial};
use crate::backtest::pair::Arm;
use crate::backtest::signals::signal_frame;
use crate::backtest::{Backtest, Exclusion, Ruling, TrialRow, read};
use crate::engine::Engine;
use crate::engine::options::Settings;
use crate::error::Result;
use crate::format::{counted, date, duration, percent, tier_name};
use crate::library::SqlFile;
use crate::time::DAY_US;

/// All signals, the surest first, and the backtests they rest on.
pub struct Listed {
    pub signals: Vec<Signal>,
    pub backtests: Vec<Backtest>,
}

/// The signals of validated hypotheses, given the backtests of all.
pub async fn list(engine: &Engine, backtests: Vec<Backtest>) -> Result<Listed> {
    let mut signals = vec![];
    for backtest in &backtests {
        if backtest.verdict.ruling == Ruling::Validated
            && let Some(signal_type) = &backtest.spec.signal
        {
            signals.extend(of_hypothesis(engine, backtest, signal_type).await?);
        }
    }
    signals.sort_by(|a, b| {
        let confidence = |signal: &Signal| signal.confidence.map_or(0.0, |c| c.value);
        confidence(b)
            .total_cmp(&confidence(a))
            .then_with(|| b.signal_at.cmp(&a.signal_at))
            .then_with(|| a.account_id.cmp(&b.account_id))
            .then_with(|| a.hypothesis.cmp(&b.hypothesis))
    });
    Ok(Listed { signals, backtests })
}

/// Whether the trial may still become money and the behaviour was shown.
fn is_shown(row: &TrialRow) -> bool {
    row.exclusion == Some(Exclusion::Immature)
        && row.signal_at.is_some()
        && row.gross_converted_at.is_none()
}

async fn of_hypothesis(
    engine: &Engine,
    backtest: &Backtest,
    signal_type: &str,
) -> Result<Vec<Signal>> {
    let shown: Vec<&TrialRow> = backtest.rows.iter().filter(|row| is_shown(row)).collect();
    let Some(since) = shown.iter().map(|row| row.t0).min() else { return Ok(vec![]) };
    let min_confidence = backtest.spec.min_identity_confidence;
    let settings = Settings { min_confidence, ..engine.settings().await?.clone() };
    let session = engine.session_with(settings.clone(), None)?;
    session.put("backtest", "shown", vec![shown_batch(&shown)?])?;

    let trials = session.query(&engine.command("signal_trials")?.text).await?;
    let since = ScalarValue::TimestampMicrosecond(Some(since), Some("UTC".into()));
    let evidence = &engine.command("signal_evidence")?.text;
    let evidence = session.query_with(evidence, vec![("since", since.clone())]).await?;
    let mut links: HashMap<String, (Option<f64>, bool, Vec<String>)> = HashMap::new();
    for row in read::records(&evidence)? {
        let sources = row.text("sources")?.split(',').map(str::to_owned).collect();
        let link = (row.number_or_null("tier")?, row.is("is_override")?, sources);
        links.insert(row.text("subscription_id")?, link);
    }
    let file = engine.library.hypothesis(&backtest.spec.name)?;
    let events = event_names(engine, settings, &file, since).await?;

    let rows: HashMap<&str, &TrialRow> =
        shown.into_iter().map(|row| (row.subscription_id.as_str(), row)).collect();
    let mut signals = vec![];
    for found in read::records(&trials)? {
        let subscription_id = found.text("subscription_id")?;
        let Some(row) = rows.get(subscription_id.as_str()) else { continue };
        let (Some(signal_at), Some(ends_at)) = (row.signal_at, found.moment("trial_end_at")?)
        else {
            continue;
        };
        let (link_confidence, is_override, sources) =
            links.remove(&subscription_id).unwrap_or_default();
        let product_events = match events.get(&row.account_id) {
            Some(events) => names_between(events, row.t0, row.landmark),
            None => vec![],
        };
        let mut signal = Signal {
            signal_type: signal_type.to_owned(),
            hypothesis: backtest.spec.name.clone(),
            account_id: row.account_id.clone(),
            email: found.text_or_null("email")?,
            domain: found.text_or_null("domain")?,
            trial: Trial {
                customer_id: found.text("customer_id")?,
                subscription_id,
                status: found.text("status")?,
                started_at: row.t0,
                ends_at,
                plan_amount_minor: found.number_or_null("plan_amount_minor")?,
                currency: found.text_or_null("currency")?,
            },
            signal_at,
            product_events,
            sources: std::iter::once("stripe".to_owned()).chain(sources).collect(),
            link: link_confidence.map(|confidence| tier_name(confidence, is_override)),
            link_confidence,
            confidence: if row.landmark <= backtest.context.as_of {
                backtest.emitted_confidence()
            } else {
                let min_n = backtest.spec.gates.min_oos_n;
                before_landmark(&backtest.rows, backtest.figures.split.at, min_n)
            },
            backtest: record(backtest),
            explanation: String::new(),
        };
        signal.explanation = explanation(&signal, backtest);
        signals.push(signal);
    }
    Ok(signals)
}

fn shown_batch(shown: &[&TrialRow]) -> Result<RecordBatch> {
    let text = |pick: fn(&TrialRow) -> &str| -> arrow::array::ArrayRef {
        Arc::new(shown.iter().map(|row| Some(pick(row))).collect::<StringArray>())
    };
    let moment = |pick: fn(&TrialRow) -> Option<i64>| -> arrow::array::ArrayRef {
        let moments: TimestampMicrosecondArray = shown.iter().map(|row| pick(row)).collect();
        Arc::new(moments.with_timezone("UTC"))
    };
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("subscription_id", text(|row| &row.subscription_id), false),
        ("account_id", text(|row| &row.account_id), false),
        ("started_at", moment(|row| Some(row.t0)), false),
        ("signal_at", moment(|row| row.signal_at), true),
        ("event_at", moment(|row| row.event_at), true),
    ])?)
}

type Events = HashMap<String, Vec<(i64, String)>>;

/// The names that the hypothesis gives its signals since a moment, by account.
async fn event_names(
    engine: &Engine,
    settings: Settings,
    file: &SqlFile,
    since: ScalarValue,
) -> Result<Events> {
    let session = engine.fenced_session(settings)?;
    let frame = signal_frame(&session, file).await?;
    let mut events = Events::new();
    if frame.schema().index_of_column_by_name(None, "event").is_none() {
        return Ok(events);
    }
    let frame = frame.filter(col("signal_at").gt_eq(lit(since)))?;
    let frame = frame.select(vec![col("account_id"), col("signal_at"), col("event")])?;
    for row in read::records(&frame.collect().await?)? {
        if let (Some(at), Some(name)) = (row.moment("signal_at")?, row.text_or_null("event")?) {
            events.entry(row.text("account_id")?).or_default().push((at, name));
        }
    }
    for events in events.values_mut() {
        events.sort();
    }
    Ok(events)
}

/// Each name once, in order of its first time.
fn names_between(events: &[(i64, String)], from: i64, to: i64) -> Vec<String> {
    let mut names: Vec<String> = vec![];
    for (_, name) in events.iter().filter(|(at, _)| (from..=to).contains(at)) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn record(backtest: &Backtest) -> Record {
    let pooled = &backtest.figures.pooled;
    Record {
        verdict: backtest.verdict.ruling.as_str(),
        rate: pooled.exposed.rate(),
        interval: pooled.exposed.wilson().map(|wilson| (wilson.lo, wilson.hi)),
        baseline: pooled.baseline().rate(),
        n: pooled.exposed.n,
        as_of: backtest.context.as_of,
    }
}

/// One sentence with the evidence.
fn explanation(signal: &Signal, backtest: &Backtest) -> String {
    let spec = &backtest.spec;
    let pooled = &backtest.figures.pooled;
    let rate = |arm: &Arm| arm.rate().map_or_else(|| "none".to_owned(), percent);
    let what = match signal.product_events.as_slice() {
        [] => "the behaviour".to_owned(),
        names => names.join(" and "),
    };
    format!(
        "{} showed {what} on day {} of a trial that ends on {}; of {} that did so within {}, {} \
         paid within {}, against {} of those that did not",
        signal.email.as_deref().unwrap_or(&signal.account_id),
        (signal.signal_at - signal.trial.started_at) / DAY_US + 1,
        date(signal.trial.ends_at),
        counted(pooled.exposed.n, "account"),
        duration(spec.window_us),
        rate(&pooled.exposed),
        duration(spec.horizon_us),
        rate(&pooled.control),
    )
}
