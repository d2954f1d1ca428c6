//! Where it is from: everything needed to get the same figures again.

use crate::backtest::context::Leakage;
use crate::backtest::document::{Document, Line, Tone};
use crate::backtest::report::Backtest;
use crate::format::{count, counted, duration, moment, size};

impl Backtest {
    pub(super) fn tell_provenance(&self, doc: &mut Document) {
        let (spec, context) = (&self.spec, &self.context);
        let mut lines = Vec::new();
        let mut fact = |name: &str, value: String| {
            lines.push(
                Line::default().then(Tone::Faint, format!("{name}: ")).then(Tone::Plain, value),
            );
        };
        fact("as of", moment(context.as_of));
        fact(
            "window, horizon",
            format!(
                "{}, {}, both from the start of the trial",
                duration(spec.window_us),
                duration(spec.horizon_us)
            ),
        );
        fact("population, outcome", format!("{}, {}", spec.population, spec.outcome));
        let path = spec.path.as_deref().map(|path| format!(" ({path})")).unwrap_or_default();
        fact("SQL", format!("{}{path}", spec.sql_hash));
        if let Some(at) = self.figures.split.at {
            fact("split", format!("{}{}", moment(at), default_note(spec.split_at.is_none())));
        }
        if let Some(delta) = self.figures.delta {
            let note = default_note(spec.delta_min.is_none());
            fact("smallest useful difference", format!("{}{note}", size(delta)));
        }
        fact("strata", spec.strata.clone().unwrap_or_else(|| "none".to_owned()));
        fact(
            "gates",
            format!(
                "{} an arm, {}, {} a test arm, {} exposed test rows for a confidence",
                count(spec.gates.min_arm),
                counted(spec.gates.min_events, "conversion"),
                count(spec.gates.min_oos_arm),
                count(spec.gates.min_oos_n)
            ),
        );
        fact("leak check", self.leak_check());
        fact("family", self.family());
        if !context.api_versions.is_empty() {
            fact("Stripe API", context.api_versions.join(", "));
        }
        if !context.list_dates.is_empty() {
            let dates: Vec<String> =
                context.list_dates.iter().map(|(list, date)| format!("{list} {date}")).collect();
            fact("lists", dates.join(", "));
        }
        for definition in &context.replaced_definitions {
            fact("definition replaced", format!("{} ({})", definition.relation, definition.hash));
        }
        if !context.inputs.is_empty() {
            let rows: Vec<String> = context
                .inputs
                .iter()
                .map(|input| format!("{} {}", input.relation, count(input.rows)))
                .collect();
            fact("rows read", rows.join(", "));
        }
        doc.heading("Where this comes from");
        doc.list(lines);
    }

    fn leak_check(&self) -> String {
        match &self.context.leakage {
            Leakage::NotTested => "not done".to_owned(),
            Leakage::Clean { cutoffs } => format!(
                "no violation at {}, which disproves none elsewhere",
                counted(*cutoffs, "cutoff")
            ),
            Leakage::Violated { cutoffs, needs_later_data, withdrawn_by_later_data, .. } => {
                format!(
                    "{} at {}",
                    counted(needs_later_data + withdrawn_by_later_data, "violation"),
                    counted(*cutoffs, "cutoff")
                )
            }
        }
    }

    fn family(&self) -> String {
        let family = &self.context.family;
        let members = match family.members.as_slice() {
            [] => String::new(),
            members => format!(": {}", members.join(", ")),
        };
        format!(
            "{} tried on this outcome, test window looked at {}{members}",
            count(family.m),
            counted(family.looks, "time")
        )
    }
}

fn default_note(is_default: bool) -> &'static str {
    if is_default { " (by default)" } else { "" }
}
