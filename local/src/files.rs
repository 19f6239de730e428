//! Durable files: what a reader finds under the final name is always whole, whatever happened to the writer.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Who may read a written file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// What the user's file mask says.
    Default,
    /// The owner alone, for keys.
    Owner,
}

/// Writes `bytes` under a temporary name, flushes them to the disk and gives them their final name.
///
/// # Errors
/// Whatever the file system reports; the final name is then untouched.
pub(crate) async fn write(path: PathBuf, bytes: Vec<u8>, readers: Readers) -> io::Result<()> {
    tokio::task::spawn_blocking(move || write_now(&path, &bytes, readers)).await.map_err(io::Error::other)?
}

fn write_now(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    // The new name itself has to reach the disk too.
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Deletes a file; its end reaches the disk too.
///
/// # Errors
/// Whatever the file system reports.
pub(crate) async fn remove(path: PathBuf) -> io::Result<()> {
    let remove = move || {
        fs::remove_file(&path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    tokio::task::spawn_blocking(remove).await.map_err(io::Error::other)?
}

/// The files of a folder with the given extension, in the order of their names.
///
/// # Errors
/// Whatever the file system reports.
pub(crate) fn list(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
