//! Where a function's output goes, line by line: to a file in the data folder, the last lines to memory, and
//! in a stack for tests all of them.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use super::lock;
use super::record::Record;
use crate::Error;

/// How many lines are kept in memory.
const KEPT: usize = 30;

/// The log of one function.
pub(super) struct Log {
    file: Option<Mutex<File>>,
    last: Mutex<VecDeque<String>>,
    record: Option<Arc<Record>>,
}

impl Log {
    pub(super) fn open(folder: Option<&Path>, function: &str, record: Option<&Arc<Record>>) -> Result<Self, Error> {
        let file = folder.map(|folder| {
            let path = folder.join(format!("{function}.log"));
            let opened = File::options().create(true).append(true).open(path);
            opened.map(Mutex::new).map_err(|reason| Error::Folder { folder: folder.to_owned(), reason })
        });
        Ok(Self { file: file.transpose()?, last: Mutex::default(), record: record.cloned() })
    }

    pub(super) fn line(&self, line: &str) {
        if let Some(file) = &self.file {
            // A full disk must not end the function whose log this is.
            let _ = writeln!(lock(file), "{line}");
        }
        if let Some(record) = &self.record {
            record.line(line);
        }
        let mut last = lock(&self.last);
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back(line.to_owned());
    }

    pub(super) fn tail(&self) -> String {
        let last = lock(&self.last);
        let last: Vec<&str> = last.iter().map(String::as_str).collect();
        last.join("\n")
    }

    /// Copies lines until the stream ends.
    pub(super) async fn follow(self: Arc<Self>, stream: impl AsyncRead + Unpin) {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).await.is_ok_and(|count| count > 0) {
            self.line(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    }
}
