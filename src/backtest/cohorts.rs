//! Conversion by the calendar month in which the trial started.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike};

use super::pair::Arm;
use super::row::TrialRow;

/// The mature trials that started in one month (UTC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohort {
    pub year: i32,
    /// 1 to 12.
    pub month: u32,
    pub exposed: Arm,
    pub control: Arm,
}

impl Cohort {
    /// The month as `2025-09`.
    pub fn name(&self) -> String {
        format!("{:04}-{:02}", self.year, self.month)
    }

    /// Both arms together.
    pub fn all(&self) -> Arm {
        Arm {
            n: self.exposed.n + self.control.n,
            converted: self.exposed.converted + self.control.converted,
            gross_converted: self.exposed.gross_converted + self.control.gross_converted,
        }
    }
}

/// One cohort per month that has rows, oldest first.
pub fn cohorts(population: &[&TrialRow]) -> Vec<Cohort> {
    let mut months: BTreeMap<(i32, u32), Cohort> = BTreeMap::new();
    for row in population {
        let (Some(start), Some(is_converted)) =
            (DateTime::from_timestamp_micros(row.t0), row.converted())
        else {
            continue;
        };
        let (year, month) = (start.year(), start.month());
        let cohort = months.entry((year, month)).or_insert_with(|| Cohort {
            year,
            month,
            exposed: Arm::default(),
            control: Arm::default(),
        });
        let arm = if row.is_exposed() { &mut cohort.exposed } else { &mut cohort.control };
        arm.add(is_converted, row.gross_converted_in_horizon());
    }
    months.into_values().collect()
}
