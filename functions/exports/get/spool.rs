//! Temporary file of an export, with its size and digest. It is removed when it is dropped.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use outlay_domain::text::{Sha256Hex, hex};
use outlay_http::{ApiError, Problem};
use sha2::{Digest as _, Sha256};

/// File that is being written.
pub(super) struct SpoolFile {
    out: BufWriter<File>,
    sha256: Sha256,
    size: u64,
    path: TemporaryPath,
}

/// Complete file.
pub(super) struct SpooledFile {
    pub(super) size: u64,
    pub(super) sha256: Sha256Hex,
    path: TemporaryPath,
}

struct TemporaryPath(PathBuf);

impl Drop for TemporaryPath {
    fn drop(&mut self) {
        // It may be gone; a function's folder is removed with it.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl SpoolFile {
    /// Creates an empty file. A function process handles one request at a time.
    pub(super) fn create() -> Result<Self, ApiError> {
        let path = std::env::temp_dir().join(format!("export-{}.csv", std::process::id()));
        let out = BufWriter::new(File::create(&path).map_err(Problem::internal)?);
        Ok(Self { out, sha256: Sha256::new(), size: 0, path: TemporaryPath(path) })
    }

    /// Flushes the file.
    pub(super) fn finish(mut self) -> Result<SpooledFile, ApiError> {
        self.out.flush().map_err(Problem::internal)?;
        let sha256 = hex(&self.sha256.finalize()).parse().map_err(|_| Problem::internal("a digest that is none"))?;
        Ok(SpooledFile { size: self.size, sha256, path: self.path })
    }
}

impl SpooledFile {
    pub(super) fn path(&self) -> &Path {
        &self.path.0
    }
}

impl Write for SpoolFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sha256.update(bytes.get(..written).unwrap_or(bytes));
        self.size = self.size.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
