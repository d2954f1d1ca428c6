//! The engine: a project's lake and SQL library as a database that can be moved through time.
//!
//! Every leaf of every query is an as-of relation. `Engine` holds what sessions share; a `Session`
//! is one DataFusion context with its own as-of time and its own fence.

pub mod catalog;
mod compactor;
pub mod computed;
mod contested;
mod data_through;
pub mod explain;
mod fence;
mod functions;
mod kept;
mod landed;
mod log;
pub mod options;
mod overridden;
mod partitions;
mod recall;
mod session;
pub mod system;
mod ties;
mod versions;

use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::datasource::ViewTable;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::runtime_env::RuntimeEnv;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::task::block_in_place;

use crate::config::Project;
use crate::engine::catalog::{Catalog, Tables, Views};
use crate::engine::kept::{KeptResults, Store};
use crate::engine::landed::nothing;
use crate::engine::log::LogTables;
use crate::engine::options::{SessionSettings, Settings};
use crate::error::{Error, Result};
use crate::identity::{self, Identity};
use crate::lake::{Lake, Table, TableSpec};
use crate::library::{HYPOTHESIS_MAY_READ, Library, SqlFile};
use crate::sync;
use crate::sync::postgres;
use paydirt_udfs::identity::Lists;
use paydirt_udfs::identity::lists::{DatedList, FreeMail, MailLists};
use paydirt_udfs::identity::placeholder::Placeholders;

pub use compactor::Compactor;
pub use data_through::DataThrough;
pub use recall::Recall;
pub use session::Session;

/// Tables that are opened at a time.
const TABLES_AT_ONCE: usize = 8;

/// Kinds of SQL that no relation is made of.
const ASKING: [&str; 3] = ["hypotheses", "queries", "commands"];

/// What the sessions of one project share.
#[derive(Debug, Clone)]
pub struct Engine {
    pub project: Arc<Project>,
    pub library: Arc<Library>,
    log: Arc<LogTables>,
    kept: Arc<KeptResults>,
    views: Arc<Views>,
    /// Tables in memory that every session has.
    memory: Tables,
    recall: Option<Recall>,
    lists: Arc<Lists>,
    identity: Arc<Identity>,
    runtime: Arc<RuntimeEnv>,
    as_of: Option<i64>,
    settings: Arc<OnceCell<Settings>>,
    data_through: Arc<OnceCell<DataThrough>>,
}

impl Engine {
    /// Opens lake and library; `as_of` (µs) overrides the project's.
    pub async fn open(project: Project, as_of: Option<i64>) -> Result<Self> {
        let mut library = Library::load(Some(&project.sql_dir()))?;
        library.promote(&project.config.source.posthog.promote);
        let lake = Lake::open(project.lake()).await?;
        let landed = postgres::landed_specs(&lake).await?;
        let specs = sync::table_specs().into_iter().chain(system::specs()).chain(landed).collect();
        let runtime = session::runtime(&lake)?;
        let log = LogTables::new(lake, specs);
        let settings = &project.config.identity;
        let mail = MailLists::new(&FreeMail {
            free_mail_domains: settings.free_mail_domains.clone(),
            free_mail_add: settings.free_mail_add.clone(),
            free_mail_remove: settings.free_mail_remove.clone(),
        })
        .map_err(|error| Error::new(format!("paydirt.toml: [identity] {error}")))?;
        let placeholders =
            Placeholders::new(&settings.placeholder_ids_add, &settings.placeholder_ids_remove);
        let lists = Lists { mail, placeholders };
        let identity = Identity::read(&project, &lists)?;
        // Stored files are read by their whole path.
        let cache = std::path::absolute(project.cache_dir())?;
        let store = Store::new(cache, salt(&project, &identity, &library)?);
        let memory = tables_in_memory(&library, &identity)?;
        Ok(Self {
            library: Arc::new(library),
            log: Arc::new(log),
            kept: Arc::new(KeptResults::new(store)),
            views: Arc::default(),
            memory,
            recall: None,
            lists: Arc::new(lists),
            identity: Arc::new(identity),
            runtime,
            as_of,
            settings: Arc::default(),
            data_through: Arc::default(),
            project: Arc::new(project),
        })
    }

    /// What the project's sessions believe, worked out when first asked for.
    pub async fn settings(&self) -> Result<&Settings> {
        self.settings.get_or_try_init(|| self.work_out()).await
    }

    /// Up to when the data are there, found out when first asked for.
    pub async fn data_through(&self) -> Result<&DataThrough> {
        let find = || data_through::data_through(&self.log, &self.project.config);
        self.data_through.get_or_try_init(find).await
    }

