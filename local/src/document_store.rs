//! Named JSON documents in memory; with a data folder each is written to disk before the write returns.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::Value;

use crate::StackError;
use crate::files::{self, FileAccess};
use crate::sync::lock;

/// A folder of JSON documents, sorted by name.
pub(crate) struct DocumentStore {
    folder: Option<PathBuf>,
    documents: Mutex<BTreeMap<String, Value>>,
}

impl DocumentStore {
    /// Opens the named folder within the data folder and reads its documents.
    pub(crate) fn open(data: Option<&Path>, name: &str) -> Result<Self, StackError> {
        let folder = data.map(|data| data.join(name));
        let documents = match &folder {
            None => BTreeMap::new(),
            Some(folder) => read(folder).map_err(|reason| StackError::Folder { folder: folder.clone(), reason })?,
        };
        Ok(Self { folder, documents: Mutex::new(documents) })
    }

    /// Stores a document. The name must be usable as a file name.
    pub(crate) async fn put(&self, name: &str, document: Value) -> std::io::Result<()> {
        if let Some(folder) = &self.folder {
            let path = folder.join(format!("{name}.json"));
            files::write(path, document.to_string().into_bytes(), FileAccess::Default).await?;
        }
        lock(&self.documents).insert(name.to_owned(), document);
        Ok(())
    }

    /// Removes a document; succeeds if there is none.
    pub(crate) async fn remove(&self, name: &str) -> std::io::Result<()> {
        let removed = lock(&self.documents).remove(name);
        match &self.folder {
            Some(folder) if removed.is_some() => files::remove(folder.join(format!("{name}.json"))).await,
            _ => Ok(()),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        lock(&self.documents).get(name).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Value> {
        lock(&self.documents).values().cloned().collect()
    }
}

fn read(folder: &Path) -> std::io::Result<BTreeMap<String, Value>> {
    std::fs::create_dir_all(folder)?;
    let mut documents = BTreeMap::new();
    for path in files::list(folder, "json")? {
        let document = serde_json::from_slice(&std::fs::read(&path)?)?;
        if let Some(name) = path.file_stem() {
            documents.insert(name.to_string_lossy().into_owned(), document);
        }
    }
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn documents_survive_a_restart_and_partial_files_do_not() {
        let data = tempfile::tempdir().expect("a folder");
        let store = DocumentStore::open(Some(data.path()), "things").expect("a store");
        store.put("b", json!(2)).await.expect("stored");
        store.put("a", json!(1)).await.expect("stored");
        store.put("a", json!(3)).await.expect("stored");
        // The temporary file of a writer that was killed.
        std::fs::write(data.path().join("things/c.json.tmp"), "{\"half").expect("written");
        let store = DocumentStore::open(Some(data.path()), "things").expect("a store");
        assert_eq!(store.all(), [json!(3), json!(2)]);
        assert_eq!(store.get("c"), None);
        store.remove("a").await.expect("removed");
        store.remove("c").await.expect("nothing to remove");
        assert_eq!(DocumentStore::open(Some(data.path()), "things").expect("a store").all(), [json!(2)]);
    }

    #[tokio::test]
    async fn store_without_folder_keeps_documents_in_memory() {
        let store = DocumentStore::open(None, "things").expect("a store");
        store.put("a", json!(1)).await.expect("stored");
        assert_eq!(store.get("a"), Some(json!(1)));
    }
}
