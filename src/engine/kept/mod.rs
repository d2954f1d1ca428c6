//! Relations whose result is kept (`-- @keep result`): computed once for each value of the settings
//! that they follow (time, mode, confidence), for all sessions of an engine. Views that read them stay
//! small plans, and no two of them compute the same thing. What took long is stored beside the lake,
//! for the next run over the same data. One that is kept by file (`-- @keep files`) is computed for
//! each landed file by itself: what lands later costs what it brings. One that is kept by group
//! (`-- @keep groups of RELATION by COLUMN`) is computed for the groups that changed.

mod groups;
mod parts;
mod reads;
mod result;
mod store;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, TableType};
use datafusion::physical_plan::ExecutionPlan;
use tokio::sync::OnceCell;

use crate::engine::options::Settings;
pub use groups::Groups;
use reads::Reads;
use result::Kept;
pub use store::Store;

type Cells = Mutex<HashMap<String, Arc<OnceCell<Kept>>>>;

/// Results by relation and what they follow.
#[derive(Debug)]
pub struct KeptResults {
    of_time: Cells,
    timeless: Arc<Cells>,
    store: Arc<Store>,
}

impl KeptResults {
    pub fn new(store: Store) -> Self {
        Self { of_time: Cells::default(), timeless: Arc::default(), store: Arc::new(store) }
    }

    /// The same results, of which every one is stored, however little it took.
    pub fn storing_all(&self) -> Self {
        Self::new(self.store.of_everything())
    }

    /// Those that a session computes with.
    fn of(session: &dyn Session) -> Result<Arc<Self>> {
        let results = session.config().get_extension::<Self>();
        results.ok_or_else(|| DataFusionError::Internal("this session keeps no results".into()))
    }

    /// The same store, and nothing of what is held.
    fn alone(&self) -> Self {
        let store = Arc::clone(&self.store);
        Self { of_time: Cells::default(), timeless: Arc::default(), store }
    }

    /// Shares what does not follow time, and nothing else: for a look at another time, whose
    /// results are then let go of together.
    pub fn apart(&self) -> Self {
        Self {
            of_time: Cells::default(),
            timeless: Arc::clone(&self.timeless),
            store: Arc::clone(&self.store),
        }
    }
}

/// Whether a plan says the same in every session: nothing but landed tables is read, as they are.
pub fn is_of_files_alone(plan: &LogicalPlan) -> Result<bool> {
    Ok(Reads::of(plan)?.is_of_files_alone())
}

/// A relation that is computed when a session first scans it. It is planned once for all sessions,
/// so results are those of the session.
#[derive(Debug)]
pub struct KeptTable {
    name: String,
    /// What tells results of one name apart: a query and its parameters.
    variant: String,
    plan: LogicalPlan,
    schema: SchemaRef,
    reads: Reads,
    extent: Extent,
    /// Results of its own instead.
    own: Option<Arc<KeptResults>>,
}

/// What one computation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    All,
    /// Some landed files; the result is the rows of all such computations.
    Files,
    /// Some groups, the others being what they were.
    Groups(Groups),
}

impl Extent {
    /// What `@keep` says, if it says that.
    pub fn parse(keep: &str) -> Option<Self> {
        match keep {
            "result" => Some(Self::All),
            "files" => Some(Self::Files),
            _ => keep.strip_prefix("groups of ").and_then(Groups::parse).map(Self::Groups),
        }
    }
}

impl KeptTable {
    pub fn new(name: String, variant: String, plan: LogicalPlan, extent: Extent) -> Result<Self> {
        let reads = Reads::of(&plan)?;
        if extent == Extent::Files && !reads.is_of_files_alone() {
            return plan_err!("{name} is kept by file and so may read landed rows only");
        }
        let schema = Arc::clone(plan.schema().inner());
        let table = Self { name, variant, plan, schema, reads, extent, own: None };
        if let Extent::Groups(Groups { of, .. }) = &table.extent {
            table.check_groups(of)?;
        }
        Ok(table)
    }

    /// Whether it reads what only one session has.
    pub fn is_of_session(&self) -> bool {
        !self.reads.is_storable
    }

    /// Names what the result follows: equal keys over equal data are equal results.
    fn key(&self, settings: &Settings) -> String {
        let Settings { as_of, min_confidence, .. } = settings;
        let key = (
            &self.name,
            &self.variant,
            self.reads.time.then_some(as_of),
            self.reads.confidence.then_some(min_confidence),
            self.reads.settings.then(|| Settings {
                as_of: 0,
                default_as_of: 0,
                min_confidence: 0.0,
                ..settings.clone()
            }),
        );
        format!("{key:?}")
    }

    fn cell(&self, results: &KeptResults, key: &str) -> Arc<OnceCell<Kept>> {
        let cells = if self.reads.time { &results.of_time } else { &*results.timeless };
        let mut cells = cells.lock().unwrap_or_else(|e| e.into_inner());
        Arc::clone(cells.entry(key.to_owned()).or_default())
    }

    async fn find_or_compute(
        &self,
        state: &SessionState,
        results: &KeptResults,
        key: &str,
    ) -> Result<Kept> {
        match &self.extent {
            Extent::Files => return self.find_or_compute_parts(state, &results.store, key).await,
            Extent::Groups(groups) if self.reads.is_storable => {
                return self.find_or_compute_groups(state, results, key, groups).await;
            }
            _ => {}
        }
        // Planning computes what this one is made of, where nobody has yet.
        let started = Instant::now();
        let place = self
            .reads
            .is_storable
            .then(|| results.store.place(&self.name, &self.reads.fingerprint(key)));
        if let Some(place) = &place
            && let Some(stored) = place.find()
        {
            return Ok(Kept { held: vec![], stored });
        }
        let plan = state.create_physical_plan(&self.plan).await?;
        result::compute(&self.name, plan, state.task_ctx(), &self.schema, place, started).await
    }
}

#[async_trait]
impl TableProvider for KeptTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let state = session.as_any().downcast_ref::<SessionState>().ok_or_else(|| {
            DataFusionError::Internal("a kept relation needs a session state".into())
        })?;
        let key = self.key(Settings::of(session.config_options())?);
        let results = match &self.own {
            Some(own) => Arc::clone(own),
            None => KeptResults::of(session)?,
        };
        let cell = self.cell(&results, &key);
        let find = async || {
            let kept = self.find_or_compute(state, &results, &key).await?;
            kept.at_hand(session, &self.schema).await
        };
        let kept = Box::pin(cell.get_or_try_init(find)).await?;
        kept.scan(session, &self.schema, projection)
    }
}
