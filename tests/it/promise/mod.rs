//! What a verdict promises, held over companies whose truth is known: how often it is validated
//! where there is nothing, where there is an effect, and where only the product makes one.
//!
//! Each company has 1,000 mature trials; each population is drawn 200 times, from fixed seeds.
//! With the default split and trials spread evenly over 180 days, 53 % of them train, 17 % are
//! embargoed and 30 % test. `-- --nocapture promise` prints the figures.

mod population;

use std::sync::LazyLock;

use paydirt::backtest::context::{Context, Family, Leakage};
use paydirt::backtest::spec::{Gates, RateClaim, RateOp};
use paydirt::backtest::verdict::Evidence;
use paydirt::backtest::{Backtest, Figures, Ruling, Spec, TrialRow};

use population::{AS_OF, HORIZON, Leavers, Product, Truth, WINDOW, trials};

const SEEDS: u64 = 200;
const TRIALS: usize = 1_000;

const NO_EFFECT: Population = Population {
    name: "no effect at base 35 %",
    stream: 1,
    products: &[Product {
        name: "all",
        share: 1.0,
        exposed: 0.4,
        exposed_rate: 0.35,
        control_rate: 0.35,
    }],
};

const EFFECT: Population = Population {
    name: "+20 points at base 35 %",
    stream: 2,
    products: &[Product {
        name: "all",
        share: 1.0,
        exposed: 0.4,
        exposed_rate: 0.55,
        control_rate: 0.35,
    }],
};

/// The behaviour goes with the product and does nothing within either.
const CONFOUNDED: Population = Population {
    name: "confounded by product",
    stream: 3,
    products: &[
        Product { name: "basic", share: 0.5, exposed: 0.2, exposed_rate: 0.1, control_rate: 0.1 },
        Product { name: "plus", share: 0.5, exposed: 0.8, exposed_rate: 0.6, control_rate: 0.6 },
    ],
};

const LEAVERS: u8 = 4;

static NO_EFFECT_RUNS: LazyLock<Vec<Backtest>> = LazyLock::new(|| NO_EFFECT.runs());
static EFFECT_RUNS: LazyLock<Vec<Backtest>> = LazyLock::new(|| EFFECT.runs());
static CONFOUNDED_RUNS: LazyLock<Vec<Backtest>> = LazyLock::new(|| CONFOUNDED.runs());

struct Population {
    name: &'static str,
    stream: u8,
    products: &'static [Product],
}

impl Population {
    fn runs(&self) -> Vec<Backtest> {
        let draw = |seed| trials(self.products, TRIALS, self.stream, seed);
        (0..SEEDS).map(|seed| backtest(spec(None), draw(seed))).collect()
    }
}

#[test]
fn no_effect_is_hardly_ever_validated() {
    let share = validated(NO_EFFECT.name, &NO_EFFECT_RUNS);
    assert!(share <= 0.02, "{share}");
}

#[test]
fn an_effect_of_20_points_is_nearly_always_validated() {
    let share = validated(EFFECT.name, &EFFECT_RUNS);
    assert!(share >= 0.90, "{share}");
}

#[test]
fn a_difference_that_comes_from_the_product_is_hardly_ever_validated() {
    let share = validated(CONFOUNDED.name, &CONFOUNDED_RUNS);
    assert!(share <= 0.05, "{share}");
}

/// Two intervals a run: Wilson of the exposed rate and Newcombe of the difference, both pooled.
/// The arms of the confounded company are mixtures of products: what is true of them is the rate
/// of the mixture, and of the crude difference the difference of those.
#[test]
fn intervals_of_95_percent_hold_the_truth_as_often_as_they_say() {
    let populations = [
        (&NO_EFFECT, &*NO_EFFECT_RUNS),
        (&EFFECT, &*EFFECT_RUNS),
        (&CONFOUNDED, &*CONFOUNDED_RUNS),
    ];
    let (mut held, mut all) = (0, 0);
    for (population, runs) in populations {
        let truth = Truth::of(population.products);
        let difference = truth.exposed_rate - truth.control_rate;
        let wilson = runs.iter().filter(|run| {
            let interval = run.figures.pooled.exposed.wilson().unwrap();
            (interval.lo..=interval.hi).contains(&truth.exposed_rate)
        });
        let newcombe = runs.iter().filter(|run| {
            let interval = run.figures.pooled.diff().unwrap();
            (interval.lo..=interval.hi).contains(&difference)
        });
        let (wilson, newcombe) = (wilson.count(), newcombe.count());
        println!(
            "{}: of {} intervals each, Wilson holds {:.3} {wilson} times, Newcombe {difference:.3} \
             {newcombe} times",
            population.name,
            runs.len(),
            truth.exposed_rate
        );
        held += wilson + newcombe;
        all += 2 * runs.len();
    }
    let share = held as f64 / all as f64;
    println!("all populations: {held} of {all} intervals hold the truth, {:.1} %", 100.0 * share);
    assert_eq!(all, 1_200);
    assert!((0.93..=0.97).contains(&share), "{share}");
}

