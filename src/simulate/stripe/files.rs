//! List files: pages of objects as the API returns them, one object a line.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::{Error, Result};

/// A file is closed when its text has grown to this.
const FILE_BYTES: u64 = 512 << 20;
const BUFFER: usize = 256 << 10;

/// The files of one resource.
pub struct ListFiles {
    folder: PathBuf,
    resource: &'static str,
    is_compressed: bool,
    open: Option<Sink>,
    files: u32,
    bytes: u64,
    /// Objects written so far.
    pub objects: u64,
}

enum Sink {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Sink::Plain(file) => file.write_all(bytes),
            Sink::Gzip(file) => file.write_all(bytes),
        }
    }

    fn finish(self) -> std::io::Result<()> {
        match self {
            Sink::Plain(mut file) => file.flush(),
            Sink::Gzip(file) => file.finish()?.flush(),
        }
    }
}

impl ListFiles {
    pub fn new(folder: &Path, resource: &'static str, is_compressed: bool) -> Self {
        Self {
            folder: folder.to_path_buf(),
            resource,
            is_compressed,
            open: None,
            files: 0,
            bytes: 0,
            objects: 0,
        }
    }

    /// Adds an object.
    pub fn push(&mut self, object: &[u8]) -> Result<()> {
        if self.bytes >= FILE_BYTES {
            self.close()?;
        }
        let is_first = self.open.is_none();
        if is_first {
            self.begin()?;
        }
        if !is_first {
            self.write(b",\n")?;
        }
        self.write(object)?;
        self.objects += 1;
        Ok(())
    }

    /// Closes the last file; a resource without objects has one empty list.
    pub fn finish(&mut self) -> Result<()> {
        if self.files == 0 {
            self.begin()?;
        }
        self.close()
    }

    fn begin(&mut self) -> Result<()> {
        self.files += 1;
        let part = match self.files {
            1 => String::new(),
            n => format!("-{n:03}"),
        };
        let ending = if self.is_compressed { "json.gz" } else { "json" };
        let path = self.folder.join(format!("{}{part}.{ending}", self.resource));
        let file =
            File::create(&path).map_err(|error| Error::from(error).context(path.display()))?;
        let file = BufWriter::with_capacity(BUFFER, file);
        self.open = Some(if self.is_compressed {
            Sink::Gzip(Box::new(GzEncoder::new(file, Compression::fast())))
        } else {
            Sink::Plain(file)
        });
        self.bytes = 0;
        let resource = self.resource;
        let head = format!(
            "{{\"object\":\"list\",\"url\":\"/v1/{resource}\",\"has_more\":false,\"data\":[\n"
        );
        self.write(head.as_bytes())
    }

    fn close(&mut self) -> Result<()> {
        if self.open.is_some() {
            self.write(b"\n]}\n")?;
        }
        match self.open.take() {
            Some(sink) => sink.finish().map_err(|error| self.told(error)),
            None => Ok(()),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        let written = self.open.as_mut().map_or(Ok(()), |sink| sink.write(bytes));
        written.map_err(|error| self.told(error))
    }

    fn told(&self, error: std::io::Error) -> Error {
        let place = self.folder.join(self.resource);
        Error::from(error).context(place.display())
    }
}
