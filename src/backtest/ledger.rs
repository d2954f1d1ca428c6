//! The ledger: every backtest ever run in a lake, and the family of hypotheses that follows.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::common::ScalarValue;
use paydirt_udfs::stats::multiple::bh;

use super::context::{Context, Family};
use super::read;
use super::{Backtest, Figures, Spec};
use crate::clock;
use crate::engine::{Engine, system};
use crate::error::Result;
use crate::lake::{Commit, TableSpec};
use crate::time::SECOND_US;

/// What makes two runs the same hypothesis: renaming one does not leave the family.
fn family_key(spec: &Spec) -> String {
    let split = spec.split_at.map_or("default".into(), |at| at.to_string());
    format!(
        "{}/{}/{}/{}/{}/{}/{split}",
        spec.sql_hash,
        spec.window_us,
        spec.horizon_us,
        spec.population,
        spec.strata.as_deref().unwrap_or("none"),
        spec.delta_min.map_or("default".into(), |delta| format!("{delta:.6}")),
    )
}

/// What a run puts into its family.
pub struct Try<'a> {
    spec: &'a Spec,
    key: String,
    p: Option<f64>,
}

impl<'a> Try<'a> {
    pub fn of(spec: &'a Spec, context: &Context, figures: &Figures) -> Self {
        Self { spec, key: family_key(spec), p: train_p(context, figures) }
    }
}

/// The p that corrects the others; a leaking or empty run counts with p = 1: it was a try.
fn train_p(context: &Context, figures: &Figures) -> Option<f64> {
    if context.leakage.is_violated() { Some(1.0) } else { figures.train_p() }
}

/// The family of each of these tries: all that was ever tried on its outcome here, and all of
/// them.
///
/// A look is a run at another as-of time: the same run again, or its rows in SQL, shows nothing new.
pub async fn families(engine: &Engine, tries: &[Try<'_>], as_of: i64) -> Result<Vec<Family>> {
    engine.refresh_system();
    let sql = engine.command("family")?;
    let session = engine.session()?;
    let mut tried: HashMap<&str, Vec<RecordBatch>> = HashMap::new();
    let mut families = vec![];
    for own in tries {
        let outcome = own.spec.outcome.as_str();
        let batches = match tried.entry(outcome) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(place) => {
                let outcome = ScalarValue::Utf8View(Some(outcome.to_owned()));
                place.insert(session.query_with(&sql.text, vec![("outcome", outcome)]).await?)
            }
        };
        let mut looks = 1;
        let mut others: BTreeMap<String, (String, f64)> = BTreeMap::new();
        for row in read::records(batches)? {
            let key = row.text("family_key")?;
            if key != own.key {
                // In order of time: the latest p stays.
                others.insert(key, (row.text("name")?, row.number_or_null("p")?.unwrap_or(1.0)));
            } else if row.moment("as_of")? != Some(as_of) && row.count("trials")? > 0 {
                looks += 1;
            }
        }
        for other in tries {
            if other.key != own.key && other.spec.outcome == own.spec.outcome {
                let entry = (other.spec.name.clone(), other.p.unwrap_or(1.0));
                others.insert(other.key.clone(), entry);
            }
        }
        let p_values: Vec<Option<f64>> = std::iter::once(own.p.or(Some(1.0)))
            .chain(others.values().map(|(_, p)| Some(*p)))
            .collect();
        families.push(Family {
            q: bh(&p_values).first().copied().flatten().filter(|_| own.p.is_some()),
            m: p_values.len() as u64,
            looks,
            members: std::iter::once(own.spec.name.clone())
                .chain(others.into_values().map(|(name, _)| name))
                .collect(),
        });
    }
    Ok(families)
}

/// Writes a run down, in one commit.
pub async fn record(engine: &Engine, backtests: &[Backtest]) -> Result<()> {
    let table = system::backtests();
    let at = clock::now_us();
    let rows = (at..).zip(backtests).map(|(at, backtest)| row(&table, at, backtest));
    let rows = rows.collect::<Result<Vec<_>>>()?;
    engine.table(&table).await?.append(rows, Commit::default()).await?;
    engine.refresh_system();
    Ok(())
}

/// What is written of one hypothesis, told by a moment of its own.
fn row(table: &TableSpec, at: i64, backtest: &Backtest) -> Result<RecordBatch> {
    let (spec, figures) = (&backtest.spec, &backtest.figures);
    let family_key = family_key(spec);
    let digest = blake3::hash(format!("{at}/{family_key}").as_bytes());
    let text = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![value])) };
    let count = |value: u64| -> ArrayRef {
        Arc::new(Int64Array::from(vec![i64::try_from(value).unwrap_or(i64::MAX)]))
    };
    let number = |value: Option<f64>| -> ArrayRef { Arc::new(Float64Array::from(vec![value])) };
    let moment = |value: Option<i64>| -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(vec![value]).with_timezone("UTC"))
    };
    let family = &backtest.context.family;
    let reasons: Vec<&str> =
        backtest.verdict.reasons.iter().map(|reason| reason.as_str()).collect();
    Ok(RecordBatch::try_new(
        Arc::clone(&table.schema),
        vec![
            Arc::new(BinaryArray::from_iter_values([&digest.as_bytes()[..16]])),
            moment(Some(at)),
            text(&spec.name),
            text(&family_key),
            text(&spec.sql_hash),
            text(&spec.population),
            text(&spec.outcome),
            count((spec.window_us / SECOND_US).unsigned_abs()),
            count((spec.horizon_us / SECOND_US).unsigned_abs()),
            text(spec.strata.as_deref().unwrap_or("none")),
            number(figures.delta),
            moment(figures.split.at),
            moment(Some(backtest.context.as_of)),
            number(train_p(&backtest.context, figures)),
            number(family.q),
            count(family.m),
            text(backtest.verdict.ruling.as_str()),
            text(&reasons.join(",")),
            count(figures.pooled.exposed.n),
            count(figures.pooled.control.n),
        ],
    )?)
}
