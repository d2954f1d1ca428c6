//! Companies drawn at random, whose truth is written down: trials with their arm and outcome.

use paydirt::backtest::{Exclusion, TrialRow};
use proptest::prelude::RngExt;
use proptest::test_runner::{RngAlgorithm, TestRng};

const DAY: i64 = 86_400_000_000;
/// 2025-01-01
const START: i64 = 1_735_689_600_000_000;
/// Trials start evenly over this time.
const SPAN: i64 = 180 * DAY;
const TRIAL: i64 = 14 * DAY;
pub const WINDOW: i64 = 3 * DAY;
pub const HORIZON: i64 = 30 * DAY;
/// Every trial is mature.
pub const AS_OF: i64 = START + SPAN + HORIZON + DAY;

/// Trials of one product, and what is true of them.
pub struct Product {
    pub name: &'static str,
    /// Share of all trials.
    pub share: f64,
    /// Probability that a trial shows the behaviour.
    pub exposed: f64,
    /// Probability of conversion with and without the behaviour.
    pub exposed_rate: f64,
    pub control_rate: f64,
}

/// What is true of each arm of all products together.
pub struct Truth {
    pub exposed_rate: f64,
    pub control_rate: f64,
}

impl Truth {
    pub fn of(products: &[Product]) -> Self {
        let mean = |weight: fn(&Product) -> f64, rate: fn(&Product) -> f64| {
            let weights: f64 = products.iter().map(|product| product.share * weight(product)).sum();
            let converted: f64 = products
                .iter()
                .map(|product| product.share * weight(product) * rate(product))
                .sum();
            converted / weights
        };
        Self {
            exposed_rate: mean(|product| product.exposed, |product| product.exposed_rate),
            control_rate: mean(|product| 1.0 - product.exposed, |product| product.control_rate),
        }
    }
}

/// `n` trials of these products.
pub fn trials(products: &[Product], n: usize, stream: u8, seed: u64) -> Vec<TrialRow> {
    let mut random = random(stream, seed);
    (0..n)
        .map(|id| {
            let mut row = trial(id, &mut random);
            let product = pick(products, random.random_range(0.0..1.0));
            row.stratum = product.name.into();
            let is_exposed = random.random_bool(product.exposed);
            if is_exposed {
                row.signal_at = Some(row.t0 + random.random_range(0..=WINDOW));
            }
            let rate = if is_exposed { product.exposed_rate } else { product.control_rate };
            if random.random_bool(rate) {
                pay(&mut row, TRIAL + random.random_range(0..10 * DAY));
            }
            row
        })
        .collect()
}

/// When one account used the feature, and when it paid or left, from the start of its trial.
struct Life {
    uses: Vec<i64>,
    end: i64,
    is_paid: bool,
}

/// A company whose trialists use a feature at random, every six days on average, as long as they
/// are there. Those who will not pay leave some time during the trial, so they use it less often.
pub struct Leavers(Vec<(TrialRow, Life)>);

impl Leavers {
    pub fn draw(n: usize, stream: u8, seed: u64) -> Self {
        let mut random = random(stream, seed);
        let lives = (0..n).map(|id| {
            let row = trial(id, &mut random);
            let is_paid = random.random_bool(0.35);
            // One payer in ten does not wait for the end of the trial.
            let is_early = !is_paid || random.random_bool(0.1);
            let end = if is_early { random.random_range(1..TRIAL) } else { TRIAL };
            let mut uses = vec![];
            let mut at = wait(&mut random);
            while at < end {
                uses.push(at);
                at += wait(&mut random);
            }
            (row, Life { uses, end, is_paid })
        });
        Self(lives.collect())
    }

    /// Everyone is classified at the landmark; who had paid or left by then is in neither arm.
    pub fn at_landmark(&self) -> Vec<TrialRow> {
        self.rows(|row, life| {
            row.signal_at = life.uses.first().filter(|at| **at <= WINDOW).map(|at| row.t0 + at);
            row.is_at_risk = life.end > WINDOW;
            row.exclusion = (!row.is_at_risk).then_some(match life.is_paid {
                true => Exclusion::ConvertedBeforeLandmark,
                false => Exclusion::EndedBeforeLandmark,
            });
        })
    }

    /// The mistake: whoever ever used the feature before the end is exposed, and nobody is left out.
    pub fn ever_used(&self) -> Vec<TrialRow> {
        self.rows(|row, life| row.signal_at = life.uses.first().map(|at| row.t0 + at))
    }

    fn rows(&self, classify: impl Fn(&mut TrialRow, &Life)) -> Vec<TrialRow> {
        let rows = self.0.iter().map(|(row, life)| {
            let mut row = row.clone();
            match life.is_paid {
                true => pay(&mut row, life.end),
                false => row.lost_at = Some(row.t0 + life.end),
            }
            classify(&mut row, life);
            row
        });
        rows.collect()
    }
}

/// A stream of random numbers that is the same on every machine.
fn random(stream: u8, seed: u64) -> TestRng {
    let mut bytes = [stream; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

/// Exponential, six days on average.
fn wait(random: &mut TestRng) -> i64 {
    let days = -6.0 * random.random_range(f64::MIN_POSITIVE..1.0).ln();
    (days * DAY as f64) as i64 + 1
}

fn pick(products: &[Product], at: f64) -> &Product {
    let mut below = 0.0;
    products
        .iter()
        .find(|product| {
            below += product.share;
            at < below
        })
        .unwrap_or(&products[0])
}

/// A mature trial in the landmark population that showed nothing and did not pay.
fn trial(id: usize, random: &mut TestRng) -> TrialRow {
    let t0 = START + random.random_range(0..SPAN);
    TrialRow {
        subscription_id: format!("sub_{id}"),
        customer_id: format!("cus_{id}"),
        account_id: format!("cus:cus_{id}"),
        t0,
        landmark: t0 + WINDOW,
        horizon_end: t0 + HORIZON,
        exclusion: None,
        is_at_risk: true,
        is_matched: true,
        is_mature: true,
        signal_at: None,
        event_at: None,
        gross_converted_at: None,
        net_converted_at: None,
        converting_subscription_id: None,
        converting_invoice_id: None,
        mrr_list_minor: None,
        mrr_net_minor: None,
        currency: Some("usd".into()),
        stratum: "all".into(),
        lost_at: None,
    }
}

fn pay(row: &mut TrialRow, after: i64) {
    row.gross_converted_at = Some(row.t0 + after);
    row.net_converted_at = row.gross_converted_at;
}
