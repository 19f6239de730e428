//! Reads `template.yaml`: functions with their environment and event sources, routes, tables, buckets, queues. It is
//! the only list of them: what is not in the template does not exist locally. The template is read as if it were
//! deployed with the given parameters; this module must not know what they mean.

mod bucket_policy;
mod denial;
mod intrinsics;
mod messaging;
mod model;
mod names;
mod read;
mod settings;
mod statement;
mod table_policies;
#[cfg(test)]
mod tests;
mod values;

use std::path::Path;

use crate::StackError;
pub(crate) use denial::Denial;
pub(crate) use model::{
    Access, Bucket, Cors, DEFAULT_ROUTE, EventDestination, Function, Key, Limit, Notification, Parameters, Queue,
    QueueSource, Redrive, Route, Schedule, StreamSource, Subscription, Table, Template,
};
pub(crate) use names::{ACCOUNT, REGION, STACK, function_arn, table_arn};
#[cfg(test)]
pub(crate) use statement::KeyCondition;
pub(crate) use statement::Statement;

/// Reads the template file with these parameters. Parameters that the template does not have are ignored.
pub(crate) fn load(path: &Path, parameters: &Parameters) -> Result<Template, StackError> {
    let text = std::fs::read_to_string(path)
        .map_err(|reason| StackError::TemplateUnreadable { path: path.to_owned(), reason })?;
    read::template(&text, parameters).map_err(StackError::Template)
}
