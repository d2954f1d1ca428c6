//! What is known about a run besides its rows: leak check, family, identity, inputs.

/// The circumstances of one run, gathered by whoever ran the queries.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// Microseconds since 1970 UTC.
    pub as_of: i64,
    pub leakage: Leakage,
    pub family: Family,
    pub identity: Identity,
    pub inputs: Vec<Input>,
    /// Shipped relations that the project replaced by its own.
    pub replaced_definitions: Vec<Definition>,
    /// Stripe API versions found among the rows that were read.
    pub api_versions: Vec<String>,
    /// Lists that were used, with their dates: `("public suffix list", "2026-05-01")`.
    pub list_dates: Vec<(String, String)>,
    /// What the run has to say beyond the figures.
    pub warnings: Vec<Warning>,
}

impl Context {
    /// A run of which nothing is known but its as-of time: no leak check, a family of one.
    pub fn at(as_of: i64) -> Self {
        Self {
            as_of,
            leakage: Leakage::NotTested,
            family: Family::default(),
            identity: Identity::default(),
            inputs: Vec::new(),
            replaced_definitions: Vec::new(),
            api_versions: Vec::new(),
            list_dates: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// What the leak check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leakage {
    NotTested,
    /// No violation at that many cutoffs.
    Clean {
        cutoffs: u64,
    },
    Violated {
        cutoffs: u64,
        /// Signals that exist only because of later facts.
        needs_later_data: u64,
        /// Signals that later facts erased.
        withdrawn_by_later_data: u64,
        /// Accounts of all of these, sorted.
        accounts: Vec<String>,
        /// A few of them, in words.
        examples: Vec<String>,
    },
}

impl Leakage {
    pub fn is_violated(&self) -> bool {
        matches!(self, Self::Violated { .. })
    }

    /// The name of the result in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotTested => "not_tested",
            Self::Clean { .. } => "clean",
            Self::Violated { .. } => "violated",
        }
    }
}

/// The hypotheses that were tried on the same outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The train p after Benjamini–Hochberg over the family; `None`: a family of one.
    pub q: Option<f64>,
    /// Size of the family.
    pub m: u64,
    /// How often this test window was looked at, this run included.
    pub looks: u64,
    /// Names of the family, for the reader.
    pub members: Vec<String>,
}

impl Default for Family {
    fn default() -> Self {
        Self { q: None, m: 1, looks: 1, members: Vec::new() }
    }
}

/// How product events were linked to accounts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Identity {
    /// Linked events per tier, best tier first.
    pub tiers: Vec<Tier>,
    /// Events with two candidate accounts at the deciding tier, left unlinked.
    pub ambiguous_events: u64,
    /// Events without any candidate account.
    pub unlinked_events: u64,
    /// The domains that most of those come from, with their events.
    pub unlinked_domains: Vec<(String, u64)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Tier {
    pub name: String,
    /// Between 0 and 1.
    pub confidence: f64,
    pub events: u64,
}

/// A relation that was read, and how many rows it held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    pub relation: String,
    pub rows: u64,
}

/// A relation defined by the project in place of the shipped one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    pub relation: String,
    pub hash: String,
}

/// Something the reader should know before believing a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Short and stable: `horizon_short`.
    pub code: String,
    pub sentence: String,
}

impl Warning {
    pub fn new(code: &str, sentence: impl Into<String>) -> Self {
        Self { code: code.to_owned(), sentence: sentence.into() }
    }
}
