//! `backtest('name')` and `backtest_rows('name')`: a backtest as a relation, so that anybody can
//! check a number by hand.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{DataFusionError, Result, plan_err};
use futures::FutureExt;

use super::row::{Exclusion, TrialRow};
use super::{Backtest, Context, Figures, Spec, run};
use crate::engine::computed::{Computed, text_argument};
use crate::engine::options::Settings;
use crate::engine::{Engine, Session, catalog};

/// Makes both functions known to a session.
pub fn register(engine: &Engine, session: &Session) {
    for (name, shape) in [("backtest", Shape::Figures), ("backtest_rows", Shape::Rows)] {
        let function = BacktestFunction { name, shape, engine: engine.clone() };
        session.ctx.register_udtf(name, Arc::new(function));
    }
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    Figures,
    Rows,
}

#[derive(Debug)]
struct BacktestFunction {
    name: &'static str,
    shape: Shape,
    engine: Engine,
}

impl TableFunctionImpl for BacktestFunction {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        if catalog::inside_a_view() {
            return plan_err!("{}() looks at outcomes: it may not stand in a view", self.name);
        }
        let Some(name) = text_argument(&args) else {
            return plan_err!("{}() takes the name of a hypothesis: {0}('name')", self.name);
        };
        let file = self.engine.library.hypothesis(name).map_err(external)?;
        // The schema is that of an empty company.
        let settings = Settings::of(args.session().config_options())?;
        let spec = run::spec(&self.engine, settings, &file).map_err(external)?;
        let figures = Figures::of(&spec, &[], 0);
        let empty = Backtest::new(spec, Context::at(0), vec![], figures);
        let (engine, shape) = (self.engine.clone(), self.shape);
        let schema = shape.batch(&empty)?.schema();
        let compute = move |settings| {
            let (engine, file) = (engine.clone(), Arc::clone(&file));
            async move { Ok(shape.batch(&run::run(&engine, &settings, &file).await?)?) }.boxed()
        };
        Ok(Arc::new(Computed { schema, compute: Box::new(compute) }))
    }
}

fn external(error: crate::error::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

impl Shape {
    fn batch(self, backtest: &Backtest) -> Result<RecordBatch> {
        Ok(match self {
            Self::Figures => figures(backtest)?,
            Self::Rows => rows(backtest)?,
        })
    }
}

fn one_number(value: Option<f64>) -> ArrayRef {
    Arc::new(Float64Array::from(vec![value]))
}

fn one_count(value: u64) -> ArrayRef {
    Arc::new(Int64Array::from(vec![i64::try_from(value).unwrap_or(i64::MAX)]))
}

fn one_text(value: &str) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

fn moments(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

/// One row: what the report says, as numbers.
fn figures(backtest: &Backtest) -> Result<RecordBatch> {
    let Backtest { spec, context, figures, verdict, .. } = backtest;
    let (pooled, split) = (&figures.pooled, &figures.split);
    let comparison = pooled.comparison.as_ref();
    let reasons: Vec<&str> = verdict.reasons.iter().map(|reason| reason.as_str()).collect();
    let adjusted = pooled.mantel_haenszel.as_ref();
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("hypothesis", one_text(&spec.name)),
        ("verdict", one_text(verdict.ruling.as_str())),
        ("verdict_reasons", one_text(&reasons.join(","))),
        ("as_of", moments([Some(context.as_of)].into_iter())),
        ("window_seconds", one_count((spec.window_us / 1_000_000).unsigned_abs())),
        ("horizon_seconds", one_count((spec.horizon_us / 1_000_000).unsigned_abs())),
    ];
    for (names, arm) in [
        (
            ["exposed", "exposed_converted", "exposed_rate", "exposed_lo", "exposed_hi"],
            &pooled.exposed,
        ),
        (
            ["control", "control_converted", "control_rate", "control_lo", "control_hi"],
            &pooled.control,
        ),
    ] {
        columns.push((names[0], one_count(arm.n)));
        columns.push((names[1], one_count(arm.converted)));
        columns.push((names[2], one_number(arm.rate())));
        columns.push((names[3], one_number(arm.wilson().map(|interval| interval.lo))));
        columns.push((names[4], one_number(arm.wilson().map(|interval| interval.hi))));
    }
    columns.extend([
        ("baseline_rate", one_number(pooled.baseline().rate())),
        ("diff", one_number(comparison.map(|c| c.diff.value))),
        ("diff_lo", one_number(comparison.map(|c| c.diff.lo))),
        ("diff_hi", one_number(comparison.map(|c| c.diff.hi))),
        ("lift_ratio", one_number(comparison.and_then(|c| c.lift_ratio))),
        ("fisher_p", one_number(comparison.and_then(|c| c.fisher_two_sided))),
        ("train_p", one_number(figures.train_p())),
        ("q", one_number(context.family.q)),
        ("family_size", one_count(context.family.m)),
        ("or_mh", one_number(adjusted.and_then(|m| m.or_mh))),
        ("cmh_p", one_number(adjusted.and_then(|m| m.cmh_p))),
        ("split_at", moments([split.at].into_iter())),
        ("train_exposed", one_count(split.train.exposed.n)),
        ("train_control", one_count(split.train.control.n)),
        ("test_exposed", one_count(split.test.exposed.n)),
        ("test_control", one_count(split.test.control.n)),
        ("embargoed", one_count(split.embargoed)),
        ("delta", one_number(figures.delta)),
        ("confidence", one_number(figures.confidence.map(|confidence| confidence.value))),
        ("coverage", one_number(figures.coverage.rate())),
    ]);
    Ok(RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, true)),
    )?)
}

