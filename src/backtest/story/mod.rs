//! The report as an argument: claim, verdict, evidence, doubts, what is missing, where it is from.

mod evidence;
mod needed;
mod opening;
mod population;
mod provenance;
mod reasons;
mod time;
mod words;

use super::document::{Document, Style};
use super::report::Backtest;
use super::verdict::Ruling;

impl Backtest {
    /// The report, before it has a form.
    pub fn document(&self) -> Document {
        let mut doc = Document::default();
        self.tell_claim(&mut doc);
        self.tell_verdict(&mut doc);
        self.tell_warnings(&mut doc);
        let has_figures = self.figures.pooled.n() > 0 && self.verdict.ruling != Ruling::Invalid;
        if has_figures {
            self.tell_arms(&mut doc);
            self.tell_strength(&mut doc);
            self.tell_strata(&mut doc);
            self.tell_windows(&mut doc);
            self.tell_cohorts(&mut doc);
            self.tell_curves(&mut doc);
        }
        if !self.rows.is_empty() {
            self.tell_ladder(&mut doc);
            self.tell_identity(&mut doc);
        }
        if has_figures {
            self.tell_sensitivity(&mut doc);
            self.tell_needed(&mut doc);
        }
        self.tell_provenance(&mut doc);
        doc
    }

    /// The report for a terminal, at most 100 columns wide.
    pub fn text(&self, style: Style) -> String {
        self.document().text(style)
    }

    /// The report as Markdown.
    pub fn markdown(&self) -> String {
        self.document().markdown()
    }
}
