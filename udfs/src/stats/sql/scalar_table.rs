//! The table of scalar functions.

use super::record::Column::Number;
use super::record::{Record, Row};
use super::scalar::{Compute, ScalarFunction};
use crate::stats::function::{Argument, Declaration, Kind};
use crate::stats::proportion::{self, Interval};
use crate::stats::two_sample::{self, Alternative, Estimate};

const X: Argument = Argument::new("x", Kind::Number, "Successes, a whole number from 0 to n.");
const N: Argument = Argument::new("n", Kind::Number, "Trials, a whole number.");
const X1: Argument = Argument::new("x1", Kind::Number, "Successes of the first arm.");
const N1: Argument = Argument::new("n1", Kind::Number, "Rows of the first arm.");
const X2: Argument = Argument::new("x2", Kind::Number, "Successes of the second arm.");
const N2: Argument = Argument::new("n2", Kind::Number, "Rows of the second arm.");
const CONF: Argument = Argument::optional("conf", 0.95, "Confidence level, between 0 and 1.");

const INTERVAL: Record = Record(&[Number("lo"), Number("hi")]);
const DIFFERENCE: Record = Record(&[Number("diff"), Number("lo"), Number("hi")]);
const RATIO: Record = Record(&[Number("ratio"), Number("lo"), Number("hi")]);
const TEST: Record = Record(&[Number("z"), Number("p")]);