/// One row a trial spell; `is_index` says which one stands for the account.
pub fn rows(backtest: &Backtest) -> Result<RecordBatch> {
    let Backtest { rows, spec, .. } = backtest;
    let text = |pick: &dyn Fn(&TrialRow) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(pick).collect::<StringArray>())
    };
    let moment = |pick: &dyn Fn(&TrialRow) -> Option<i64>| moments(rows.iter().map(pick));
    let flag = |pick: &dyn Fn(&TrialRow) -> Option<bool>| -> ArrayRef {
        Arc::new(rows.iter().map(pick).collect::<BooleanArray>())
    };
    let is_not_index = [Some(Exclusion::TestMode), Some(Exclusion::Retrial)];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("subscription_id", text(&|row| Some(row.subscription_id.clone()))),
        ("customer_id", text(&|row| Some(row.customer_id.clone()))),
        ("account_id", text(&|row| Some(row.account_id.clone()))),
        ("is_index", flag(&|row| Some(!is_not_index.contains(&row.exclusion)))),
        ("t0", moment(&|row| Some(row.t0))),
        ("landmark_at", moment(&|row| Some(row.landmark))),
        ("horizon_end_at", moment(&|row| Some(row.horizon_end))),
        ("exclusion", text(&|row| row.exclusion.map(|rung| rung.as_str().to_owned()))),
        (
            "arm",
            text(&|row| {
                let arm = if row.is_exposed() { "exposed" } else { "control" };
                row.is_in_analysis().then(|| arm.to_owned())
            }),
        ),
        ("signal_at", moment(&|row| row.signal_at)),
        ("event_at", moment(&|row| row.event_at)),
        ("converted", flag(&TrialRow::converted)),
        ("reason", text(&|row| Some(reason(row, spec).to_owned()))),
        ("gross_converted_at", moment(&|row| row.gross_converted_at)),
        ("net_converted_at", moment(&|row| row.net_converted_at)),
        ("converting_subscription_id", text(&|row| row.converting_subscription_id.clone())),
        ("converting_invoice_id", text(&|row| row.converting_invoice_id.clone())),
        (
            "mrr_list_minor",
            Arc::new(rows.iter().map(|row| row.mrr_list_minor).collect::<Float64Array>()),
        ),
        ("currency", text(&|row| row.currency.clone())),
        ("stratum", text(&|row| Some(row.stratum.clone()))),
    ];
    Ok(RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, true)),
    )?)
}

/// Why the row counts as it does, in a few words.
fn reason(row: &TrialRow, spec: &Spec) -> &'static str {
    match (row.converted(), row.net_converted_at, row.gross_converted_at) {
        (None, Some(_), _) => "paid, but the horizon has not passed",
        (None, None, _) => "the horizon has not passed",
        (Some(true), ..) => "paid within the horizon",
        (Some(false), Some(_), _) => "paid after the horizon",
        (Some(false), None, Some(gross)) if gross <= row.t0 + spec.horizon_us => {
            "paid, and all of it went back"
        }
        (Some(false), ..) => "never paid within the horizon",
    }
}
