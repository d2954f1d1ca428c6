//! Runs a hypothesis: its SQL behind the fence, then the outcome table, then figures and verdict.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, IntervalMonthDayNano, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::prelude::{DataFrame, cast, col};

use super::context::{Context, Definition, Identity, Input, Tier, Warning};
use super::read;
use super::row::{Exclusion, TrialRow};
use super::spec::{Gates, Spec};
use super::{Backtest, Figures, ledger};
use crate::engine::options::Settings;
use crate::engine::{Engine, Session};
use crate::error::{Error, Result};
use crate::library::{HypothesisHeader, SqlFile, closest};

/// The share of evidence that people ask for first.
const STRICT_CONFIDENCE: f64 = 0.90;

/// One company as one session shows it.
pub struct Bench {
    engine: Engine,
    settings: Settings,
}

impl Bench {
    pub fn new(engine: &Engine, settings: &Settings) -> Self {
        Self { engine: engine.clone(), settings: settings.clone() }
    }

    fn session(&self) -> Result<Session> {
        self.engine.session_with(self.settings.clone(), None)
    }

    /// One row a trial spell, in order of start. A trial of the other mode is told by what happened
    /// in that mode, and excluded.
    pub async fn rows(&self, file: &SqlFile, spec: &Spec) -> Result<Vec<TrialRow>> {
        let mut rows = self.rows_of_mode(file, spec).await?;
        if rows.iter().any(|(_, is_in_mode)| !is_in_mode) {
            let settings = Settings { mode: self.settings.mode.other(), ..self.settings.clone() };
            let told = Self::new(&self.engine, &settings).rows_of_mode(file, spec).await?;
            let mut told: HashMap<String, TrialRow> = told
                .into_iter()
                .filter(|(_, is_in_mode)| *is_in_mode)
                .map(|(row, _)| (row.subscription_id.clone(), row))
                .collect();
            for (row, _) in rows.iter_mut().filter(|(_, is_in_mode)| !is_in_mode) {
                if let Some(told) = told.remove(&row.subscription_id) {
                    *row = TrialRow { exclusion: Some(Exclusion::TestMode), ..told };
                }
            }
        }
        let mut rows: Vec<TrialRow> = rows.into_iter().map(|(row, _)| row).collect();
        if spec.strata.is_none() {
            rows.iter_mut().for_each(|row| row.stratum = "all".into());
        }
        Ok(rows)
    }

    /// The rows as the mode tells them, and whether each is of that mode.
    async fn rows_of_mode(&self, file: &SqlFile, spec: &Spec) -> Result<Vec<(TrialRow, bool)>> {
        let session = self.session()?;
        session.put("backtest", "signals", self.signals(file).await?)?;
        let length = |us: i64| {
            let nanoseconds = us.saturating_mul(1000);
            let length = IntervalMonthDayNano::new(0, 0, nanoseconds);
            ScalarValue::IntervalMonthDayNano(Some(length))
        };
        let sql = self.engine.command("backtest_rows")?;
        let parameters =
            vec![("window", length(spec.window_us)), ("horizon", length(spec.horizon_us))];
        read::trial_rows(&session.query_with(&sql.text, parameters).await?)
    }

    /// Runs the hypothesis behind the fence: `account_id, signal_at, known_at`, never empty of
    /// schema.
    async fn signals(&self, file: &SqlFile) -> Result<Vec<RecordBatch>> {
        let fenced = self.engine.fenced_session(self.settings.clone())?;
        let frame = signal_frame(&fenced, file).await?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let mut batches = frame.collect().await.map_err(|error| in_file(file, error.into()))?;
        if batches.is_empty() {
            batches.push(RecordBatch::new_empty(schema));
        }
        Ok(batches)
    }

    async fn identity(&self) -> Result<Identity> {
        let session = self.session()?;
        let coverage = self.engine.command("identity_coverage")?;
        let mut identity = Identity::default();
        for row in read::records(&session.query(&coverage.text).await?)? {
            let events = row.count("events")?;
            match row.text("status")?.as_str() {
                "linked" => {
                    let confidence = row.number("tier")?;
                    let name = tier_name(confidence).to_owned();
                    identity.tiers.push(Tier { name, confidence, events });
                }
                "ambiguous" => identity.ambiguous_events += events,
                _ => identity.unlinked_events += events,
            }
        }
        let domains = self.engine.command("unlinked_domains")?;
        identity.unlinked_domains = read::records(&session.query(&domains.text).await?)?
            .iter()
            .map(|row| Ok((row.text("domain")?, row.count("events")?)))
            .collect::<Result<_>>()?;
        Ok(identity)
    }

    async fn inputs(&self) -> Result<Vec<Input>> {
        let session = self.session()?;
        let mut inputs = vec![];
        for relation in ["models.trials", "outcomes.payments", "product.account_events"] {
            let batches = session.query(&format!("select count(*) as n from {relation}")).await?;
            let rows = read::records(&batches)?.first().map_or(Ok(0), |row| row.count("n"))?;
            inputs.push(Input { relation: relation.into(), rows });
        }
        Ok(inputs)
    }
}

