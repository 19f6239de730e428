//! Names that AWS would give to the resources of the stack: region, account, ARNs.

/// Region of everything in the stack.
pub(crate) const REGION: &str = "eu-central-1";
/// Account of everything in the stack.
pub(crate) const ACCOUNT: &str = "000000000000";
/// Name of the CloudFormation stack, the prefix of generated resource names.
pub(crate) const STACK: &str = "outlay-local";

/// Makes the ARN of a table.
pub(crate) fn table_arn(name: &str) -> String {
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}")
}

/// Makes the ARN of a function.
pub(crate) fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

/// Makes the ARN of a queue.
pub(super) fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

/// Makes the ARN of a topic.
pub(super) fn topic_arn(name: &str) -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT}:{name}")
}

/// Makes the id of a key from its logical id.
pub(super) fn key_id(logical_id: &str) -> String {
    format!("{STACK}-{logical_id}")
}

/// Makes the ARN of a key.
pub(super) fn key_arn(id: &str) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{id}")
}
