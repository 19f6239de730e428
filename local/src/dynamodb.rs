//! The embedded DynamoDB: its tables made from the template, its wire protocol on a free loopback port, and its stream
//! records read without that detour. In a data folder, items and stream records survive any end of the process: a write
//! and its stream record are one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dynoxide::Database;
use dynoxide::actions::{
    create_table::CreateTableRequest, describe_table::DescribeTableRequest, get_records::GetRecordsRequest,
    get_shard_iterator::GetShardIteratorRequest, update_time_to_live::UpdateTimeToLiveRequest,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::Error;
use crate::stop::Stop;
use crate::system;
use crate::template::{REGION, Table, table_arn};

/// How often expired items are deleted.
const SWEEP: Duration = Duration::from_mins(1);

/// The database and where it answers.
#[derive(Clone)]
pub(crate) struct DynamoDb {
    database: Database,
    url: Arc<str>,
    /// The label of each table's stream.
    labels: Arc<BTreeMap<String, String>>,
}

impl DynamoDb {
    /// Opens the database, makes the tables that do not exist yet and starts to answer.
    pub(crate) async fn start(
        folder: Option<&Path>,
        tables: &[Table],
        stop: &Stop,
        tasks: &mut JoinSet<()>,
    ) -> Result<Self, Error> {
        let path = match folder {
            // Named, so that it can be opened twice.
            None => format!("file:{}?mode=memory&cache=shared", system::uuid()),
            Some(folder) => folder.join("dynamodb.sqlite").to_string_lossy().into_owned(),
        };
        let database = Database::new(&path).map_err(|error| refused(&error))?;
        index_stream_records(&path).map_err(|error| Error::Database(error.to_string()))?;
        let mut labels = BTreeMap::new();
        for table in tables {
            labels.insert(table.name.clone(), ensure(&database, table)?);
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|reason| Error::Listen { port: 0, reason })?;
        let address = listener.local_addr().map_err(|reason| Error::Listen { port: 0, reason })?;
        let (served, stopped) = (database.clone(), stop.clone());
        tasks.spawn(async move {
            if let Err(error) = dynoxide::server::serve_with_shutdown(listener, served, stopped.wait()).await {
                eprintln!("the embedded DynamoDB ended: {error}");
            }
        });
        let (swept, stopped) = (database.clone(), stop.clone());
        tasks.spawn(async move { stopped.race(sweep(swept)).await.unwrap_or_default() });
        Ok(Self { database, url: format!("http://{address}").into(), labels: Arc::new(labels) })
    }

    /// The endpoint for an AWS SDK.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// At most 1000 records of the table's stream, in order, that come after the given sequence number (or the first
    /// ones there are), as Lambda hands them to a function.
    pub(crate) async fn records(&self, table: &str, after: Option<String>) -> Result<Vec<Value>, String> {
        let (database, table) = (self.database.clone(), table.to_owned());
        let label = self.labels.get(&table).cloned().unwrap_or_default();
        tokio::task::spawn_blocking(move || read(&database, &table, &label, after))
            .await
            .map_err(|error| error.to_string())?
    }
}

/// Without this index every write and every look at a stream reads all stream records there have ever been: with 6000 of
/// them a write took 12 ms instead of 1.5.
fn index_stream_records(path: &str) -> rusqlite::Result<()> {
    rusqlite::Connection::open(path)?.execute_batch(
        "CREATE INDEX IF NOT EXISTS outlay_stream_order
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
    )
}

async fn sweep(database: Database) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let database = database.clone();
        let swept = tokio::task::spawn_blocking(move || database.sweep_ttl().map_err(|error| error.to_string())).await;
        if let Ok(Err(error)) = swept {
            eprintln!("expired items could not be deleted: {error}");
        }
    }
}

fn read(database: &Database, table: &str, label: &str, after: Option<String>) -> Result<Vec<Value>, String> {
    let text = |error: dynoxide::DynoxideError| error.to_string();
    let iterator = database
        .get_shard_iterator(GetShardIteratorRequest {
            stream_arn: dynoxide::streams::stream_arn(table, label),
            shard_id: dynoxide::streams::shard_id(table),
            shard_iterator_type: if after.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" }.to_owned(),
            sequence_number: after,
        })
        .map_err(text)?;
    let shard_iterator = iterator.shard_iterator.unwrap_or_default();
    let found = database.get_records(GetRecordsRequest { shard_iterator, limit: Some(1000) }).map_err(text)?;
    let source = format!("{}/stream/{label}", table_arn(table));
    let mut records = Vec::with_capacity(found.records.len());
    for record in found.records {
        let mut record = serde_json::to_value(record).map_err(|error| error.to_string())?;
        if let Some(members) = record.as_object_mut() {
            members.insert("awsRegion".to_owned(), REGION.into());
            members.insert("eventSourceARN".to_owned(), source.clone().into());
        }
        records.push(record);
    }
    Ok(records)
}

/// Makes the table unless it is there; returns the label of its stream.
fn ensure(database: &Database, table: &Table) -> Result<String, Error> {
    let existing = database.describe_table(DescribeTableRequest { table_name: table.name.clone() });
    if let Ok(existing) = existing {
        let label = existing.table.latest_stream_label.clone().unwrap_or_default();
        let existing = serde_json::to_value(existing.table).map_err(|error| Error::Database(error.to_string()))?;
        let same = shape(&existing) == shape(&table.create);
        return if same { Ok(label) } else { Err(Error::TableChanged(table.name.clone())) };
    }
    let request: CreateTableRequest = serde_json::from_value(table.create.clone())
        .map_err(|error| Error::Template(format!("the table {}: {error}", table.name)))?;
    let created = database.create_table(request).map_err(|error| refused(&error))?;
    if let Some(attribute) = &table.ttl_attribute {
        let request = json!({
            "TableName": table.name,
            "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true },
        });
        let request: UpdateTimeToLiveRequest =
            serde_json::from_value(request).map_err(|error| Error::Database(error.to_string()))?;
        database.update_time_to_live(request).map_err(|error| refused(&error))?;
    }
    Ok(created.table_description.latest_stream_label.unwrap_or_default())
}

/// What cannot be changed without making the table anew: its keys and its indexes.
fn shape(table: &Value) -> BTreeSet<String> {
    let mut shape = BTreeSet::new();
    if let Some(keys) = table.get("KeySchema") {
        shape.insert(format!("table {keys}"));
    }
    for list in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        for index in table.get(list).and_then(Value::as_array).into_iter().flatten() {
            let (name, keys) = (index.get("IndexName"), index.get("KeySchema"));
            shape.insert(format!("{name:?} {keys:?}"));
        }
    }
    shape
}

fn refused(error: &dynoxide::DynoxideError) -> Error {
    Error::Database(error.to_string())
}
