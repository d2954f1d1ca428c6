//! Kinds of SQL files: the folder, what it may read, the header keys it knows.

/// A folder under `sql/`.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub folder: &'static str,
    /// Schemas that SQL of this kind may name. What is not listed is refused with a sentence.
    pub may_read: &'static [&'static str],
    pub keys: &'static [&'static str],
    /// A relation that people query; the others are run by commands.
    pub is_relation: bool,
}

const HYPOTHESIS_KEYS: &[&str] = &[
    "population",
    "outcome",
    "window",
    "horizon",
    "strata",
    "split",
    "delta_min",
    "min_confidence",
    "signal",
    "expect",
];

/// `@keep result`: computed once per as-of time and kept, as many places read it. `@keep files`: the
/// same for each landed file, so that the result of all is the rows of all. `@keep groups of RELATION by
/// COLUMN`: the same for each group of rows in that relation. `@keep answers`: see `engine/recall.rs`.
const RELATION_KEYS: &[&str] = &["keep"];

/// Data flows one way: each kind reads what stands above it, never below.
pub const KINDS: &[Kind] = &[
    // Over all time: as-of relations are cut out of these, and no hypothesis reads them.
    Kind {
        folder: "index",
        may_read: &["stripe_log", "posthog_log", "files_log", "postgres_log", "index", "identity"],
        keys: RELATION_KEYS,
        is_relation: false,
    },
    Kind { folder: "stripe_version", may_read: &["stripe_as_of"], keys: &[], is_relation: false },
    Kind { folder: "postgres_version", may_read: &["postgres_log"], keys: &[], is_relation: false },
    Kind {
        folder: "postgres",
        may_read: &["postgres_log", "postgres"],
        keys: RELATION_KEYS,
        is_relation: true,
    },
    Kind {
        folder: "stripe",
        may_read: &["stripe_log", "stripe_version", "index", "stripe"],
        keys: RELATION_KEYS,
        is_relation: true,
    },
    Kind {
        folder: "product",
        may_read: &["index", "product", "models"],
        keys: RELATION_KEYS,
        is_relation: true,
    },
    Kind {
        folder: "models",
        may_read: &["index", "stripe", "product", "models", "identity", "postgres"],
        keys: RELATION_KEYS,
        is_relation: true,
    },
    Kind {
        folder: "outcomes",
        may_read: &["stripe", "models", "outcomes"],
        keys: RELATION_KEYS,
        is_relation: true,
    },
    Kind {
        folder: "commands",
        may_read: &[
            "stripe_log",
            "posthog_log",
            "files_log",
            "postgres_log",
            "stripe",
            "product",
            "models",
            "outcomes",
            "identity",
            "system",
            "backtest",
        ],
        keys: &[],
        is_relation: false,
    },
    Kind {
        folder: "hypotheses",
        may_read: HYPOTHESIS_MAY_READ,
        keys: HYPOTHESIS_KEYS,
        is_relation: false,
    },
    Kind {
        folder: "queries",
        may_read: &[
            "stripe",
            "product",
            "models",
            "outcomes",
            "identity",
            "postgres",
            "system",
            "stripe_log",
            "posthog_log",
            "files_log",
            "postgres_log",
        ],
        keys: &[],
        is_relation: true,
    },
];

/// The fence of a hypothesis: what could be known on the day.
pub const HYPOTHESIS_MAY_READ: &[&str] = &["stripe", "product", "models", "identity", "postgres"];

impl Kind {
    /// The kind of a folder that is known to exist.
    pub fn of(folder: &str) -> &'static Kind {
        KINDS.iter().find(|kind| kind.folder == folder).unwrap_or(&KINDS[0])
    }
}
