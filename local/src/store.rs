//! Small named documents, kept in memory and, if there is a data folder, written through to it durably before anything
//! rests on them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::Error;
use crate::files::{self, Readers};

/// A folder of JSON documents, in the order of their names.
pub(crate) struct Store {
    folder: Option<PathBuf>,
    documents: Mutex<BTreeMap<String, Value>>,
}

impl Store {
    /// Opens the named folder within the data folder and reads what it holds.
    pub(crate) fn open(data: Option<&Path>, name: &str) -> Result<Self, Error> {
        let folder = data.map(|data| data.join(name));
        let documents = match &folder {
            None => BTreeMap::new(),
            Some(folder) => read(folder).map_err(|reason| Error::Folder { folder: folder.clone(), reason })?,
        };
        Ok(Self { folder, documents: Mutex::new(documents) })
    }

    /// Keeps a document under a name that is usable as a file name.
    pub(crate) async fn put(&self, name: &str, document: Value) -> std::io::Result<()> {
        if let Some(folder) = &self.folder {
            let path = folder.join(format!("{name}.json"));
            files::write(path, document.to_string().into_bytes(), Readers::Default).await?;
        }
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), document);
        Ok(())
    }

    /// Takes a document out, for good; no error if it is not there.
    pub(crate) async fn remove(&self, name: &str) -> std::io::Result<()> {
        let removed = self.documents.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        match &self.folder {
            Some(folder) if removed.is_some() => files::remove(folder.join(format!("{name}.json"))).await,
            _ => Ok(()),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Value> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
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
    async fn documents_survive_and_half_written_ones_do_not_count() {
        let data = tempfile::tempdir().expect("a folder");
        let store = Store::open(Some(data.path()), "things").expect("a store");
        store.put("b", json!(2)).await.expect("kept");
        store.put("a", json!(1)).await.expect("kept");
        store.put("a", json!(3)).await.expect("kept");
        // What a kill in the middle of a write leaves behind.
        std::fs::write(data.path().join("things/c.json.tmp"), "{\"half").expect("written");
        let store = Store::open(Some(data.path()), "things").expect("a store");
        assert_eq!(store.all(), [json!(3), json!(2)]);
        assert_eq!(store.get("c"), None);
        store.remove("a").await.expect("removed");
        store.remove("c").await.expect("nothing to do");
        assert_eq!(Store::open(Some(data.path()), "things").expect("a store").all(), [json!(2)]);
    }

    #[tokio::test]
    async fn without_a_folder_they_stay_in_memory() {
        let store = Store::open(None, "things").expect("a store");
        store.put("a", json!(1)).await.expect("kept");
        assert_eq!(store.get("a"), Some(json!(1)));
    }
}
