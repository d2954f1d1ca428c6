//! A company made for a test: a project folder with settings and files, landed in this process
//! and asked in SQL.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use paydirt::config::Project;
use paydirt::engine::{Engine, Session};
use paydirt::error::{Error, Result};
use paydirt::lake::Lake;
use paydirt::sync::files::{Expanded, expand};
use paydirt::sync::land::{Landing, Outcome};
use paydirt::time::parse_moment;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// The settings under which the sample was worked by hand.
const SAMPLE_SETTINGS: &str = include_str!("../../data/sample/paydirt.toml");

/// Deep plans overflow the default stack of a debug build.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().enable_all().thread_stack_size(16 << 20).build().unwrap()
});

/// Runs a future to its end on threads with room for deep plans.
pub fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    match RUNTIME.block_on(RUNTIME.spawn(future)) {
        Ok(value) => value,
        // The panic of another thread is told here, where the test's output is kept.
        Err(error) => match error.into_panic().downcast::<String>() {
            Ok(text) => panic!("{text}"),
            Err(other) => std::panic::resume_unwind(other),
        },
    }
}

/// A file or folder of the sample.
pub fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample").join(name)
}

/// The sample in its newer shape, landed once and never written to again.
pub fn landed_sample() -> &'static Company {
    static SAMPLE: LazyLock<Company> = LazyLock::new(|| {
        // A static is never dropped: the folder has one name, so that runs do not pile up.
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("landed_sample");
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(&root).unwrap();
        let company = Company { root, _folder: None };
        company.take_sample_settings();
        company.land(&[sample("stripe_clover"), sample("product_events.json")]);
        company
    });
    &SAMPLE
}

/// A project folder; it is removed in the end.
pub struct Company {
    root: PathBuf,
    _folder: Option<TempDir>,
}

impl Company {
    /// A project with these settings (the text of its `paydirt.toml`) and an empty lake.
    pub fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let company = Self { root: folder.path().to_path_buf(), _folder: Some(folder) };
        company.write("paydirt.toml", settings);
        company
    }

    /// A project that is there already, and stays.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf(), _folder: None }
    }

    /// A project with the sample's settings and hypothesis, and an empty lake.
    pub fn like_sample() -> Self {
        let company = Self::new("");
        company.take_sample_settings();
        company
    }

    fn take_sample_settings(&self) {
        self.write("paydirt.toml", SAMPLE_SETTINGS);
        let hypothesis = "shared_a_report.sql";
        let text = std::fs::read(sample(hypothesis)).unwrap();
        self.write(&format!("sql/hypotheses/{hypothesis}"), text);
    }

    /// The same project in another folder, for tests that change it.
    pub fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&self.root, folder.path(), &self.root.join("data/cache"));
        Self { root: folder.path().to_path_buf(), _folder: Some(folder) }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes a file of the project, and the folders around it.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Lands files, or all files of folders.
    pub fn land(&self, paths: &[PathBuf]) -> Vec<Outcome> {
        let Expanded { files: paths, rejected: missing, .. } = expand(paths);
        assert!(missing.is_empty(), "{missing:?}");
        let root = self.root.clone();
        wait(async move {
            let project = Project::open(Some(&root)).unwrap();
            let lake = Lake::open(project.lake()).await.unwrap();
            let mut landing = Landing::new(lake, project.config.source.files.clone());
            let mut outcomes = vec![];
            for path in paths {
                outcomes.push(landing.file(&path, None, &|_| {}).await.unwrap());
            }
            outcomes
        })
    }

    /// Writes one file and lands it.
    pub fn land_text(&self, name: &str, content: impl AsRef<[u8]>) -> Outcome {
        let path = self.write(name, content);
        self.land(&[path]).remove(0)
    }

    /// Opens the project as it is now.
    pub fn open(&self) -> Database {
        self.open_at(None)
    }

    /// The same as of a moment.
    pub fn open_as_of(&self, moment: &str) -> Database {
        self.open_at(Some(parse_moment(moment).unwrap()))
    }

    fn open_at(&self, as_of: Option<i64>) -> Database {
        let root = self.root.clone();
        wait(async move {
            let project = Project::open(Some(&root)).unwrap();
            let engine = Engine::open(project, as_of).await.unwrap();
            let session = engine.session().unwrap();
            Database { engine, session }
        })
    }
}

/// Copies all but what is stored to be faster: other tests are writing it.
fn copy_folder(from: &Path, to: &Path, cache: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (entry, target) =
            entry.map(|entry| (entry.path(), to.join(entry.file_name()))).unwrap();
        if entry == cache {
            continue;
        }
        if entry.is_dir() {
            copy_folder(&entry, &target, cache);
        } else {
            std::fs::copy(&entry, &target).unwrap();
        }
    }
}

/// An open project and one session in it.
pub struct Database {
    pub engine: Engine,
    pub session: Session,
}

impl Database {
    /// Moves the session in time.
    pub fn at(&self, moment: &str) -> &Self {
        self.set("paydirt.as_of", moment).unwrap();
        self
    }

    /// `SET key = 'value'`.
    pub fn set(&self, key: &str, value: &str) -> Result<()> {
        let (session, sql) = (self.session.clone(), format!("set {key} = '{value}'"));
        wait(async move { session.ctx.sql(&sql).await.map(drop).map_err(Error::from) })
    }

    /// The rows of a query, one text each: `value | value`, with `NULL` for nothing.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        self.try_rows(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"))
    }

    pub fn try_rows(&self, sql: &str) -> Result<Vec<String>> {
        let (session, sql) = (self.session.clone(), sql.to_owned());
        wait(async move { session.query(&sql).await }).map(|batches| texts(&batches))
    }

    /// The one value of a query.
    pub fn value(&self, sql: &str) -> String {
        let rows = self.rows(sql);
        assert_eq!(rows.len(), 1, "{sql}");
        rows[0].clone()
    }

    /// The keys of all landed rows, each with its table, in order; doubled rows show as such.
    pub fn landed_keys(&self) -> Vec<String> {
        let mut keys = vec![];
        for spec in self.engine.specs().filter(|spec| !spec.name.starts_with("system/")) {
            let table = spec.name.replace('/', ".");
            let rows = self.rows(&format!("select encode(key, 'hex') from {table}"));
            keys.extend(rows.into_iter().map(|key| format!("{table} {key}")));
        }
        keys.sort();
        keys
    }
}

fn texts(batches: &[RecordBatch]) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let mut rows = vec![];
    for batch in batches {
        let columns: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        rows.extend((0..batch.num_rows()).map(|row| {
            let cells = columns.iter().map(|column| column.value(row).to_string());
            cells.collect::<Vec<_>>().join(" | ")
        }));
    }
    rows
}
