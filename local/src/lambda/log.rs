//! The output of a function, line by line: to a file in the data folder, the last lines to memory, every line to the
//! test kit.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use crate::StackError;
use crate::sync::lock;
use crate::test_kit::TestKit;

/// Number of lines kept in memory.
const MAX_LINES: usize = 30;

/// Log of one function.
pub(super) struct FunctionLog {
    file: Option<Mutex<File>>,
    last_lines: Mutex<VecDeque<String>>,
    test_kit: Option<Arc<dyn TestKit>>,
}

impl FunctionLog {
    pub(super) fn open(
        folder: Option<&Path>,
        function: &str,
        test_kit: Option<&Arc<dyn TestKit>>,
    ) -> Result<Self, StackError> {
        let file = folder.map(|folder| {
            let path = folder.join(format!("{function}.log"));
            let opened = File::options().create(true).append(true).open(path);
            opened.map(Mutex::new).map_err(|reason| StackError::Folder { folder: folder.to_owned(), reason })
        });
        Ok(Self { file: file.transpose()?, last_lines: Mutex::default(), test_kit: test_kit.cloned() })
    }

    pub(super) fn append(&self, line: &str) {
        if let Some(file) = &self.file {
            // A full disk must not end the function that logs.
            let _ = writeln!(lock(file), "{line}");
        }
        if let Some(test_kit) = &self.test_kit {
            test_kit.record_log_line(line);
        }
        let mut last_lines = lock(&self.last_lines);
        if last_lines.len() == MAX_LINES {
            last_lines.pop_front();
        }
        last_lines.push_back(line.to_owned());
    }

    pub(super) fn tail(&self) -> String {
        let last_lines = lock(&self.last_lines);
        let last_lines: Vec<&str> = last_lines.iter().map(String::as_str).collect();
        last_lines.join("\n")
    }

    /// Copies the lines of a stream until it ends.
    pub(super) async fn follow(self: Arc<Self>, stream: impl AsyncRead + Unpin) {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).await.is_ok_and(|count| count > 0) {
            self.append(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    }
}