/// 55 % of the exposed convert.
#[test]
fn a_claimed_rate_is_validated_if_it_is_safely_true_and_rejected_if_it_is_false() {
    let rulings = |value: f64| -> Vec<Ruling> {
        let spec = spec(Some(RateClaim { op: RateOp::AtLeast, value }));
        let judge = |run: &Backtest| {
            let (leakage, q) = (&run.context.leakage, run.context.family.q);
            Evidence::of(&spec, &run.figures, leakage, q).verdict().ruling
        };
        EFFECT_RUNS.iter().map(judge).collect()
    };
    let low = share("rate >= 0.45 where it is 0.55", &rulings(0.45), Ruling::Validated);
    assert!(low >= 0.90, "{low}");
    // The lower end of a 95 % interval is above the truth in 2.5 % of runs.
    let exact = share("rate >= 0.55 where it is 0.55", &rulings(0.55), Ruling::Validated);
    assert!(exact <= 0.05, "{exact}");
    let high = share("rate >= 0.65 where it is 0.55", &rulings(0.65), Ruling::Rejected);
    assert!(high >= 0.90, "{high}");
}

/// Who stays longer uses the feature more often and pays more often; the feature does nothing.
#[test]
fn staying_is_not_taken_for_an_effect() {
    let runs = |classify: fn(&Leavers) -> Vec<TrialRow>| -> Vec<Backtest> {
        let draw = |seed| Leavers::draw(TRIALS, LEAVERS, seed);
        (0..SEEDS).map(|seed| backtest(spec(None), classify(&draw(seed)))).collect()
    };
    let naive = validated("ever used it before the end", &runs(Leavers::ever_used));
    assert!(naive >= 0.90, "the trap is one: {naive}");
    let share = validated("the same, at the landmark", &runs(Leavers::at_landmark));
    assert!(share <= 0.02, "{share}");
}

#[test]
fn the_default_split_leaves_enough_on_both_sides() {
    for run in EFFECT_RUNS.iter() {
        let split = &run.figures.split;
        assert!((480..=580).contains(&split.train.n()), "{}", split.train.n());
        assert!((120..=220).contains(&split.embargoed), "{}", split.embargoed);
        assert!((299..=301).contains(&split.test.n()), "{}", split.test.n());
    }
}

/// Figures and verdict as the program comes to them: no leak found, a family of one.
fn backtest(spec: Spec, rows: Vec<TrialRow>) -> Backtest {
    let figures = Figures::of(&spec, &rows, AS_OF);
    let context = Context {
        leakage: Leakage::Clean { cutoffs: 5 },
        family: Family { q: figures.train_p(), ..Family::default() },
        ..Context::at(AS_OF)
    };
    Backtest::new(spec, context, rows, figures)
}

fn spec(expect: Option<RateClaim>) -> Spec {
    Spec {
        name: "used_a_feature".into(),
        statement: "trialists who use a feature within 3 days convert".into(),
        path: None,
        sql_hash: String::new(),
        population: "trials".into(),
        outcome: "net_conversion".into(),
        window_us: WINDOW,
        horizon_us: HORIZON,
        strata: Some("product".into()),
        split_at: None,
        delta_min: None,
        gates: Gates::default(),
        min_identity_confidence: 0.7,
        expect,
        signal: None,
    }
}

/// The share of runs that are validated.
fn validated(name: &str, runs: &[Backtest]) -> f64 {
    let rulings: Vec<Ruling> = runs.iter().map(|run| run.verdict.ruling).collect();
    share(name, &rulings, Ruling::Validated)
}

fn share(name: &str, rulings: &[Ruling], wanted: Ruling) -> f64 {
    let count = |wanted| rulings.iter().filter(|ruling| **ruling == wanted).count();
    println!(
        "{name}: of {} runs {} validated, {} rejected, {} not enough data",
        rulings.len(),
        count(Ruling::Validated),
        count(Ruling::Rejected),
        count(Ruling::NotEnoughData)
    );
    count(wanted) as f64 / rulings.len() as f64
}
