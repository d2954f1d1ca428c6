//! The catalog of a session: landed tables, the SQL library as lazily planned views, and tables
//! made in memory. It is also the fence: a schema that the asker may not read is refused here,
//! with a sentence, whether it is named by a query or by a view inside it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, RwLock, Weak};

use async_trait::async_trait;
use datafusion::catalog::information_schema::INFORMATION_SCHEMA;
use datafusion::catalog::{CatalogProvider, MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::datasource::ViewTable;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{LogicalPlan, TableType};

use crate::engine::kept::{Extent, KeptTable, is_of_files_alone};
use crate::engine::log::{LogTables, VERSIONS};
use crate::engine::recall::Recalled;
use crate::error::Error;
use crate::library::{KINDS, Library, SqlFile};
use crate::sync::postgres;

pub const NAME: &str = "paydirt";
const LOG_SCHEMAS: &[&str] = &["stripe_log", "posthog_log", "files_log", "postgres_log"];
/// Schemas that only views read.
const INNER_SCHEMAS: &[&str] = &[VERSIONS];
const MEMORY_SCHEMAS: &[&str] = &["identity", "system", "backtest"];
/// Those of them that differ between the sessions of an engine.
const OF_SESSION: &[&str] = &["system", "backtest"];
/// The schema of landed Postgres tables as they stood.
const POSTGRES: &str = "postgres";

pub type Tables = HashMap<(String, String), Arc<dyn TableProvider>>;

/// Who is asking for a relation while a view is planned.
#[derive(Clone)]
struct Asker {
    file: Arc<SqlFile>,
    /// Names of the views around this one, outermost first.
    stack: Vec<String>,
}

tokio::task_local! {
    static ASKER: Asker;
}

/// Whether a view or a hypothesis is being planned right now.
pub fn inside_a_view() -> bool {
    ASKER.try_with(|_| ()).is_ok()
}

/// The views of an engine, each planned once for all its sessions: what a view reads follows from
/// its file, and what it says of a session's time and settings is folded when a query is optimised.
#[derive(Debug, Default)]
pub struct Views(Mutex<HashMap<ViewKey, Arc<dyn TableProvider>>>);

/// Schema, name, and whether answers are recalled.
type ViewKey = (String, String, bool);

impl Views {
    fn get(&self, key: &ViewKey) -> Option<Arc<dyn TableProvider>> {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).get(key).cloned()
    }

    fn insert(&self, key: ViewKey, view: Arc<dyn TableProvider>) {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).insert(key, view);
    }
}

#[derive(Debug)]
pub struct Catalog {
    library: Arc<Library>,
    log: Arc<LogTables>,
    views: Arc<Views>,
    /// Whether the session recalls answers.
    recalls: bool,
    /// Schemas that the session's own statements may name; `None`: all.
    may_read: Option<&'static [&'static str]>,
    /// Tables in memory; one of the same name stands in for a file.
    memory: RwLock<Tables>,
    state: OnceLock<Weak<parking_lot::RwLock<SessionState>>>,
    public: Arc<MemorySchemaProvider>,
}

