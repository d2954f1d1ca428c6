//! The SQL library: every relation that people may argue with is a file, `<folder>/<name>.sql`.
//!
//! Shipped files are embedded; a project's own file of the same folder and name replaces one
//! whole. A file's folder is its kind, and a kind says what its SQL may read: that is the fence
//! which keeps outcomes out of hypotheses, also through views.

mod header;
mod kind;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};

pub use header::{Header, HypothesisHeader, RateClaim, RateOp};
pub use kind::{HYPOTHESIS_MAY_READ, KINDS, Kind};

use crate::error::{Error, Result};

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sql");

/// One SQL file.
#[derive(Debug, Clone)]
pub struct SqlFile {
    pub kind: &'static Kind,
    pub name: String,
    /// Where it stands: a path of the project, or `sql/…` of paydirt itself.
    pub path: PathBuf,
    pub text: String,
    pub header: Header,
    /// The project's own file stands in for a shipped one.
    pub replaces_shipped: bool,
}

impl SqlFile {
    /// Reads the text of a file of `kind`; header mistakes are errors with file and line.
    pub fn parse(kind: &'static Kind, name: &str, path: &Path, text: String) -> Result<Self> {
        let header = Header::parse(&text, kind.keys, path)?;
        Ok(Self {
            kind,
            name: name.to_owned(),
            path: path.to_path_buf(),
            text,
            header,
            replaces_shipped: false,
        })
    }

    /// The SQL without header, comments and final semicolon count, so that a hash of it changes
    /// with the query and not with its description.
    pub fn sql_hash(&self) -> String {
        let code: Vec<&str> = self
            .text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("--"))
            .collect();
        blake3::hash(code.join("\n").trim_end_matches(';').as_bytes()).to_hex()[..16].to_owned()
    }

    pub fn qualified_name(&self) -> String {
        format!("{}.{}", self.kind.folder, self.name)
    }
}

/// All SQL files of a project: the shipped ones and its own.
#[derive(Debug, Default)]
pub struct Library {
    files: BTreeMap<(String, String), Arc<SqlFile>>,
    /// Shipped files that a file of the project stands in for.
    replaced: BTreeMap<(String, String), Arc<SqlFile>>,
    /// Files that cannot be used, and why. They are reported, and never break the others.
    pub broken: Vec<Error>,
}

impl Library {
    /// Shipped files, and those under `sql_dir` where there is one.
    pub fn load(sql_dir: Option<&Path>) -> Result<Self> {
        let mut library = Self::default();
        for kind in KINDS {
            if let Some(folder) = SHIPPED.get_dir(kind.folder) {
                for file in folder.files().filter(|file| is_sql(file.path())) {
                    let text = file.contents_utf8().unwrap_or_default().to_owned();
                    library.add(kind, &Path::new("sql").join(file.path()), text);
                }
            }
            if let Some(dir) = sql_dir {
                library.add_folder(kind, &dir.join(kind.folder))?;
            }
        }
        Ok(library)
    }

    fn add_folder(&mut self, kind: &'static Kind, folder: &Path) -> Result<()> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
        let mut paths: Vec<PathBuf> =
            entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        paths.sort();
        for path in paths.into_iter().filter(|path| is_sql(path)) {
            match std::fs::read_to_string(&path) {
                Ok(text) => self.add(kind, &path, text),
                Err(error) => self.broken.push(Error::from(error).context(path.display())),
            }
        }
        Ok(())
    }

    fn add(&mut self, kind: &'static Kind, path: &Path, text: String) {
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        match SqlFile::parse(kind, &name, path, text) {
            Ok(mut file) => {
                let key = (kind.folder.to_owned(), name);
                if let Some(shipped) = self.files.get(&key) {
                    file.replaces_shipped = true;
                    self.replaced.insert(key.clone(), Arc::clone(shipped));
                }
                self.files.insert(key, Arc::new(file));
            }
            Err(error) => self.broken.push(error),
        }
    }

