//! The requests that the server saw.

use std::collections::HashMap;

/// A request, and what was answered.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// `/v1/invoices/in_1/lines`
    pub path: String,
    /// `/v1/invoices/{invoice}/lines`; the path where Stripe's document has no such thing.
    pub endpoint: String,
    /// Parameters as they were sent: `("created[gte]", "1700000000")`.
    pub query: Vec<(String, String)>,
    /// The key without its secret part.
    pub key: Option<String>,
    /// `Stripe-Version`
    pub version: Option<String>,
    /// `Stripe-Account`
    pub account: Option<String>,
    pub user_agent: Option<String>,
    /// Whether the answer may come packed.
    pub takes_gzip: bool,
    /// 0 where the connection was reset.
    pub status: u16,
    /// The fault that it met, if any.
    pub fault: Option<&'static str>,
    /// Objects on the page, as far as it was a page.
    pub objects: usize,
}

impl Seen {
    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    pub seen: Vec<Seen>,
    /// How often each path with its parameters was asked for.
    asked: HashMap<String, u64>,
}

impl Log {
    /// How often this was asked before; counts it.
    pub fn ask(&mut self, target: &str) -> u64 {
        match self.asked.get_mut(target) {
            Some(times) => {
                *times += 1;
                *times - 1
            }
            None => {
                self.asked.insert(target.to_owned(), 1);
                0
            }
        }
    }
}