    async fn work_out(&self) -> Result<Settings> {
        let config = &self.project.config;
        let data_through = self.data_through().await?.at;
        let as_of = self.as_of.or(config.backtest.as_of).unwrap_or(data_through);
        Ok(Settings {
            as_of,
            default_as_of: as_of,
            data_through,
            mode: config.mode,
            min_confidence: config.identity.min_confidence,
            account_metadata_keys: config.identity.account_metadata_keys.join(","),
            group_types: config.identity.group_types.join(","),
        })
    }

    pub fn lake(&self) -> &Lake {
        self.log.lake()
    }

    /// The lists of mail providers and domains in use, with their dates.
    pub fn dated_lists(&self) -> Vec<DatedList> {
        self.lists.mail.dated()
    }

    pub fn specs(&self) -> impl Iterator<Item = &TableSpec> {
        self.log.specs()
    }

    /// A table as this engine sees it.
    pub async fn table(&self, spec: &TableSpec) -> Result<Table> {
        self.log.table(spec).await
    }

    /// SQL that a command runs, from `sql/commands`.
    pub fn command(&self, name: &str) -> Result<&SqlFile> {
        let file = self.library.get("commands", name);
        file.map(Arc::as_ref).ok_or_else(|| Error::new(format!("no sql/commands/{name}.sql")))
    }

    /// Sees what was written to `system` tables since. Landed data stay as they were when the
    /// engine was opened, so that all of a run reads the same.
    pub fn refresh_system(&self) {
        self.log.refresh("system");
    }

    /// The same project for a look at another time: what that look computes is let go of with it.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { kept: Arc::new(self.kept.apart()), ..self.clone() }
    }

    /// The same project for a run that asks the same of several times.
    #[must_use]
    pub fn recalling(&self, recall: &Recall) -> Self {
        Self { recall: Some(recall.clone()), ..self.clone() }
    }

    /// Stores the result of every kept relation, also of those that take no time: for tests.
    #[must_use]
    pub fn storing_all(&self) -> Self {
        Self { kept: Arc::new(self.kept.storing_all()), ..self.clone() }
    }

    /// A session that may read everything, at the project's as-of time.
    pub fn session(&self) -> Result<Session> {
        let engine = self.clone();
        let source = move || {
            let runtime = Handle::current();
            block_in_place(|| runtime.block_on(engine.settings()).cloned())
        };
        self.make_session(SessionSettings::later(Arc::new(source)), None)
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
        self.make_session(settings.into(), may_read)
    }

    fn make_session(
        &self,
        settings: SessionSettings,
        may_read: Option<&'static [&'static str]>,
    ) -> Result<Session> {
        let catalog = Catalog::new(
            Arc::clone(&self.library),
            Arc::clone(&self.log),
            Arc::clone(&self.views),
            self.recall.is_some(),
            self.memory.clone(),
            may_read,
        );
        let session = Session::new(
            settings,
            catalog,
            Arc::clone(&self.kept),
            self.recall.clone(),
            Arc::clone(&self.lists),
            Arc::clone(&self.runtime),
        )?;
        FunctionRegistry::register_udf(
            &mut session.ctx.clone(),
            overridden::function(self.identity.overridden_users()),
        )?;
        Ok(session)
    }
}

fn tables_in_memory(library: &Library, identity: &Identity) -> Result<Tables> {
    let mut tables = Tables::new();
    for (name, rows) in identity.relations()? {
        tables.insert((identity::SCHEMA.to_owned(), name.to_owned()), fixed_table(rows)?);
    }
    let library = fixed_table(system::library(library)?)?;
    tables.insert(("system".to_owned(), "library".to_owned()), library);
    Ok(tables)
}

/// Rows that stay: where there are none, the planner drops what is joined with them.
fn fixed_table(rows: RecordBatch) -> Result<Arc<dyn TableProvider>> {
    if rows.num_rows() > 0 {
        return Ok(Arc::new(MemTable::try_new(rows.schema(), vec![vec![rows]])?));
    }
    Ok(Arc::new(ViewTable::new(nothing(&rows.schema())?, None)))
}

/// What stored results depend on besides landed files and a session's settings: the program, the
/// SQL of all relations, and what the project says of identity.
fn salt(project: &Project, identity: &Identity, library: &Library) -> Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    let program = std::env::current_exe()?.metadata()?;
    hasher.update(format!("{} {:?}", program.len(), program.modified()?).as_bytes());
    hasher.update(format!("{:?} {identity:?}", project.config.identity).as_bytes());
    for file in library.files().filter(|file| !ASKING.contains(&file.kind.folder)) {
        hasher.update(file.qualified_name().as_bytes());
        hasher.update(file.sql_hash().as_bytes());
    }
    Ok(hasher.finalize())
}
