//! The table of aggregates that are computed from all rows.

use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue, exec_err};

use super::aggregate::AggregateFunction;
use super::record::Column::{Count, Number};
use super::record::Record;
use crate::stats::function::{Argument, Declaration, Kind};
use crate::stats::quantile::quantile;
use crate::stats::survival::{self, Exit};
use crate::stats::two_sample::Estimate;

const LEVEL: f64 = 0.95;

const TIME: Argument = Argument::new(
    "time",
    Kind::Number,
    "Time under observation, in any one unit, from the start of the row to the event or to the \
     end of observation.",
);
const EVENT: Argument =
    Argument::new("event", Kind::Truth, "Whether the event ended it; false is censored.");

const SURVIVAL: Record =
    Record(&[Number("time"), Count("at_risk"), Number("survival"), Number("lo"), Number("hi")]);
const INCIDENCE: Record = Record(&[Number("time"), Number("cif1"), Number("cif2")]);
const TEST: Record = Record(&[Number("chi2"), Number("p")]);

pub(super) static FUNCTIONS: &[AggregateFunction] = &[
    AggregateFunction {
        declaration: Declaration {
            name: "quantile_linear",
            arguments: &[
                Argument::new("x", Kind::Number, "The values."),
                Argument::new("q", Kind::Setting, "Which quantile, 0 to 1, the same in all rows."),
            ],
            description: "Exact quantile of x with linear interpolation between neighbours \
                          (numpy's default), in the unit of x. NULL and NaN do not count; NULL \
                          without values or with q outside 0 to 1.",
            example: "select quantile_linear(x, 0.9) from (values (14), (14), (20), (9), (12)) \
                      as t(x);\n-- 17.6",
        },
        output: || DataType::Float64,
        compute: |columns| {
            let q = columns[1].first();
            Ok(ScalarValue::Float64(q.and_then(|q| quantile(&columns[0], *q))))
        },
    },
    AggregateFunction {
        declaration: Declaration {
            name: "kaplan_meier",
            arguments: &[TIME, EVENT],
            description: "Survival by Kaplan and Meier: a list with one {time, at_risk, survival, \
                          lo, hi} per distinct time, ascending, where survival is the share \
                          without the event after that time and lo and hi its pointwise 95 % \
                          log-log interval. Events come before censorings at equal times. Rows \
                          with a NULL are left out; NULL without rows. Where another exit makes \
                          the event impossible, use aalen_johansen.",
            example: "select kaplan_meier(t, e)[2]['survival'] from (values (1, true), \
                      (2, true), (3, false), (4, true)) as v(t, e);\n-- 0.5",
        },
        output: || SURVIVAL.list_type(),
        compute: |columns| {
            let curve = survival::kaplan_meier(&with_event(&columns[0], &columns[1]), LEVEL);
            SURVIVAL.list(curve.map(|curve| {
                let rows = curve.points.iter().map(|point| {
                    let Estimate { value, lo, hi } = point.survival;
                    let at_risk = point.at_risk as f64;
                    Some(vec![Some(point.time), Some(at_risk), Some(value), Some(lo), Some(hi)])
                });
                rows.collect()
            }))
        },
    },
    AggregateFunction {
        declaration: Declaration {
            name: "aalen_johansen",
            arguments: &[
                TIME,
                Argument::new(
                    "cause",
                    Kind::Number,
                    "How observation ended: 1 the outcome, 2 what makes it impossible, 0 censored.",
                ),
            ],
            description: "Cumulative incidence of two competing causes by Aalen and Johansen: a \
                          list with one {time, cif1, cif2} per distinct time, ascending, where \
                          cif1 and cif2 are the shares that left through cause 1 and 2 up to \
                          that time. Rows with a NULL are left out; NULL without rows.",
            example: "select aalen_johansen(t, c)[3]['cif1'] from (values (1, 1), (2, 2), (3, 1), \
                      (4, 0)) as v(t, c);\n-- 0.5",
        },
        output: || INCIDENCE.list_type(),
        compute: |columns| {
            let curve = survival::aalen_johansen(&with_exit(&columns[0], &columns[1])?, LEVEL);
            INCIDENCE.list(curve.map(|curve| {
                let rows = curve.points.iter().map(|point| {
                    let [first, second] = point.causes;
                    Some(vec![Some(point.time), Some(first.value), Some(second.value)])
                });
                rows.collect()
            }))
        },
    },
    AggregateFunction {
        declaration: Declaration {
            name: "log_rank",
            arguments: &[
                TIME,
                EVENT,
                Argument::new("is_group_one", Kind::Truth, "Which of the two groups."),
            ],
            description: "Log-rank test that two groups have the same survival, as {chi2, p} with \
                          one degree of freedom. Rows with a NULL are left out; NULL if a group \
                          is empty or no event happened while both were at risk.",
            example: "select log_rank(t, e, g)['chi2'] from (values (1, true, true), \
                      (3, true, true), (2, true, false), (4, false, false)) as v(t, e, g);\n\
                      -- 0.6153846153846155",
        },
        output: || TEST.data_type(),
        compute: |columns| {
            let rows = with_event(&columns[0], &columns[1]);
            let (one, two): (Vec<_>, Vec<_>) =
                rows.into_iter().zip(&columns[2]).partition(|(_, is_one)| **is_one == 1.0);
            let rows_of = |group: Vec<((f64, bool), &f64)>| -> Vec<_> {
                group.into_iter().map(|(row, _)| row).collect()
            };
            let found = survival::log_rank(&rows_of(one), &rows_of(two));
            TEST.scalar(found.map(|test| vec![Some(test.chi2), Some(test.p)]))
        },
    },
];

fn with_event(times: &[f64], events: &[f64]) -> Vec<(f64, bool)> {
    times.iter().zip(events).map(|(time, event)| (*time, *event == 1.0)).collect()
}

fn with_exit(times: &[f64], causes: &[f64]) -> Result<Vec<(f64, Exit)>> {
    let rows = times.iter().zip(causes).map(|(time, cause)| {
        let code = if cause.fract() == 0.0 { *cause as i64 } else { -1 };
        match Exit::from_code(code) {
            Some(exit) => Ok((*time, exit)),
            None => exec_err!("aalen_johansen: cause must be 0, 1 or 2, found {cause}"),
        }
    });
    rows.collect()
}
