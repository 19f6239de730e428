//! What the template promises for the time when something fails, beyond what its linters know: who may put in what, where whole records
//! end, that somebody hears of it, and that each function has no more rights than its work.

use yaml_serde::Value;

fn template() -> Value {
    yaml_serde::from_str(&std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/template.yaml")).unwrap())
        .unwrap()
}

/// The resources of a type, by logical id.
fn of_type(kind: &str) -> Vec<(String, Value)> {
    let template = template();
    let resources = template["Resources"].as_mapping().unwrap().iter();
    let found = resources.filter(|(_, resource)| resource.get("Type").and_then(Value::as_str) == Some(kind));
    found.map(|(id, resource)| (id.as_str().unwrap().to_owned(), resource["Properties"].clone())).collect()
}

/// The value as JSON text, tags of CloudFormation's functions included.
fn text(value: &Value) -> String {
    yaml_serde::to_string(value).unwrap()
}

fn functions() -> Vec<(String, Value)> {
    of_type("AWS::Serverless::Function")
}

/// The events of a function that are of a type.
fn events(function: &Value, kind: &str) -> Vec<Value> {
    let events = function.get("Events").and_then(Value::as_mapping).cloned().unwrap_or_default();
    let found = events.iter().filter(|(_, event)| event.get("Type").and_then(Value::as_str) == Some(kind));
    found.map(|(_, event)| event["Properties"].clone()).collect()
}

#[test]
fn a_stream_repeats_what_failed_and_keeps_it_whole() {
    let streams: Vec<Value> = functions().iter().flat_map(|(_, function)| events(function, "DynamoDB")).collect();
    assert_eq!(streams.len(), 1);
    for stream in streams {
        assert_eq!(
            stream["FunctionResponseTypes"],
            yaml_serde::from_str::<Value>("[ReportBatchItemFailures]").unwrap()
        );
        assert_eq!(stream["BisectBatchOnFunctionError"].as_bool(), Some(true));
        assert_eq!(stream["StartingPosition"].as_str(), Some("TRIM_HORIZON"));
        assert!((1..=20).contains(&stream["MaximumRetryAttempts"].as_u64().unwrap()), "not for ever");
        assert!(stream["MaximumRecordAgeInSeconds"].as_u64().unwrap() <= 21_600);
        // A queue would keep only where the records were.
        assert_eq!(stream["DestinationConfig"]["OnFailure"]["Type"].as_str(), Some("S3"));
        assert!(text(&stream["FilterCriteria"]).contains("EVENT#"));
    }
}

#[test]
fn a_queue_names_what_failed_and_has_another_for_what_fails_for_good() {
    let queues = of_type("AWS::SQS::Queue");
    let worked_off: Vec<Value> = functions().iter().flat_map(|(_, function)| events(function, "SQS")).collect();
    assert_eq!(worked_off.len(), 2);
    for source in &worked_off {
        assert_eq!(
            source["FunctionResponseTypes"],
            yaml_serde::from_str::<Value>("[ReportBatchItemFailures]").unwrap()
        );
        let name = text(&source["Queue"]);
        let (_, queue) = queues.iter().find(|(id, _)| name.contains(&format!("{id}.Arn"))).unwrap();
        assert!(queue["RedrivePolicy"]["maxReceiveCount"].as_u64().unwrap() >= 3);
        assert!(text(&queue["RedrivePolicy"]).contains("DeadQueue.Arn"));
    }
    for (id, queue) in queues.iter().filter(|(id, _)| id.ends_with("DeadQueue")) {
        assert_eq!(queue["MessageRetentionPeriod"].as_u64(), Some(14 * 24 * 3600), "{id} keeps it as long as can be");
        let alarmed =
            of_type("AWS::CloudWatch::Alarm").iter().any(|(_, alarm)| text(alarm).contains(&format!("{id}.QueueName")));
        assert!(alarmed, "{id} fills without anybody hearing of it");
    }
    assert!(queues.iter().all(|(_, queue)| queue.get("KmsMasterKeyId").is_some()));
}

#[test]
fn what_runs_by_the_clock_has_a_place_where_it_fails() {
    let clocks: Vec<(String, Value)> =
        functions().into_iter().filter(|(_, function)| !events(function, "ScheduleV2").is_empty()).collect();
    assert_eq!(clocks.len(), 4, "remind, escalate, sweep, refresh-keys");
    for (id, function) in clocks {
        for schedule in events(&function, "ScheduleV2") {
            assert!(text(&schedule["DeadLetterConfig"]).contains("RunDeadQueue.Arn"), "{id}");
            assert!(schedule["RetryPolicy"]["MaximumEventAgeInSeconds"].as_u64().is_some(), "{id}");
        }
        let invoked = &function["EventInvokeConfig"];
        assert!(text(&invoked["DestinationConfig"]).contains("RunDeadQueue.Arn"), "{id}");
        assert!(invoked["MaximumRetryAttempts"].as_u64().is_some(), "{id}");
    }
}

#[test]
fn only_who_should_may_send_into_queues_and_topics() {
    for kind in ["AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"] {
        let policies = of_type(kind);
        assert!(!policies.is_empty());
        for (id, policy) in policies {
            for statement in policy["PolicyDocument"]["Statement"].as_sequence().unwrap() {
                if statement["Effect"].as_str() == Some("Allow") {
                    let condition = text(&statement["Condition"]);
                    assert!(condition.contains("aws:SourceArn"), "{id}: {condition}");
                    assert!(statement["Principal"].get("Service").is_some(), "{id} names a service");
                }
            }
        }
    }
}

#[test]
fn every_bucket_refuses_what_is_not_tls_and_receipts_what_is_not_signed_as_a_slot() {
    let policies = of_type("AWS::S3::BucketPolicy");
    assert_eq!(policies.len(), of_type("AWS::S3::Bucket").len());
    assert!(policies.iter().all(|(_, policy)| text(policy).contains("aws:SecureTransport")));
    let (_, receipts) = policies.iter().find(|(id, _)| id == "ReceiptsBucketPolicy").unwrap();
    for condition in ["s3:if-none-match", "s3:signatureAge", "s3:x-amz-server-side-encryption-aws-kms-key-id"] {
        assert!(text(receipts).contains(condition), "{condition}");
    }
}

/// No function that works by itself writes who may do what, and only feedback writes members at all.
#[test]
fn what_works_by_itself_may_not_write_who_may_do_what() {
    let roles: Vec<_> = of_type("AWS::IAM::Role").into_iter().filter(|(id, _)| id.starts_with("Triggers")).collect();
    assert_eq!(roles.len(), 6);
    for (id, role) in roles {
        let statements = role["Policies"][0]["PolicyDocument"]["Statement"].as_sequence().unwrap().clone();
        let denied = statements
            .iter()
            .find(|statement| statement["Effect"].as_str() == Some("Deny"))
            .unwrap_or_else(|| panic!("{id}"));
        let denied = text(denied);
        for partition in ["#PLAN", "IDENTITY#*", "ISSUER#*", "ORGS"] {
            assert!(denied.contains(partition), "{id}: {partition}");
        }
        for action in ["PutItem", "UpdateItem", "DeleteItem"] {
            assert!(denied.contains(action), "{id}: {action}");
        }
        let members = denied.contains("ORG#org_??????????????????????????\n")
            || denied.contains("ORG#org_??????????????????????????'\n");
        assert_eq!(members, id != "TriggersMailFeedbackRole", "{id}: {denied}");
    }
}

/// What a function's name says it does is all it may.
#[test]
fn files_and_mail_are_for_those_whose_work_they_are() {
    let allowed = |needle: &str| {
        let mut found: Vec<String> =
            functions().into_iter().filter(|(_, function)| text(function).contains(needle)).map(|(id, _)| id).collect();
        let roles = of_type("AWS::IAM::Role").into_iter().filter(|(_, role)| text(role).contains(needle));
        found.extend(roles.map(|(id, _)| id));
        found.sort_unstable();
        found
    };
    assert_eq!(allowed("ses:SendRawEmail"), ["TriggersNotifyRole", "TriggersRemindRole", "TriggersSweepRole"]);
    assert_eq!(
        allowed("ReceiptsBucket.Arn}/clean/*"),
        ["ReceiptsGetFunction", "TriggersReceiptArrivedRole", "TriggersSweepRole"]
    );
    assert_eq!(
        allowed("ReceiptsBucket.Arn}/quarantine/*"),
        ["ReceiptsAddFunction", "TriggersReceiptArrivedRole", "TriggersSweepRole"]
    );
    assert_eq!(allowed("ReceiptsBucket.Arn}/*"), ["ReceiptsRemoveFunction"]);
    assert_eq!(allowed("dynamodb:Scan"), [""; 0]);
}

/// What has been claimed is taken back in place, and nothing else is changed so: what an update sets, no digest covers.
#[test]
fn who_takes_claims_back_updates_claims_only() {
    let updating = |statement: &Value| {
        let actions = text(&statement["Action"]);
        statement["Effect"].as_str() == Some("Allow") && actions.contains("dynamodb:UpdateItem")
    };
    let mut found = Vec::new();
    for (id, function) in functions() {
        for policy in function.get("Policies").and_then(Value::as_sequence).into_iter().flatten() {
            let Some(statement) = policy.get("Statement").filter(|statement| updating(statement)) else { continue };
            let condition = text(&statement["Condition"]);
            if condition.contains("ISSUER#") {
                continue;
            }
            assert!(
                condition.contains("ForAllValues:StringLike") && condition.contains("#SPENDING#*"),
                "{id}: {condition}"
            );
            assert_eq!(statement["Condition"]["Null"]["dynamodb:LeadingKeys"].as_str(), Some("false"), "{id}");
            assert_eq!(statement["Action"].as_str(), Some("dynamodb:UpdateItem"), "{id}");
            found.push(id.clone());
        }
    }
    found.sort_unstable();
    let expected = [
        "ExpensesChangeFunction",
        "ExpensesRemoveFunction",
        "ReportsRecallFunction",
        "ReportsRejectFunction",
        "ReportsReturnFunction",
    ];
    assert_eq!(found, expected);
}
