//! Handle to a stream for test kits.

use crate::dynamodb::DynamoDb;
use crate::event_filter;
use crate::template::{StreamSource, Table, Template};

/// Handle to a stream that calls a function.
pub struct StreamHandle {
    source: StreamSource,
    partition_key: String,
    dynamodb: DynamoDb,
}

/// Makes a handle to each stream of the template.
pub(crate) fn stream_handles(template: &Template, dynamodb: &DynamoDb) -> Vec<StreamHandle> {
    let handle = |source: &StreamSource| {
        let table = template.tables.iter().find(|it| it.name == source.table);
        let partition_key = table.and_then(Table::partition_key).unwrap_or_default().to_owned();
        StreamHandle { source: source.clone(), partition_key, dynamodb: dynamodb.clone() }
    };
    template.streams.iter().map(handle).collect()
}

impl StreamHandle {
    /// Name of the function.
    #[must_use]
    pub fn function(&self) -> &str {
        &self.source.function
    }

    /// Name of the table's partition key.
    #[must_use]
    pub fn partition_key(&self) -> &str {
        &self.partition_key
    }

    /// Counts the records after a sequence number that pass the filters; reads at most 1000 records.
    ///
    /// # Errors
    /// The message of the database.
    pub async fn count_pending(&self, after: Option<String>) -> Result<usize, String> {
        let records = self.dynamodb.records(&self.source.table, after).await?;
        Ok(records.iter().filter(|it| event_filter::passes(&self.source.filters, it)).count())
    }
}
