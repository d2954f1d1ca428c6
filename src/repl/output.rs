//! Where results go: the given writer, or the file that `\o` names.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Result, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub struct Output<'a> {
    main: BufWriter<&'a mut (dyn Write + Send)>,
    file: Option<BufWriter<File>>,
    is_closed: Arc<AtomicBool>,
}

impl<'a> Output<'a> {
    pub fn new(main: &'a mut (dyn Write + Send)) -> Self {
        Self { main: BufWriter::new(main), file: None, is_closed: Arc::default() }
    }

    /// Sends what follows to a file; `None` sends it to the main writer again.
    pub fn redirect(&mut self, file: Option<File>) -> Result<()> {
        self.flush()?;
        self.file = file.map(BufWriter::new);
        Ok(())
    }

    pub fn is_redirected(&self) -> bool {
        self.file.is_some()
    }

    /// The reader went away, as `head` does when it has seen enough: no error, but the end.
    ///
    /// Shared, because whoever draws a result holds the output itself.
    pub fn closed(&self) -> Arc<AtomicBool> {
        self.is_closed.clone()
    }

    fn target(&mut self) -> &mut dyn Write {
        match &mut self.file {
            Some(file) => file,
            None => &mut self.main,
        }
    }
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match self.target().write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed.store(true, Ordering::Relaxed);
                Ok(bytes.len())
            }
            other => other,
        }
    }

    fn flush(&mut self) -> Result<()> {
        match self.target().flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed.store(true, Ordering::Relaxed);
                Ok(())
            }
            other => other,
        }
    }
}
