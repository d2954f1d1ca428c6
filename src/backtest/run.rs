//! Runs a hypothesis: its SQL behind the fence, then the outcome table, then figures and verdict.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Instant;

use arrow::datatypes::IntervalMonthDayNano;
use datafusion::common::ScalarValue;

use super::context::{Context, Definition, Identity, Input, Tier, Warning};
use super::leakage::Past;
use super::ledger::{self, Try};
use super::partial::partial_lists;
use super::read;
use super::row::{Exclusion, TrialRow};
use super::signals::Signals;
use super::spec::{Gates, Spec};
use super::{Backtest, Figures};
use crate::engine::options::Settings;
use crate::engine::{Engine, Recall, Session};
use crate::error::{Error, Result};
use crate::format::tier_name;
use crate::library::{HypothesisHeader, SqlFile};

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

    /// What the hypothesis gives in this session's time and mode.
    pub async fn signals(&self, file: &SqlFile) -> Result<Signals> {
        let session = self.engine.fenced_session(self.settings.clone())?;
        timed("signals", Signals::of(&session, file)).await
    }

    /// One row a trial spell, in order of start. A trial of the other mode is told by what happened
    /// in that mode, and excluded.
    pub async fn rows(
        &self,
        file: &SqlFile,
        signals: &Signals,
        spec: &Spec,
    ) -> Result<Vec<TrialRow>> {
        let mut rows = self.rows_of_mode(signals, spec, false).await?;
        if rows.iter().any(|(_, is_in_mode)| !is_in_mode) {
            let settings = Settings { mode: self.settings.mode.other(), ..self.settings.clone() };
            let other = Self::new(&self.engine, &settings);
            let told = other.rows_of_mode(&other.signals(file).await?, spec, true).await?;
            let mut told: HashMap<String, TrialRow> =
                told.into_iter().map(|(row, _)| (row.subscription_id.clone(), row)).collect();
            for (row, _) in rows.iter_mut().filter(|(_, is_in_mode)| !is_in_mode) {
                if let Some(told) = told.remove(&row.subscription_id) {
                    *row = TrialRow { exclusion: Some(Exclusion::TestMode), ..told };
                }
            }
        }
        Ok(in_strata(rows, spec))
    }

    /// The same for figures alone, for which it does not matter what happened in the other mode.
    async fn counted_rows(&self, file: &SqlFile, spec: &Spec) -> Result<Vec<TrialRow>> {
        let signals = self.signals(file).await?;
        Ok(in_strata(self.rows_of_mode(&signals, spec, false).await?, spec))
    }

    /// The rows as the mode tells them, of its own trials only if that is wished, and whether each is
    /// of that mode.
    async fn rows_of_mode(
        &self,
        signals: &Signals,
        spec: &Spec,
        in_mode_only: bool,
    ) -> Result<Vec<(TrialRow, bool)>> {
        let session = self.session()?;
        session.put("backtest", "signals", signals.batches().to_vec())?;
        // What became of the trials is the same for all hypotheses that look as far.
        let length = |us: i64| {
            let nanoseconds = us.saturating_mul(1000);
            let length = IntervalMonthDayNano::new(0, 0, nanoseconds);
            ScalarValue::IntervalMonthDayNano(Some(length))
        };
        let outcomes = self.engine.command("trial_outcomes")?;
        let parameters = vec![
            ("window", length(spec.window_us)),
            ("horizon", length(spec.horizon_us)),
            ("in_mode_only", ScalarValue::Boolean(Some(in_mode_only))),
        ];
        session.put_kept("backtest", "outcomes", outcomes, parameters).await?;
        let sql = self.engine.command("backtest_rows")?;
        timed("trials", async { read::trial_rows(session.stream(&sql.text).await?).await }).await
    }

    async fn surroundings(&self) -> Result<Surroundings> {
        let (identity, inputs, unknown_accounts, partial_lists) = tokio::try_join!(
            self.identity(),
            self.inputs(),
            unknown_accounts(&self.engine, &self.settings),
            partial_lists(&self.engine, &self.settings)
        )?;
        Ok(Surroundings { identity, inputs, unknown_accounts, partial_lists })
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
                    let name = tier_name(confidence, row.is("is_override")?).to_owned();
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
        let inputs = self.engine.command("inputs")?;
        let inputs = read::records(&session.query(&inputs.text).await?)?
            .iter()
            .map(|row| Ok(Input { relation: row.text("relation")?, rows: row.count("rows")? }))
            .collect::<Result<_>>()?;
        Ok(inputs)
    }
}

