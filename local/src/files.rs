//! Durable files: a file under its final name is always complete, even if the writer was killed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Permissions of a written file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileAccess {
    /// Those of the user's file mask.
    Default,
    /// Read and write for the owner only; for keys.
    OwnerOnly,
}

/// Writes `bytes` under a temporary name, flushes them to the disk and renames the file.
///
/// # Errors
/// The error of the file system; the file under the final name is then unchanged.
pub(crate) async fn write(path: PathBuf, bytes: Vec<u8>, access: FileAccess) -> io::Result<()> {
    tokio::task::spawn_blocking(move || write_blocking(&path, &bytes, access)).await.map_err(io::Error::other)?
}

fn write_blocking(path: &Path, bytes: &[u8], access: FileAccess) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if access == FileAccess::OwnerOnly {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    // The directory entry has to reach the disk too.
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Deletes a file and flushes the deletion to the disk.
///
/// # Errors
/// The error of the file system.
pub(crate) async fn remove(path: PathBuf) -> io::Result<()> {
    let remove = move || {
        fs::remove_file(&path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    tokio::task::spawn_blocking(remove).await.map_err(io::Error::other)?
}

/// Lists the files of a folder with the given extension, sorted by name.
///
/// # Errors
/// The error of the file system.
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