    /// Makes these properties of product events columns of them, after all others.
    pub fn promote(&mut self, properties: &[String]) {
        let columns: Vec<String> = properties
            .iter()
            .map(|name| format!("properties ->> '{name}' as \"{name}\""))
            .collect();
        let key = ("index".to_owned(), "events".to_owned());
        if let Some(file) = self.files.get_mut(&key).filter(|_| !columns.is_empty()) {
            let events = Arc::make_mut(file);
            let inner = events.text.trim_end().trim_end_matches(';');
            // On one line, so that a mistake in the file is told with its own line.
            events.text = format!("select *, {} from ({inner}\n)", columns.join(", "));
        }
    }

    pub fn get(&self, folder: &str, name: &str) -> Option<&Arc<SqlFile>> {
        self.files.get(&(folder.to_owned(), name.to_owned()))
    }

    /// The shipped file that a file of the project stands in for.
    pub fn replaced(&self, file: &SqlFile) -> Option<&Arc<SqlFile>> {
        self.replaced.get(&(file.kind.folder.to_owned(), file.name.clone()))
    }

    /// Files of one folder, by name.
    pub fn folder<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Arc<SqlFile>> {
        self.files.values().filter(move |file| file.kind.folder == folder)
    }

    pub fn files(&self) -> impl Iterator<Item = &Arc<SqlFile>> {
        self.files.values()
    }

    /// A hypothesis by name, or, where the text names a `.sql` file, from that file.
    pub fn hypothesis(&self, name_or_path: &str) -> Result<Arc<SqlFile>> {
        let kind = Kind::of("hypotheses");
        let path = Path::new(name_or_path);
        if is_sql(path) {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Error::from(error).context(path.display()))?;
            let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("hypothesis");
            return SqlFile::parse(kind, name, path, text).map(Arc::new);
        }
        if let Some(file) = self.get(kind.folder, name_or_path) {
            return Ok(Arc::clone(file));
        }
        // A file that cannot be read is the likelier reason than a wrong name.
        if let Some(error) =
            self.broken.iter().find(|e| e.message().contains(&format!("{name_or_path}.sql")))
        {
            return Err(error.clone());
        }
        let names: Vec<&str> = self.folder(kind.folder).map(|file| file.name.as_str()).collect();
        let error = Error::new(format!("no hypothesis `{name_or_path}`"));
        Err(match closest(name_or_path, &names) {
            Some(name) => error.hint(format!("did you mean `{name}`?")),
            None if names.is_empty() => error
                .hint(format!("`paydirt new hypothesis {name_or_path}` writes one to start from")),
            None => error.hint(format!("there are: {}", names.join(", "))),
        })
    }
}

fn is_sql(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sql")
}

/// The name a person may have meant.
pub fn closest<'a>(wanted: &str, names: &[&'a str]) -> Option<&'a str> {
    let score = |name: &&str| (strsim::jaro_winkler(wanted, name) * 1000.0) as i64;
    names.iter().copied().max_by_key(score).filter(|name| score(name) > 800)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_files_have_a_sentence_and_a_known_header() {
        let library = Library::load(None).unwrap();
        assert!(library.broken.is_empty(), "{:?}", library.broken);
        for file in library.files() {
            assert!(!file.header.sentence.is_empty(), "{} says nothing", file.path.display());
        }
    }

    #[test]
    fn a_project_file_replaces_the_shipped_one_whole() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("models")).unwrap();
        let own = "-- Mine.\nselect 1 as one";
        std::fs::write(dir.path().join("models/trials.sql"), own).unwrap();
        let library = Library::load(Some(dir.path())).unwrap();
        let file = library.get("models", "trials").unwrap();
        assert!(file.replaces_shipped);
        assert_eq!(file.text, own);
    }

    #[test]
    fn the_hash_is_of_the_query_not_of_its_words() {
        let parse = |text: &str| {
            SqlFile::parse(Kind::of("models"), "m", Path::new("m.sql"), text.into()).unwrap()
        };
        assert_eq!(parse("-- One.\nselect 1;").sql_hash(), parse("-- Two.\n\nselect 1").sql_hash());
        assert_ne!(parse("-- A.\nselect 1").sql_hash(), parse("-- A.\nselect 2").sql_hash());
    }
}