pub(super) static FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction {
        declaration: Declaration {
            name: "wilson_lower",
            arguments: &[X, N, CONF],
            description: "Lower end of the two-sided Wilson interval of a rate, 0 to 1. NULL if \
                          n = 0, x > n or a count is not whole.",
            example: "select wilson_lower(8, 10);\n-- 0.49016247153664183",
        },
        compute: Compute::Number(|a| wilson(a).map(|interval| interval.lo)),
    },
    ScalarFunction {
        declaration: Declaration {
            name: "wilson_upper",
            arguments: &[X, N, CONF],
            description: "Upper end of the two-sided Wilson interval of a rate, 0 to 1. NULL if \
                          n = 0, x > n or a count is not whole.",
            example: "select wilson_upper(8, 10);\n-- 0.9433178485456247",
        },
        compute: Compute::Number(|a| wilson(a).map(|interval| interval.hi)),
    },
    ScalarFunction {
        declaration: Declaration {
            name: "clopper_pearson",
            arguments: &[X, N, CONF],
            description: "The exact two-sided interval of a rate by Clopper and Pearson, as \
                          {lo, hi}: 0 of n has lo = 0, n of n has hi = 1. NULL if n = 0, x > n or \
                          a count is not whole.",
            example: "select clopper_pearson(8, 10)['lo'];\n-- 0.44390453769235655\n\
                      select clopper_pearson(0, 10)['lo'];\n-- 0.0",
        },
        compute: Compute::Record(INTERVAL, |a| {
            interval(proportion::clopper_pearson(count(a[0])?, count(a[1])?, a[2]))
        }),
    },
    ScalarFunction {
        declaration: Declaration {
            name: "jeffreys",
            arguments: &[X, N, CONF],
            description: "The equal-tailed interval of a rate under the Jeffreys prior, as \
                          {lo, hi}: quantiles of Beta(x + 1/2, n - x + 1/2), not clamped at 0 of \
                          n and n of n. NULL if n = 0, x > n or a count is not whole.",
            example: "select jeffreys(8, 10)['hi'];\n-- 0.9559405864473695",
        },
        compute: Compute::Record(INTERVAL, |a| {
            interval(proportion::jeffreys(count(a[0])?, count(a[1])?, a[2]))
        }),
    },
    ScalarFunction {
        declaration: Declaration {
            name: "jeffreys_lower",
            arguments: &[X, N, CONF],
            description: "One-sided lower bound of a rate under the Jeffreys prior: the rate is \
                          above it with probability conf. This is the confidence of an emitted \
                          signal. NULL if n = 0, x > n or a count is not whole.",
            example: "select jeffreys_lower(2, 5);\n-- 0.1277755994835966",
        },
        compute: Compute::Number(|a| proportion::jeffreys_lower(count(a[0])?, count(a[1])?, a[2])),
    },
    ScalarFunction {
        declaration: Declaration {
            name: "newcombe_diff",
            arguments: &[X1, N1, X2, N2, CONF],
            description: "Difference of two rates, x1/n1 - x2/n2, with Newcombe's interval (two \
                          Wilson intervals, no continuity correction), as {diff, lo, hi}, each \
                          -1 to 1. NULL if an arm is empty or its counts are impossible.",
            example: "select newcombe_diff(2, 5, 2, 3)['lo'];\n-- -0.6586306544359246",
        },
        compute: Compute::Record(DIFFERENCE, |a| {
            let [x1, n1, x2, n2] = arms(a)?;
            two_sample::newcombe_diff(x1, n1, x2, n2, a[4]).map(estimate)
        }),
    },
    ScalarFunction {
        declaration: Declaration {
            name: "katz_ratio",
            arguments: &[X1, N1, X2, N2, CONF],
            description: "Ratio of two rates (lift), (x1/n1) / (x2/n2), with the log interval of \
                          Katz, as {ratio, lo, hi}. With x1 = 0 the ratio is 0 and lo and hi are \
                          NULL. NULL if x2 = 0, an arm is empty or its counts are impossible.",
            example: "select katz_ratio(2, 5, 2, 3)['hi'];\n-- 2.2889304889460353",
        },
        compute: Compute::Record(RATIO, |a| {
            let [x1, n1, x2, n2] = arms(a)?;
            let ratio = two_sample::rate_ratio(x1, n1, x2, n2)?;
            let found = two_sample::katz_ratio(x1, n1, x2, n2, a[4]);
            Some(vec![Some(ratio), found.map(|e| e.lo), found.map(|e| e.hi)])
        }),
    },
    ScalarFunction {
        declaration: Declaration {
            name: "fisher_exact",
            arguments: &[
                Argument::new("a", Kind::Number, "First arm, successes."),
                Argument::new("b", Kind::Number, "First arm, failures."),
                Argument::new("c", Kind::Number, "Second arm, successes."),
                Argument::new("d", Kind::Number, "Second arm, failures."),
            ],
            description: "Two-sided p of Fisher's exact test of the table [[a, b], [c, d]]: the \
                          sum over all tables that are not more likely than this one. 1 if a row \
                          or a column of the table is empty; NULL if a count is not whole.",
            example: "select fisher_exact(8, 2, 1, 5);\n-- 0.03496503496503616",
        },
        compute: Compute::Number(|cells| {
            let [a, b, c, d] = arms(cells)?;
            two_sample::fisher_exact(a, b, c, d, Alternative::TwoSided)
        }),
    },
    ScalarFunction {
        declaration: Declaration {
            name: "two_proportion_z",
            arguments: &[X1, N1, X2, N2],
            description: "Pooled z test of two rates, as {z, p} with p two-sided. For large arms; \
                          fisher_exact holds for all. NULL if an arm is empty, its counts are \
                          impossible, or nobody or everybody succeeded.",
            example: "select two_proportion_z(8, 11, 4, 13)['z'];\n-- 2.0483662259967566",
        },
        compute: Compute::Record(TEST, |a| {
            let [x1, n1, x2, n2] = arms(a)?;
            let (z, p) = two_sample::two_proportion_z(x1, n1, x2, n2)?;
            Some(vec![Some(z), Some(p)])
        }),
    },
    ScalarFunction {
        declaration: Declaration {
            name: "prob_greater",
            arguments: &[X1, N1, X2, N2],
            description: "Probability, 0 to 1, that the first rate is greater than the second, \
                          both with independent Jeffreys posteriors. NULL if an arm is empty or \
                          its counts are impossible.",
            example: "select prob_greater(2, 5, 2, 3);\n-- 0.23650059161967127",
        },
        compute: Compute::Number(|a| {
            let [x1, n1, x2, n2] = arms(a)?;
            two_sample::prob_greater(x1, n1, x2, n2)
        }),
    },
    ScalarFunction {
        declaration: Declaration {
            name: "required_n",
            arguments: &[
                Argument::new("p1", Kind::Number, "Rate of the first arm, from 0 to below 1."),
                Argument::new("p2", Kind::Number, "Rate of the second arm, from 0 to below 1."),
                Argument::optional("power", 0.8, "Chance to find the difference."),
                Argument::optional("alpha", 0.05, "Level of the two-sided test."),
            ],
            description: "Rows needed per arm, not rounded, for a two-sided test of two equally \
                          large arms to tell p1 from p2 (Fleiss, without continuity correction). \
                          NULL if p1 = p2 or a number is out of its range.",
            example: "select required_n(0.3, 0.4);\n-- 355.94281271162515",
        },
        compute: Compute::Number(|a| two_sample::required_n(a[0], a[1], a[2], a[3], 1.0)),
    },
];

/// A float that is a count: whole, not negative, and small enough to be exact.
fn count(value: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    ((0.0..=EXACT).contains(&value) && value.fract() == 0.0).then_some(value as u64)
}

fn arms(arguments: &[f64]) -> Option<[u64; 4]> {
    Some([count(arguments[0])?, count(arguments[1])?, count(arguments[2])?, count(arguments[3])?])
}

fn wilson(arguments: &[f64]) -> Option<Interval> {
    proportion::wilson(count(arguments[0])?, count(arguments[1])?, arguments[2])
}

fn interval(found: Option<Interval>) -> Option<Row> {
    found.map(|interval| vec![Some(interval.lo), Some(interval.hi)])
}

fn estimate(found: Estimate) -> Row {
    vec![Some(found.value), Some(found.lo), Some(found.hi)]
}