impl Catalog {
    pub fn new(
        library: Arc<Library>,
        log: Arc<LogTables>,
        views: Arc<Views>,
        recalls: bool,
        memory: Tables,
        may_read: Option<&'static [&'static str]>,
    ) -> Arc<Self> {
        Arc::new(Self {
            library,
            log,
            views,
            recalls,
            may_read,
            memory: RwLock::new(memory),
            state: OnceLock::new(),
            public: Arc::new(MemorySchemaProvider::new()),
        })
    }

    /// Whether the session's own statements may name some schemas only.
    pub fn is_fenced(&self) -> bool {
        self.may_read.is_some()
    }

    /// The session in which views are planned; views then follow its `SET`s.
    pub fn bind(&self, state: Weak<parking_lot::RwLock<SessionState>>) {
        let _ = self.state.set(state);
    }

    /// Puts a table in memory, in front of a file of that name.
    pub fn put(&self, schema: &str, name: &str, table: Arc<dyn TableProvider>) {
        let mut memory = self.memory.write().unwrap_or_else(|e| e.into_inner());
        memory.insert((schema.to_owned(), name.to_owned()), table);
    }

    fn in_memory(&self, schema: &str, name: &str) -> Option<Arc<dyn TableProvider>> {
        let memory = self.memory.read().unwrap_or_else(|e| e.into_inner());
        memory.get(&(schema.to_owned(), name.to_owned())).cloned()
    }

    fn state(&self) -> Result<SessionState> {
        match self.state.get().and_then(Weak::upgrade) {
            Some(state) => Ok(state.read().clone()),
            None => Err(DataFusionError::Internal("the catalog has no session".into())),
        }
    }

    /// Refuses a schema that the asker may not read.
    fn fence(&self, schema: &str) -> Result<()> {
        let asker = ASKER.try_with(Clone::clone).ok();
        let may_read = match &asker {
            Some(asker) => Some(asker.file.kind.may_read),
            None => self.may_read,
        };
        let Some(may_read) = may_read.filter(|list| !list.contains(&schema)) else {
            return Ok(());
        };
        let who = match &asker {
            Some(asker) => asker.file.qualified_name(),
            None => "a hypothesis".to_owned(),
        };
        let why = match schema {
            "outcomes" => ": it holds what the hypothesis is to be tested against",
            "stripe_log" | "posthog_log" | "files_log" | "postgres_log" | "stripe_version"
            | "stripe_as_of" | "postgres_version" | "index" => {
                ": the log holds every version, also what became known later"
            }
            "system" | "information_schema" => ": it tells of the project, not of its customers",
            _ => "",
        };
        plan_err!("{who} may not read `{schema}`{why}; it may read {}", may_read.join(", "))
    }

    /// A query whose result is kept, as planned before with these parameters.
    pub fn variant(&self, file: &SqlFile, variant: &str) -> Option<Arc<dyn TableProvider>> {
        self.views.get(&self.variant_key(file, variant))
    }

    /// The same of a plan; `variant` tells apart those of one query.
    pub fn keep_variant(
        &self,
        state: &SessionState,
        file: &SqlFile,
        variant: String,
        plan: LogicalPlan,
    ) -> Result<Arc<dyn TableProvider>> {
        let key = self.variant_key(file, &variant);
        let kept = kept_table(state, file.qualified_name(), variant, plan, Extent::All)?;
        let is_shared = !kept.is_of_session();
        let kept: Arc<dyn TableProvider> = Arc::new(kept);
        if is_shared {
            self.views.insert(key, Arc::clone(&kept));
        }
        Ok(kept)
    }

    fn variant_key(&self, file: &SqlFile, variant: &str) -> ViewKey {
        (file.qualified_name(), variant.to_owned(), self.recalls)
    }

    async fn view(&self, file: &Arc<SqlFile>, name: &str) -> Result<Arc<dyn TableProvider>> {
        let qualified = format!("{}.{name}", file.kind.folder);
        let around = ASKER.try_with(Clone::clone).ok();
        let key = (file.kind.folder.to_owned(), name.to_owned(), self.recalls);
        let is_shared = !file.kind.may_read.iter().any(|schema| OF_SESSION.contains(schema));
        if is_shared && let Some(view) = self.views.get(&key) {
            return Ok(view);
        }
        let mut stack = around.map(|asker| asker.stack).unwrap_or_default();
        if stack.contains(&qualified) {
            return plan_err!(
                "views read each other in a circle: {} → {qualified}",
                stack.join(" → ")
            );
        }
        stack.push(qualified);
        let sql = file.text.replace("{resource}", name);
        let asker = Asker { file: Arc::clone(file), stack };
        let state = self.state()?;
        let plan = Box::pin(ASKER.scope(asker, async { state.create_logical_plan(&sql).await }))
            .await
            .map_err(|error| in_file(file, error))?;
        let name = format!("{}.{name}", file.kind.folder);
        let keep = file.header.value("keep");
        let view: Arc<dyn TableProvider> = match (keep, keep.and_then(Extent::parse)) {
            (_, Some(extent)) => Arc::new(kept_table(&state, name, String::new(), plan, extent)?),
            (Some("answers"), _) if !is_of_files_alone(&plan)? => {
                return plan_err!("{name} keeps answers and so may read landed rows only");
            }
            (Some("answers"), _) if self.recalls => Arc::new(Recalled::new(name, plan)),
            (Some("answers") | None, _) => Arc::new(ViewTable::new(plan, Some(sql))),
            (Some(other), _) => {
                let error = format!(
                    "@keep: `{other}` is none of `result`, `files`, `answers` and \
                     `groups of RELATION by COLUMN`"
                );
                return Err(in_file(file, DataFusionError::Plan(error)));
            }
        };
        if is_shared {
            self.views.insert(key, Arc::clone(&view));
        }
        Ok(view)
    }
}