/// Rows without their mode, in one stratum where none are asked for.
fn in_strata(rows: Vec<(TrialRow, bool)>, spec: &Spec) -> Vec<TrialRow> {
    let mut rows: Vec<TrialRow> = rows.into_iter().map(|(row, _)| row).collect();
    if spec.strata.is_none() {
        rows.iter_mut().for_each(|row| row.stratum = "all".into());
    }
    rows
}

/// Tells the debug log how long a step took.
async fn timed<T>(step: &str, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let done = work.await;
    tracing::debug!(step, elapsed = ?started.elapsed(), "done");
    done
}

/// A hypothesis with its figures, before its family is known.
struct Measured {
    spec: Spec,
    context: Context,
    rows: Vec<TrialRow>,
    figures: Figures,
    /// The figures over surer links only, where the run itself allowed less sure ones.
    strict: Option<Figures>,
}

/// What the hypotheses of a run have in common.
struct Shared {
    past: Past,
    /// By the least confidence of links, the only setting that a hypothesis has of its own.
    surroundings: HashMap<u64, Surroundings>,
}

/// What a report says that does not follow from its hypothesis.
#[derive(Clone)]
struct Surroundings {
    identity: Identity,
    inputs: Vec<Input>,
    unknown_accounts: Vec<String>,
    partial_lists: Vec<String>,
}

impl Shared {
    async fn surroundings(
        known: &mut HashMap<u64, Surroundings>,
        bench: &Bench,
    ) -> Result<Surroundings> {
        match known.entry(bench.settings.min_confidence.to_bits()) {
            Entry::Occupied(found) => Ok(found.get().clone()),
            Entry::Vacant(place) => Ok(place.insert(bench.surroundings().await?).clone()),
        }
    }
}

/// Runs one hypothesis whole and writes it in the ledger.
pub async fn run(engine: &Engine, settings: &Settings, file: &SqlFile) -> Result<Backtest> {
    let mut backtests = run_all(engine, settings, &[file], &|_| ()).await?;
    backtests.pop().ok_or_else(|| Error::new("the run gave no backtest"))
}

/// Runs hypotheses as one family and writes them in the ledger; `started` is told of each.
pub async fn run_all(
    engine: &Engine,
    settings: &Settings,
    files: &[&SqlFile],
    started: &(dyn Fn(&str) + Send + Sync),
) -> Result<Vec<Backtest>> {
    let mut all = vec![];
    let mut shared = Shared { past: Past::new(engine), surroundings: HashMap::new() };
    for file in files {
        started(&file.name);
        all.push(measure(engine, &mut shared, settings, file).await?);
    }
    drop(shared);
    // The family is whole only now.
    let tries: Vec<Try<'_>> =
        all.iter().map(|one| Try::of(&one.spec, &one.context, &one.figures)).collect();
    let families = ledger::families(engine, &tries, settings.as_of).await?;
    let mut backtests = vec![];
    for (one, family) in all.into_iter().zip(families) {
        let context = Context { family, ..one.context };
        let mut backtest = Backtest::new(one.spec, context, one.rows, one.figures);
        if let Some(figures) = one.strict {
            backtest.add_variant("only links of 0.90 and surer", figures);
        }
        backtests.push(backtest);
    }
    ledger::record(engine, &backtests).await?;
    Ok(backtests)
}

