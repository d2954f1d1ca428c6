//! A signal as a JSON object.

use serde_json::{Value, json};

use super::Signal;
use crate::time;

impl Signal {
    /// One object: the field's known names, then what paydirt adds.
    pub fn json(&self) -> Value {
        let day = |at: i64| time::format_moment(at).chars().take(10).collect::<String>();
        let confidence = self.confidence;
        json!({
            "signal_type": self.signal_type,
            "confidence": confidence.map(|confidence| confidence.value),
            "confidence_basis": confidence.map(|confidence| confidence.basis.as_str()),
            "sources": self.sources,
            "account": { "email": self.email, "domain": self.domain, "id": self.account_id },
            "stripe": {
                "subscription_status": self.trial.status,
                "trial_end": day(self.trial.ends_at),
                "plan_amount": self.trial.plan_amount_minor.map(|amount| amount.round() as i64),
                "currency": self.trial.currency,
                "customer": self.trial.customer_id,
                "subscription": self.trial.subscription_id,
            },
            "product_events": self.product_events,
            "hypothesis": self.hypothesis,
            "signal_at": time::format_moment(self.signal_at),
            "identity": {
                "tier": self.link,
                "confidence": self.link_confidence,
            },
            "backtest": {
                "verdict": self.backtest.verdict,
                "rate": self.backtest.rate,
                "interval": self.backtest.interval.map(|(lo, hi)| [lo, hi]),
                "baseline": self.backtest.baseline,
                "n": self.backtest.n,
                "as_of": time::format_moment(self.backtest.as_of),
            },
            "explanation": self.explanation,
        })
    }
}