/// Runs one hypothesis whole and writes it in the ledger.
pub async fn run(engine: &Engine, settings: &Settings, file: &SqlFile) -> Result<Backtest> {
    let spec = spec(engine, settings, file)?;
    let settings = Settings { min_confidence: spec.min_identity_confidence, ..settings.clone() };
    let bench = Bench::new(engine, &settings);
    let rows = bench.rows(file, &spec).await?;
    let mut context = Context::at(settings.as_of);
    context.identity = bench.identity().await?;
    context.inputs = bench.inputs().await?;
    if !rows.is_empty() && rows.iter().all(|row| !row.is_exposed()) {
        context.warnings.push(Warning::new(
            "no_signal",
            "no trial showed the behaviour; `paydirt events` lists the names of events that landed",
        ));
    }
    context.replaced_definitions = engine
        .library
        .files()
        .filter(|file| file.replaces_shipped)
        .map(|file| Definition { relation: file.qualified_name(), hash: file.sql_hash() })
        .collect();
    let figures = Figures::of(&spec, &rows, settings.as_of);
    context.family = ledger::family(engine, &spec, &figures, settings.as_of).await?;
    let mut backtest = Backtest::new(spec, context, rows, figures);
    if settings.min_confidence < STRICT_CONFIDENCE {
        let strict = Settings { min_confidence: STRICT_CONFIDENCE, ..settings };
        let rows = Bench::new(engine, &strict).rows(file, &backtest.spec).await?;
        backtest.add_variant("only links of 0.90 and surer", &rows);
    }
    ledger::record(engine, &backtest).await?;
    Ok(backtest)
}

/// What is asked: the header of the file over the settings of the project.
pub fn spec(engine: &Engine, settings: &Settings, file: &SqlFile) -> Result<Spec> {
    let header = HypothesisHeader::from_header(&file.header, &file.path)?;
    let config = &engine.project.config.backtest;
    Ok(Spec {
        name: file.name.clone(),
        statement: file.header.sentence.clone(),
        path: Some(file.path.display().to_string()),
        sql_hash: file.sql_hash(),
        population: header.population,
        outcome: header.outcome,
        window_us: header.window_us,
        horizon_us: header.horizon_us,
        strata: (header.strata != "none").then_some(header.strata),
        split_at: header.split_at.or(config.split_at),
        delta_min: header.delta_min.or(config.delta_min),
        gates: Gates {
            min_arm: config.min_arm,
            min_events: config.min_events,
            min_oos_arm: config.min_oos_arm,
            min_oos_n: config.min_oos_n,
        },
        min_identity_confidence: header.min_confidence.unwrap_or(settings.min_confidence),
        expect: header.expect,
        signal: header.signal,
    })
}

/// Plans a hypothesis and brings it to `account_id, signal_at, known_at`; says which column is
/// missing or of the wrong type.
pub async fn signal_frame(session: &Session, file: &SqlFile) -> Result<DataFrame> {
    let plan = session.plan_fenced(&file.text).await.map_err(|error| in_file(file, error))?;
    let columns: Vec<(String, DataType)> = plan
        .schema()
        .fields()
        .iter()
        .map(|field| (field.name().clone(), field.data_type().clone()))
        .collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let require = |name: &str, is_right: fn(&DataType) -> bool, what: &str| -> Result<()> {
        match columns.iter().find(|(column, _)| column == name) {
            Some((_, data_type)) if is_right(data_type) => Ok(()),
            Some((_, data_type)) => Err(Error::new(format!(
                "{}: column `{name}` is {data_type}, not {what}",
                file.path.display()
            ))),
            None => {
                let error = Error::new(format!("{}: no column `{name}`", file.path.display()));
                Err(match closest(name, &names) {
                    Some(other) => error.hint(format!("`{other} as {name}`?")),
                    None => error.hint("a hypothesis gives account_id and signal_at"),
                })
            }
        }
    };
    require("account_id", is_text, "text")?;
    require("signal_at", is_moment, "a timestamp")?;
    let known_at = if names.contains(&"known_at") {
        require("known_at", is_moment, "a timestamp")?;
        "known_at"
    } else {
        "signal_at"
    };
    let moment = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let frame = session.ctx.execute_logical_plan(plan).await?;
    Ok(frame.select(vec![
        cast(col("account_id"), DataType::Utf8View).alias("account_id"),
        cast(col("signal_at"), moment.clone()).alias("signal_at"),
        cast(col(known_at), moment).alias("known_at"),
    ])?)
}

/// Names the file and, where it can be found, the line.
fn in_file(file: &SqlFile, error: Error) -> Error {
    let refused = error.message().split_once("may not read `").map(|(_, rest)| rest);
    let schema = refused.and_then(|rest| rest.split_once('`')).map(|(schema, _)| schema);
    let line = schema.and_then(|schema| {
        let name = format!("{schema}.");
        file.text.lines().position(|line| line.contains(&name) && !line.starts_with("--"))
    });
    match line {
        Some(line) => error.context(format!("{}:{}", file.path.display(), line + 1)),
        None => error.in_file(&file.path),
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn is_moment(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(..))
}

/// The tier by its confidence, as people call it.
fn tier_name(confidence: f64) -> &'static str {
    match (confidence * 100.0).round() as i64 {
        100 => "account id",
        95 => "e-mail",
        90 => "canonical e-mail",
        70 => "domain",
        _ => "other",
    }
}
