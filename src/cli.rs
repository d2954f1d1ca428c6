//! The command line: one declaration from which parsing, help and completion follow.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::render::Format;
use crate::simulate::Shape;

/// Finds out, from data you already have, which product behaviour comes before money.
#[derive(Debug, Parser)]
#[command(name = "paydirt", version, about, max_term_width = 100)]
pub struct Cli {
    /// Project folder [default: the folder or its parents that hold paydirt.toml]
    #[arg(long, global = true, value_name = "DIR")]
    pub project: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the whole way on a simulated company; needs no key, no network, no server
    Demo {
        /// Keep the demo project in this folder
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Make a project folder
    Init {
        #[arg(default_value = ".")]
        dir: PathBuf,
    },
    /// Make up a company of any size with planted truth, in the shapes of Stripe and PostHog
    Simulate(SimulateArgs),
    /// Land data in the lake [default: from every source that is set up]
    #[command(args_conflicts_with_subcommands = true)]
    Sync {
        #[command(subcommand)]
        source: Option<Source>,
        #[command(flatten)]
        live: StripeArgs,
    },
    /// Merge many small files of the lake into few, sorted ones; running queries are not disturbed
    Compact(CompactArgs),
    /// Did it land? Rows, versions, time range, duplicates, other mode, rejected, per table
    Status(Print),
    /// What can I ask about? Product events by name, with accounts and the share linked
    Events(Print),
    /// How many events, people and trials are linked to accounts, how surely, and what would link
    /// more; with an address, why it is linked or not
    #[command(after_help = "Examples:\n  paydirt identity\n  paydirt identity jane@acme.com")]
    Identity {
        /// Explain this address step by step
        #[arg(value_name = "EMAIL")]
        email: Option<String>,
        /// Nothing later than this is known
        #[arg(long, value_name = "TIME")]
        as_of: Option<String>,
    },
    /// Test a hypothesis against what was really paid
    Backtest(BacktestArgs),
    /// Who shows a validated behaviour now: still in trial, not yet paying
    Signals {
        /// Nothing later than this is known
        #[arg(long, value_name = "TIME")]
        as_of: Option<String>,
        #[arg(long, value_enum, default_value_t = SignalFormat::Table)]
        format: SignalFormat,
    },
    /// Write a new file to start from
    New {
        #[command(subcommand)]
        what: New,
    },
    /// Plan all SQL files without running them: columns, types, keys, fence; or try what a key
    /// may read
    Check {
        #[command(subcommand)]
        source: Option<Checkable>,
    },
    /// Compare the lake with what Stripe lists now, object by object
    Reconcile(KeyArgs),
    /// Open a SQL shell, or run SQL
    Sql(SqlArgs),
}

#[derive(Debug, Subcommand)]
pub enum Source {
    /// Land files: Stripe objects, lists and events; exports of PostHog, Segment, RudderStack,
    /// Amplitude and Mixpanel; product events of any tool
    Files {
        /// Files, folders or buckets, such as s3://bucket/folder [default: the buckets and folders
        /// of paydirt.toml]
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Show five mapped rows of each file and land nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Land what Stripe has, and what has changed there since the last time
    Stripe(StripeArgs),
    /// Land what the Postgres tables and queries of paydirt.toml have, and what is new since the
    /// last time
    Postgres {
        /// Only these [[source.postgres]] [default: all]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Read all of it again, for what came, changed or went without the cursor's knowing
        #[arg(long)]
        full: bool,
    },
    /// Land what a PostHog project took in since the last time: events, persons, groups
    Posthog,
}

#[derive(Debug, Subcommand)]
pub enum Checkable {
    /// What the Stripe key may read, one request a resource
    Stripe(KeyArgs),
    /// Try each [[source.postgres]]: connection, table, and what each column becomes
    Postgres {
        /// Only these [default: all]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// What is in the bucket or folder of each [[source.files]], and what of it is new
    Files,
    /// What the PostHog key may read, and in which way
    Posthog,
}

#[derive(Debug, Args)]
pub struct KeyArgs {
    /// Take a secret key (sk_), which can do more than read
    #[arg(long)]
    pub allow_secret_key: bool,
}

#[derive(Debug, Args)]
pub struct StripeArgs {
    #[command(flatten)]
    pub key: KeyArgs,
    /// Ask for changes again and again until stopped
    #[arg(long)]
    pub follow: bool,
    /// How often to ask while things happen; less often while nothing does
    #[arg(long, value_name = "TIME", default_value = "60s", requires = "follow")]
    pub every: String,
}

#[derive(Debug, Subcommand)]
pub enum New {
    /// A commented hypothesis in sql/hypotheses
    Hypothesis { name: String },
}

#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Companies and people that start a trial
    #[arg(long, value_name = "N", default_value_t = 1_500)]
    pub accounts: u64,
    /// Product events
    #[arg(long, value_name = "M", default_value_t = 150_000)]
    pub events: u64,
    /// The same seed makes the same files on any machine
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Folder of the new project
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The Stripe API generation
    #[arg(long, value_enum, default_value_t = Shape::Clover)]
    pub shape: Shape,
    /// Compress the JSON with gzip
    #[arg(long)]
    pub compress: bool,
}

#[derive(Debug, Args)]
pub struct CompactArgs {
    /// Only these tables, such as posthog_log.events [default: all]
    #[arg(value_name = "TABLE")]
    pub tables: Vec<String>,
    /// How long queries that are running may still read the files that were replaced, up to 7d
    #[arg(long, value_name = "TIME", default_value = "7d")]
    pub retain: String,
}

#[derive(Debug, Args)]
pub struct Print {
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// Name of a hypothesis, or path of a .sql file
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub hypothesis: Option<String>,
    /// Every hypothesis of the project, one line each
    #[arg(long)]
    pub all: bool,
    /// The day of the backtest [default: paydirt.toml, else the latest fact in the data]
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Exit with 1 unless the verdict is this one
    #[arg(long, value_enum, value_name = "VERDICT")]
    pub require: Option<Require>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SignalFormat {
    /// One line an account.
    Table,
    /// One JSON object a line, with the evidence.
    Ndjson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Text,
    Json,
    Markdown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Require {
    Validated,
}

#[derive(Debug, Args)]
pub struct SqlArgs {
    /// Run these statements and stop
    #[arg(short, long, value_name = "SQL", conflicts_with = "file")]
    pub command: Option<String>,
    /// Run the statements of this file and stop
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Write the result to a file: .parquet, .csv, .json, .ndjson or .md
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Nothing later than this is visible
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
}
