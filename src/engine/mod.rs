//! The engine: a project's lake and SQL library as a database that can be moved through time.
//!
//! Every leaf of every query is an as-of relation. `Engine` holds what sessions share; a `Session`
//! is one DataFusion context with its own as-of time and its own fence.

pub mod catalog;
mod fence;
mod functions;
mod kept;
mod landed;
mod log;
pub mod options;
mod session;
pub mod system;

use std::sync::Arc;

use datafusion::arrow::array::StringArray;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::runtime_env::RuntimeEnv;

use crate::clock;
use crate::config::Project;
use crate::engine::catalog::Catalog;
use crate::engine::kept::KeptResults;
use crate::engine::log::LogTables;
use crate::engine::options::Settings;
use crate::error::{Error, Result};
use crate::lake::{Lake, TableSpec};
use crate::library::{HYPOTHESIS_MAY_READ, Library, SqlFile};
use crate::sync;
use paydirt_udfs::identity::lists::{FreeMail, MailLists};

pub use session::Session;

/// What the sessions of one project share.
#[derive(Debug, Clone)]
pub struct Engine {
    pub project: Arc<Project>,
    pub library: Arc<Library>,
    log: Arc<LogTables>,
    kept: Arc<KeptResults>,
    lists: Arc<MailLists>,
    runtime: Arc<RuntimeEnv>,
    settings: Settings,
}

impl Engine {
    /// Opens lake and library; `as_of` (µs) overrides the project's.
    pub async fn open(project: Project, as_of: Option<i64>) -> Result<Self> {
        let library = Library::load(Some(&project.sql_dir()))?;
        let lake = Lake::open(&project.lake_dir()).await?;
        let specs = sync::table_specs().into_iter().chain(system::specs()).collect();
        let runtime = session::runtime(&lake)?;
        let log = LogTables::new(lake, specs);
        let data_through = data_through(&log).await?;
        let identity = &project.config.identity;
        let as_of = as_of.or(project.config.backtest.as_of).unwrap_or(data_through);
        let settings = Settings {
            as_of,
            default_as_of: as_of,
            data_through,
            mode: project.config.mode,
            min_confidence: identity.min_confidence,
            account_metadata_keys: identity.account_metadata_keys.join(","),
            group_types: identity.group_types.join(","),
        };
        let lists = MailLists::new(&FreeMail {
            free_mail_domains: identity.free_mail_domains.clone(),
            free_mail_add: identity.free_mail_add.clone(),
            free_mail_remove: identity.free_mail_remove.clone(),
        })
        .map_err(|error| Error::new(format!("paydirt.toml: [identity] {error}")))?;
        Ok(Self {
            library: Arc::new(library),
            log: Arc::new(log),
            kept: Arc::default(),
            lists: Arc::new(lists),
            runtime,
            settings,
            project: Arc::new(project),
        })
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn lake(&self) -> &Lake {
        self.log.lake()
    }

    pub fn specs(&self) -> impl Iterator<Item = &TableSpec> {
        self.log.specs()
    }

    /// SQL that a command runs, from `sql/commands`.
    pub fn command(&self, name: &str) -> Result<&SqlFile> {
        let file = self.library.get("commands", name);
        file.map(Arc::as_ref).ok_or_else(|| Error::new(format!("no sql/commands/{name}.sql")))
    }

    /// Sees what was written to `system` tables since. Landed data stay as they were when the
    /// engine was opened, so that all of a run reads the same.
    pub async fn refresh_system(&self) {
        self.log.refresh("system").await;
    }

    /// A session that may read everything, at the project's as-of time.
    pub fn session(&self) -> Result<Session> {
        self.session_with(self.settings.clone(), None)
    }

    /// A session that may read what a hypothesis may read.
    pub fn fenced_session(&self, settings: Settings) -> Result<Session> {
        self.session_with(settings, Some(HYPOTHESIS_MAY_READ))
    }

    pub fn session_with(
        &self,
        settings: Settings,
        may_read: Option<&'static [&'static str]>,
    ) -> Result<Session> {
        let catalog = Catalog::new(
            Arc::clone(&self.library),
            Arc::clone(&self.log),
            Arc::clone(&self.kept),
            may_read,
        );
        let session =
            Session::new(settings, catalog, Arc::clone(&self.lists), Arc::clone(&self.runtime))?;
        let domains = &self.project.config.identity.internal_domains;
        let domains: StringArray =
            domains.iter().map(|domain| Some(domain.to_lowercase())).collect();
        let domains = RecordBatch::try_from_iter([("domain", Arc::new(domains) as _)])?;
        session.put("identity", "internal_domains", vec![domains])?;
        session.put("system", "library", vec![system::library(&self.library)?])?;
        Ok(session)
    }
}

/// The oldest, over the sources that have rows, of the latest fact in each (µs).
async fn data_through(log: &LogTables) -> Result<i64> {
    let now = clock::now_us();
    let mut sources: std::collections::HashMap<&str, i64> = Default::default();
    for spec in log.specs() {
        let source = match spec.name.split_once('/') {
            Some(("stripe_log", _)) => "stripe",
            Some(("posthog_log" | "files_log", _)) => "product",
            _ => continue,
        };
        for file in log.lake().table(spec).await?.files() {
            let latest = file.times.map_or(i64::MIN, |(_, max)| max).min(now);
            let through = sources.entry(source).or_insert(latest);
            *through = latest.max(*through);
        }
    }
    Ok(sources.into_values().min().unwrap_or(now))
}