async fn measure(
    engine: &Engine,
    shared: &mut Shared,
    settings: &Settings,
    file: &SqlFile,
) -> Result<Measured> {
    let spec = spec(engine, settings, file)?;
    let settings = Settings { min_confidence: spec.min_identity_confidence, ..settings.clone() };
    // Every look is at the same events.
    let recall = Recall::default();
    let bench = Bench::new(&engine.recalling(&recall), &settings);
    let signals = bench.signals(file).await?;
    let rows = bench.rows(file, &signals, &spec).await?;
    let figures = Figures::of(&spec, &rows, settings.as_of);
    let strict = async {
        if settings.min_confidence >= STRICT_CONFIDENCE {
            return Ok(None);
        }
        let strict = Settings { min_confidence: STRICT_CONFIDENCE, ..settings.clone() };
        let strict = Bench::new(&engine.recalling(&recall), &strict);
        let rows = strict.counted_rows(file, &spec).await?;
        Ok(Some(Figures::of(&figures.held(&spec), &rows, settings.as_of)))
    };
    let trials = rows.iter().map(|row| row.t0).collect();
    let around = async {
        let Shared { past, surroundings } = shared;
        tokio::try_join!(
            timed("leak check", past.check(&settings, &recall, file, &signals, trials)),
            timed("identity", Shared::surroundings(surroundings, &bench)),
        )
    };
    // Neither keeps both cores busy.
    let ((leakage, surroundings), strict) = tokio::try_join!(around, strict)?;
    drop(signals);
    let Surroundings { identity, inputs, unknown_accounts, partial_lists } = surroundings;
    let mut context = Context { leakage, identity, inputs, ..Context::at(settings.as_of) };
    context.warnings.extend(of_wrong_clocks(engine, &settings).await?);
    if let [first, rest @ ..] = unknown_accounts.as_slice() {
        let more =
            if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
        let sentence = format!("{first}{more}; `paydirt identity` lists all that are unknown");
        context.warnings.push(Warning::new("unknown_account", sentence));
    }
    let partial = partial_lists.into_iter().map(|s| Warning::new("partial_lists", s));
    context.warnings.extend(partial);
    if !rows.is_empty() && rows.iter().all(|row| !row.is_exposed()) {
        context.warnings.push(Warning::new(
            "no_signal",
            "no trial showed the behaviour; `paydirt events` lists the names of events that landed",
        ));
    }
    let lists = engine.dated_lists().into_iter();
    context.list_dates = lists.map(|it| (it.name.to_owned(), it.date.to_owned())).collect();
    context.replaced_definitions = engine
        .library
        .files()
        .filter(|file| file.replaces_shipped)
        .map(|file| Definition { relation: file.qualified_name(), hash: file.sql_hash() })
        .collect();
    Ok(Measured { spec, context, rows, figures, strict })
}

/// Rows later than their landing, which do not say how far the data reach; and few events far behind
/// all others, which do.
async fn of_wrong_clocks(engine: &Engine, settings: &Settings) -> Result<Vec<Warning>> {
    let data = engine.data_through().await?;
    let ahead = &data.ahead;
    let warning = |code: &str, is_events: bool| {
        let of_kind = ahead.iter().filter(|(_, ahead)| ahead.is_events == is_events);
        let sentences: Vec<String> = of_kind.map(|(name, ahead)| ahead.of(name)).collect();
        (!sentences.is_empty()).then(|| Warning::new(code, sentences.join("; ")))
    };
    let codes = [("events_from_the_future", true), ("objects_from_the_future", false)];
    let ahead = codes.into_iter().filter_map(|(code, is_events)| warning(code, is_events));
    let apart = data.apart.iter().filter(|(_, apart)| settings.as_of > apart.others_end);
    let apart = apart.map(|(name, apart)| {
        Warning::new("events_far_apart", format!("{name}: {}", apart.sentence()))
    });
    Ok(ahead.chain(apart).collect())
}

/// What the project's own identity tables name and nobody is, as of the settings' time.
pub async fn unknown_accounts(engine: &Engine, settings: &Settings) -> Result<Vec<String>> {
    let session = engine.session_with(settings.clone(), None)?;
    let unknown = session.query(&engine.command("identity_unknown")?.text).await?;
    read::records(&unknown)?
        .iter()
        .map(|row| {
            let (file, line) = (row.text("file")?, row.count("line")?);
            Ok(format!("identity/{file}.csv:{line}: {}", row.text("problem")?))
        })
        .collect()
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