/// A relation whose result is kept.
fn kept_table(
    state: &SessionState,
    name: String,
    variant: String,
    plan: LogicalPlan,
    extent: Extent,
) -> Result<KeptTable> {
    // Only the analyser knows the types that unions come to.
    let plan = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {})?;
    KeptTable::new(name, variant, plan, extent)
}

/// Names the file, and the line where one is known; the innermost file is the one to mend.
fn in_file(file: &SqlFile, error: DataFusionError) -> DataFusionError {
    if let DataFusionError::External(inner) = error.find_root()
        && inner.is::<Error>()
    {
        return error;
    }
    DataFusionError::External(Box::new(Error::located(error).in_file(&file.path)))
}

impl CatalogProvider for CatalogHandle {
    fn schema_names(&self) -> Vec<String> {
        let kinds = KINDS.iter().map(|kind| kind.folder);
        let all = kinds.chain(LOG_SCHEMAS.iter().copied()).chain(MEMORY_SCHEMAS.iter().copied());
        let mut names: Vec<String> = all.chain(["public"]).map(str::to_owned).collect();
        names.sort();
        names.dedup();
        names
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        if name == "public" {
            return Some(Arc::clone(&self.0.public) as Arc<dyn SchemaProvider>);
        }
        // Asked for only where the session keeps it from its own statements.
        let is_fenced = name == INFORMATION_SCHEMA;
        let is_inner = INNER_SCHEMAS.contains(&name);
        (is_fenced || is_inner || self.schema_names().iter().any(|known| known == name)).then(
            || {
                Arc::new(Schema { catalog: Arc::clone(&self.0), name: name.to_owned() })
                    as Arc<dyn SchemaProvider>
            },
        )
    }
}

/// What a session registers as its catalog.
#[derive(Debug)]
pub struct CatalogHandle(pub Arc<Catalog>);

#[derive(Debug)]
struct Schema {
    catalog: Arc<Catalog>,
    name: String,
}

impl Schema {
    fn file(&self, name: &str) -> Option<&Arc<SqlFile>> {
        if self.name == "stripe_version" && self.catalog.log.contains("stripe_log", name) {
            return self.catalog.library.get("stripe_version", "each");
        }
        let own = self.catalog.library.get(&self.name, name);
        if self.name == POSTGRES && self.landed().iter().any(|landed| landed == name) {
            return own.or_else(|| self.catalog.library.get("postgres_version", "each"));
        }
        own
    }

    /// Postgres tables that landed as they are.
    fn landed(&self) -> Vec<String> {
        let mut names = self.catalog.log.names(postgres::LOG);
        names.retain(|name| name != "events");
        names
    }
}

#[async_trait]
impl SchemaProvider for Schema {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.catalog.log.names(&self.name);
        if self.name == POSTGRES {
            names.extend(self.landed());
        }
        names.extend(
            self.catalog
                .library
                .folder(&self.name)
                .filter(|file| file.kind.is_relation)
                .map(|file| file.name.clone()),
        );
        let memory = self.catalog.memory.read().unwrap_or_else(|e| e.into_inner());
        names.extend(memory.keys().filter(|(s, _)| *s == self.name).map(|(_, t)| t.clone()));
        names.sort();
        names.dedup();
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        self.catalog.fence(&self.name)?;
        if let Some(table) = self.catalog.in_memory(&self.name, name) {
            return Ok(Some(table));
        }
        if let Some(file) = self.file(name) {
            return self.catalog.view(file, name).await.map(Some);
        }
        let provider = self.catalog.log.provider(&self.name, name).await;
        provider.map_err(|error| DataFusionError::External(Box::new(error)))
    }

    /// Answered without planning: one view that does not plan must not break all listings.
    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        if self.file(name).is_some() {
            return Ok(Some(TableType::View));
        }
        Ok(self.table_exist(name).then_some(TableType::Base))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.file(name).is_some()
            || self.catalog.log.contains(&self.name, name)
            || self.catalog.in_memory(&self.name, name).is_some()
    }
}
