//! Failure handling and permissions in the template, beyond its linters: dead-letter destinations, alarms, senders of
//! queues and topics, and least privilege of each function.

use yaml_serde::Value;

fn template() -> Value {
    yaml_serde::from_str(&std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/template.yaml")).unwrap())
        .unwrap()
}

/// Resources of a type by logical id.
fn of_type(kind: &str) -> Vec<(String, Value)> {
    let template = template();
    let resources = template["Resources"].as_mapping().unwrap().iter();
    let found = resources.filter(|(_, resource)| resource.get("Type").and_then(Value::as_str) == Some(kind));
    found.map(|(id, resource)| (id.as_str().unwrap().to_owned(), resource["Properties"].clone())).collect()
}

/// Value as YAML text, including tags of CloudFormation functions.
fn text(value: &Value) -> String {
    yaml_serde::to_string(value).unwrap()
}

fn functions() -> Vec<(String, Value)> {
    of_type("AWS::Serverless::Function")
}

/// Events of a function of a type.
fn events(function: &Value, kind: &str) -> Vec<Value> {
    let events = function.get("Events").and_then(Value::as_mapping).cloned().unwrap_or_default();
    let found = events.iter().filter(|(_, event)| event.get("Type").and_then(Value::as_str) == Some(kind));
    found.map(|(_, event)| event["Properties"].clone()).collect()
}

#[test]
fn stream_retries_failures_and_keeps_whole_records() {
    let streams: Vec<Value> = functions().iter().flat_map(|(_, function)| events(function, "DynamoDB")).collect();
    assert_eq!(streams.len(), 2);
    for stream in streams {
        assert_eq!(
            stream["FunctionResponseTypes"],
            yaml_serde::from_str::<Value>("[ReportBatchItemFailures]").unwrap()
        );
        assert_eq!(stream["BisectBatchOnFunctionError"].as_bool(), Some(true));
        assert_eq!(stream["StartingPosition"].as_str(), Some("TRIM_HORIZON"));
        assert!((1..=20).contains(&stream["MaximumRetryAttempts"].as_u64().unwrap()), "retries are bounded");
        assert!(stream["MaximumRecordAgeInSeconds"].as_u64().unwrap() <= 21_600);
        // An SQS destination would receive only the position of the records in the stream.
        assert_eq!(stream["DestinationConfig"]["OnFailure"]["Type"].as_str(), Some("S3"));
        let filter = text(&stream["FilterCriteria"]);
        assert!(filter.contains("EVENT#") || filter.contains("batch_work"), "{filter}");
    }
}

#[test]
fn queue_reports_item_failures_and_has_dead_letter_queue() {
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
        assert_eq!(
            queue["MessageRetentionPeriod"].as_u64(),
            Some(14 * 24 * 3600),
            "{id} keeps messages for the maximum of 14 days"
        );
        let alarmed =
            of_type("AWS::CloudWatch::Alarm").iter().any(|(_, alarm)| text(alarm).contains(&format!("{id}.QueueName")));
        assert!(alarmed, "{id} has no alarm");
    }
    assert!(queues.iter().all(|(_, queue)| queue.get("KmsMasterKeyId").is_some()));
}

#[test]
fn scheduled_functions_have_dead_letter_queue() {
    let clocks: Vec<(String, Value)> =
        functions().into_iter().filter(|(_, function)| !events(function, "ScheduleV2").is_empty()).collect();
    assert_eq!(clocks.len(), 7, "remind, escalate, book, sweep, refresh-keys, process-batch, load-reference-rates");
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
fn queue_and_topic_policies_restrict_senders() {
    for kind in ["AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"] {
        let policies = of_type(kind);
        assert!(!policies.is_empty());
        for (id, policy) in policies {
            for statement in policy["PolicyDocument"]["Statement"].as_sequence().unwrap() {
                if statement["Effect"].as_str() == Some("Allow") {
                    let condition = text(&statement["Condition"]);
                    assert!(condition.contains("aws:SourceArn"), "{id}: {condition}");
                    assert!(statement["Principal"].get("Service").is_some(), "{id} does not name a service");
                }
            }
        }
    }
}

#[test]
fn buckets_require_tls_and_receipts_signed_uploads() {
    let policies = of_type("AWS::S3::BucketPolicy");
    assert_eq!(policies.len(), of_type("AWS::S3::Bucket").len());
    assert!(policies.iter().all(|(_, policy)| text(policy).contains("aws:SecureTransport")));
    let (_, receipts) = policies.iter().find(|(id, _)| id == "ReceiptsBucketPolicy").unwrap();
    for condition in ["s3:if-none-match", "s3:signatureAge", "s3:x-amz-server-side-encryption-aws-kms-key-id"] {
        assert!(text(receipts).contains(condition), "{condition}");
    }
}

/// Background functions cannot write plans, identities, issuer keys, reference rates or organisations,
/// and only triggers-record-ses-event writes members.
#[test]
fn background_roles_cannot_write_access_control() {
    let roles: Vec<_> = of_type("AWS::IAM::Role").into_iter().filter(|(id, _)| id.starts_with("Triggers")).collect();
    assert_eq!(roles.len(), 8);
    for (id, role) in roles {
        let statements = role["Policies"][0]["PolicyDocument"]["Statement"].as_sequence().unwrap().clone();
        let denied = statements
            .iter()
            .find(|statement| statement["Effect"].as_str() == Some("Deny"))
            .unwrap_or_else(|| panic!("{id}"));
        let denied = text(denied);
        for partition in ["#PLAN", "IDENTITY#*", "ISSUER#*", "REFERENCE_RATES#*", "ORGS"] {
            assert!(denied.contains(partition), "{id}: {partition}");
        }
        for action in ["PutItem", "UpdateItem", "DeleteItem"] {
            assert!(denied.contains(action), "{id}: {action}");
        }
        let members = denied.contains("ORG#org_??????????????????????????\n")
            || denied.contains("ORG#org_??????????????????????????'\n");
        assert_eq!(members, id != "TriggersRecordSesEventRole", "{id}: {denied}");
    }
}

/// Each function has only the rights that its task needs.
#[test]
fn file_and_mail_rights_are_limited_to_their_functions() {
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
        ["ReceiptsGetFunction", "ReportsDocumentFunction", "TriggersProcessReceiptRole", "TriggersSweepRole"]
    );
    assert_eq!(allowed("ReceiptsBucket.Arn}/documents/*"), ["ExportsGetFunction", "ReportsDocumentFunction"]);
    assert_eq!(
        allowed("ReceiptsBucket.Arn}/quarantine/*"),
        ["ReceiptsAddFunction", "TriggersProcessReceiptRole", "TriggersSweepRole"]
    );
    assert_eq!(allowed("ReceiptsBucket.Arn}/*"), ["ReceiptsRemoveFunction"]);
    assert_eq!(allowed("BankFilesBucket.Arn}/*"), ["BatchesDownloadFunction", "TriggersProcessBatchRole"]);
    assert_eq!(allowed("dynamodb:Scan"), [""; 0]);
}

/// Updates in place are limited to claimed spending, because no integrity hash covers them.
#[test]
fn update_item_is_granted_for_spending_only() {
    let updates = |policy: &Value| text(policy).contains("dynamodb:UpdateItem");
    let managed: Vec<_> =
        of_type("AWS::IAM::ManagedPolicy").into_iter().filter(|(_, policy)| updates(policy)).collect();
    assert_eq!(managed.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["GateUse", "SpendingUpdate"]);
    let statement = &managed[1].1["PolicyDocument"]["Statement"][0];
    assert_eq!(statement["Action"].as_str(), Some("dynamodb:UpdateItem"));
    let condition = text(&statement["Condition"]);
    // `ForAllValues` would deny the transaction if AWS judges its items by the keys of all.
    assert!(condition.contains("ForAnyValue:StringLike") && condition.contains("#SPENDING#*"), "{condition}");
    let mut found = Vec::new();
    for (id, function) in functions() {
        for policy in function.get("Policies").and_then(Value::as_sequence).into_iter().flatten() {
            assert!(!updates(policy) || text(policy).contains("ISSUER#"), "{id} updates items");
            found.extend((policy.as_str() == Some("SpendingUpdate")).then(|| id.clone()));
        }
    }
    found.sort_unstable();
    let expected = [
        "ExpensesRemoveFunction",
        "ExpensesUpdateFunction",
        "ReportsApproveFunction",
        "ReportsRecallFunction",
        "ReportsRejectFunction",
        "ReportsReturnFunction",
    ];
    assert_eq!(found, expected);
}

/// Reference rates are written by the function that loads them, which writes nothing else.
#[test]
fn reference_rates_are_written_by_their_loader_only() {
    let loader = "TriggersLoadReferenceRatesFunction";
    for (id, function) in functions().into_iter().filter(|(_, function)| function.get("Role").is_none()) {
        let policies = function["Policies"].as_sequence().unwrap().iter();
        let statements: Vec<_> = policies.filter_map(|policy| policy.get("Statement")).collect();
        let writes = statements.iter().any(|it| text(it).contains("Allow") && text(it).contains("dynamodb:PutItem"));
        let is_denied = text(&function["Policies"]).contains("GateUse");
        assert!(!writes || is_denied || id == loader, "{id}");
        assert_eq!(text(&function["Policies"]).contains("REFERENCE_RATES#ECB"), id == loader, "{id}");
    }
    let policies = of_type("AWS::IAM::ManagedPolicy");
    let (_, gate) = policies.iter().find(|(id, _)| id == "GateUse").unwrap();
    let denied = gate["PolicyDocument"]["Statement"].as_sequence().unwrap().iter();
    let mut denied = denied.filter(|it| it["Effect"].as_str() == Some("Deny"));
    assert!(denied.any(|it| text(it).contains("REFERENCE_RATES#*") && text(it).contains("dynamodb:PutItem")));
}

/// Types in a function's source, and the variables that they read.
const READERS: [(&str, &[&str]); 8] = [
    ("BankFileBucket", &["BANK_FILES_BUCKET", "BANK_FILES_KEY"]),
    ("Vault", &["PAYOUT_KEY"]),
    ("ReceiptBucket", &["RECEIPTS_BUCKET", "RECEIPTS_KEY"]),
    ("ReceiptProcessor", &["RECEIPTS_BUCKET", "RECEIPTS_KEY"]),
    ("Sender", &["MAIL_FROM"]),
    ("SesEventReader", &["SES_EVENTS_TOPIC"]),
    ("stream::serve", &["FAILURE_BUCKET"]),
    ("RatesLoader", &["REFERENCE_RATES_URL"]),
];

#[test]
fn variables_match_documentation_and_code() {
    let read = |path: &str| std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (page, manifest) = (read("docs/CONFIGURATION.md"), read("Cargo.toml"));
    let is_documented = |name: &str| assert!(page.contains(&format!("\n| `{name}` | ")), "{name} is not documented");
    for (name, _) in template()["Globals"]["Function"]["Environment"]["Variables"].as_mapping().unwrap() {
        assert!(page.contains(&format!("\n| `{}` | all |", name.as_str().unwrap())), "{name:?}");
    }
    for (id, function) in functions() {
        let binary = function["CodeUri"].as_str().unwrap().split('/').nth(2).unwrap().to_owned();
        let (_, entry) = manifest.split_once(&format!("name = \"{binary}\"\npath = \"")).unwrap();
        let source = read(entry.split('"').next().unwrap());
        let variables = function.get("Environment").and_then(|it| it["Variables"].as_mapping().cloned());
        let names: Vec<_> = variables.iter().flatten().map(|(name, _)| name.as_str().unwrap().to_owned()).collect();
        for name in &names {
            is_documented(name);
        }
        for (reader, needed) in READERS.iter().filter(|(reader, _)| source.contains(reader)) {
            assert!(
                needed.iter().all(|name| names.iter().any(|it| it == name)),
                "{id} has {reader} and not {needed:?}"
            );
        }
        for row in page.lines().filter(|row| row.contains("| function")) {
            let mut cells = row.split('|').map(|cell| cell.trim().trim_matches('`'));
            let name = cells.nth(1).unwrap();
            let is_listed = cells.next().unwrap().split("`, `").any(|listed| listed == binary);
            assert_eq!(names.iter().any(|it| it == name), is_listed, "{id} {name}");
        }
    }
    for text in sources(concat!(env!("CARGO_MANIFEST_DIR"), "/shared").as_ref()) {
        let calls = text.match_indices("required(\"").chain(text.match_indices("optional(\""));
        let names = calls.map(|(at, call)| text[at + call.len()..].split('"').next().unwrap());
        names.filter(|name| !name.contains(char::is_lowercase)).for_each(is_documented);
    }
}

/// Texts of the Rust files below a folder.
fn sources(folder: &std::path::Path) -> Vec<String> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| match path.extension().is_some_and(|extension| extension == "rs") {
        _ if path.is_dir() => sources(&path),
        true => vec![std::fs::read_to_string(path).unwrap()],
        false => Vec::new(),
    };
    paths.flat_map(read).collect()
}

/// Properties of an alarm.
fn alarm(id: &str) -> Value {
    let found = of_type("AWS::CloudWatch::Alarm").into_iter().find(|(name, _)| name == id);
    found.unwrap_or_else(|| panic!("no alarm {id}")).1
}

#[test]
fn late_mail_raises_alarm_within_five_minutes() {
    let late = alarm("MailLateAlarm");
    let number = |name: &str| late[name].as_u64().unwrap();
    assert_eq!(late["MetricName"].as_str(), Some("IteratorAge"));
    assert!(number("Threshold") / 1000 + number("Period") * number("EvaluationPeriods") <= 300, "{late:?}");
    // The stream does not grow old when SES keeps a mail without an answer.
    let unanswered = alarm("UnansweredMailAlarm");
    assert_eq!(unanswered["Period"].as_u64().unwrap() * unanswered["EvaluationPeriods"].as_u64().unwrap(), 60);
}

/// Subjects that an operator has to hear of, with the metric of their alarm.
#[test]
fn security_and_spending_have_alarms() {
    for (id, metric) in [
        ("SignInFailuresAlarm", "SignInFailures"),
        ("UserPoolFailuresAlarm", "SignInSuccesses"),
        ("ThrottledRequestsAlarm", "ThrottledRequests"),
        ("TableThrottledAlarm", "WriteThrottleEvents"),
        ("FunctionsThrottledAlarm", "Throttles"),
        ("RoleChangesAlarm", "RoleChanges"),
        ("PolicyChangesAlarm", "PolicyChanges"),
        ("SpendingAlarm", "ConsumedWriteCapacityUnits"),
        ("MailOverQuotaAlarm", "MailOverQuota"),
        ("ReferenceRatesOldAlarm", "ReferenceRatesAge"),
    ] {
        let alarm = alarm(id);
        assert!(text(&alarm).contains(metric), "{id}: {metric}");
        assert!(text(&alarm["AlarmActions"]).contains("AlarmTopicArn"), "{id} notifies nobody");
    }
    let filters = of_type("AWS::Logs::MetricFilter");
    for status in ["401", "429"] {
        assert!(filters.iter().any(|(_, filter)| text(&filter["FilterPattern"]).contains(status)), "{status}");
    }
    assert_eq!(of_type("AWS::Budgets::Budget").len(), 1);
}

/// A function writes to its own log group only. The roles that SAM generates may write to every log of the account, so
/// their policies deny the others.
#[test]
fn function_writes_to_its_own_log_only() {
    let roles = of_type("AWS::IAM::Role");
    for (id, function) in functions() {
        let logs = format!("{}Logs", id.strip_suffix("Function").unwrap());
        assert_eq!(function["LoggingConfig"]["LogGroup"].as_str(), Some(logs.as_str()), "{id}");
        let own = format!("{logs}.Arn");
        if let Some(role) = function.get("Role").and_then(Value::as_str) {
            let (_, role) = roles.iter().find(|(id, _)| role == format!("{id}.Arn")).unwrap();
            let statements = role["Policies"][0]["PolicyDocument"]["Statement"].as_sequence().unwrap();
            let about_logs: Vec<_> = statements.iter().filter(|it| text(&it["Action"]).contains("logs:")).collect();
            assert_eq!(about_logs.len(), 1, "{id}");
            assert_eq!(about_logs[0]["Resource"].as_str(), Some(own.as_str()), "{id}");
        } else {
            let policies = function["Policies"].as_sequence().unwrap().iter();
            let denies = |policy: &&Value| {
                let Some(statement) = policy.get("Statement") else { return false };
                (statement["Effect"].as_str(), statement["Action"].as_str()) == (Some("Deny"), Some("logs:*"))
                    && statement.get("NotResource").and_then(Value::as_str) == Some(own.as_str())
            };
            assert_eq!(policies.filter(denies).count(), 1, "{id}");
        }
    }
}

/// Properties that name a resource within its account and region, by type.
const PHYSICAL_NAMES: [(&str, &str); 16] = [
    ("AWS::CloudWatch::Alarm", "AlarmName"),
    ("AWS::Cognito::UserPool", "UserPoolName"),
    ("AWS::Cognito::UserPoolDomain", "Domain"),
    ("AWS::DynamoDB::Table", "TableName"),
    ("AWS::Events::Rule", "Name"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::KMS::Alias", "AliasName"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::S3::Bucket", "BucketName"),
    ("AWS::SES::ConfigurationSet", "Name"),
    ("AWS::SNS::Topic", "TopicName"),
    ("AWS::SQS::Queue", "QueueName"),
    ("AWS::Scheduler::Schedule", "Name"),
    ("AWS::Serverless::Function", "FunctionName"),
    ("AWS::Serverless::HttpApi", "Name"),
];

/// Two stacks fit into one account and region: nothing has a name that the other has too. `.ci/stack_names.py` checks
/// the same in the expansion.
#[test]
fn physical_names_contain_the_stack_name() {
    for (kind, property) in PHYSICAL_NAMES {
        for (id, properties) in of_type(kind) {
            if let Some(name) = properties.get(property) {
                assert!(text(name).contains("${AWS::StackName}"), "{id}: {name:?}");
            }
        }
    }
    for (id, function) in functions() {
        for schedule in events(&function, "ScheduleV2") {
            assert!(schedule.get("Name").is_none(), "{id}");
            // Without it, SAM names the schedule by its logical id.
            assert_eq!(schedule["OmitName"].as_bool(), Some(true), "{id}");
        }
    }
    let template = template();
    let outputs = template["Outputs"].as_mapping().unwrap();
    assert!(outputs.iter().all(|(_, output)| output.get("Export").is_none()), "exports have names too");
}

/// A metric of one stack alone: a dimension names the stack, or a resource of it.
#[test]
fn alarms_watch_metrics_of_their_own_stack() {
    let template = template();
    let resources = template["Resources"].as_mapping().unwrap();
    let names_stack = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        let resource = text.split('.').next().unwrap_or_default();
        // The event source mapping that SAM generates from an event of a function.
        let is_generated = || resources.iter().any(|(id, _)| resource.starts_with(id.as_str().unwrap()));
        text == "AWS::StackName" || resources.contains_key(resource) || is_generated()
    };
    for (id, alarm) in of_type("AWS::CloudWatch::Alarm") {
        // All functions of the account share one limit.
        if id == "FunctionsThrottledAlarm" {
            continue;
        }
        let metrics = alarm.get("Metrics").and_then(Value::as_sequence).cloned();
        let metrics = metrics.unwrap_or_else(|| vec![alarm.clone()]);
        let metrics = metrics.iter().filter_map(|metric| {
            metric.get("MetricStat").map_or_else(|| metric.get("MetricName").map(|_| metric), |stat| stat.get("Metric"))
        });
        for metric in metrics {
            let dimensions = metric.get("Dimensions").and_then(Value::as_sequence).cloned().unwrap_or_default();
            let is_own = dimensions.iter().any(|dimension| {
                let value = &dimension["Value"];
                matches!(value, Value::Tagged(tagged) if tagged.tag == "Ref" || tagged.tag == "GetAtt")
                    && names_stack(value)
            });
            let is_own = is_own || metric.get("Namespace").is_some_and(|it| text(it).contains("/${AWS::StackName}"));
            assert!(is_own, "{id} watches {:?} without a dimension of the stack", metric.get("MetricName"));
        }
    }
}

/// What a failed first deployment has created is removed again. Everything else that holds records outlives the stack.
#[test]
fn resources_with_records_outlive_the_stack() {
    let template = template();
    for (id, resource) in template["Resources"].as_mapping().unwrap() {
        let kind = resource["Type"].as_str().unwrap();
        let holds_records =
            ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Cognito::UserPool"].contains(&kind);
        let policy = |name: &str| resource.get(name).and_then(Value::as_str);
        let expected = holds_records.then_some("RetainExceptOnCreate");
        assert_eq!(policy("DeletionPolicy"), expected, "{id:?}");
        assert_eq!(policy("UpdateReplacePolicy"), holds_records.then_some("Retain"), "{id:?}");
    }
}

#[test]
fn user_pool_ignores_case_and_can_require_second_factor() {
    let pools = of_type("AWS::Cognito::UserPool");
    let [(_, pool)] = pools.as_slice() else { panic!("{pools:?}") };
    assert_eq!(pool["UsernameConfiguration"]["CaseSensitive"].as_bool(), Some(false));
    assert_eq!(pool["MfaConfiguration"].as_str(), Some("UserPoolMfa"));
    let parameter = template()["Parameters"]["UserPoolMfa"].clone();
    // As texts: YAML reads a bare OFF as false.
    let values: Vec<_> =
        parameter["AllowedValues"].as_sequence().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(values, ["OFF", "OPTIONAL", "ON"]);
    assert_eq!(parameter["Default"].as_str(), Some("OPTIONAL"));
    let kinds = yaml_serde::from_str::<Value>("!If [HasMfa, [SOFTWARE_TOKEN_MFA], !Ref AWS::NoValue]").unwrap();
    assert_eq!(pool["EnabledMfas"], kinds, "Cognito refuses a kind of second factor beside OFF");
}

/// Without a reservation, a flood of requests can use all executions of the account.
#[test]
fn background_functions_can_reserve_executions() {
    for (id, function) in functions().into_iter().filter(|(id, _)| id.starts_with("Triggers")) {
        // Cognito waits for it, as a client waits for a request.
        let runs_by_itself = id != "TriggersAddTokenClaimsFunction";
        let reserved = function.get("ReservedConcurrentExecutions").map(text);
        assert_eq!(reserved.is_some(), runs_by_itself, "{id}");
        let Some(reserved) = reserved else { continue };
        assert!(reserved.contains("ReservesConcurrency") && reserved.contains("AWS::NoValue"), "{id}: {reserved}");
        for queue in events(&function, "SQS") {
            // A queue that polls more than the function may run has its messages throttled into the dead-letter queue.
            let polled = queue["ScalingConfig"]["MaximumConcurrency"].as_u64().unwrap();
            assert!(
                reserved.lines().any(|line| line.trim_start_matches("- ") == polled.to_string()),
                "{id}: {reserved}"
            );
        }
    }
    assert_eq!(template()["Parameters"]["ReserveConcurrency"]["Default"].as_str(), Some("false"));
}

/// Actions on the table that each background function performs. Fewer would fail the black-box tests, which run under
/// these policies; more would be rights that nothing needs.
#[test]
fn background_roles_grant_only_used_table_actions() {
    let expected = [
        ("TriggersBookRole", &["ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"][..]),
        ("TriggersEscalateRole", &["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query"]),
        ("TriggersNotifyRole", &["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"]),
        ("TriggersProcessBatchRole", &["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"]),
        ("TriggersProcessReceiptRole", &["DeleteItem", "PutItem", "Query", "UpdateItem"]),
        ("TriggersRecordSesEventRole", &["GetItem", "PutItem", "UpdateItem"]),
        ("TriggersRemindRole", &["BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"]),
        ("TriggersSweepRole", &["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"]),
    ];
    for (id, expected) in expected {
        let roles = of_type("AWS::IAM::Role");
        let (_, role) = roles.iter().find(|(role, _)| role == id).unwrap();
        let statements = role["Policies"][0]["PolicyDocument"]["Statement"].as_sequence().unwrap();
        let allowed = statements.iter().filter(|statement| statement["Effect"].as_str() == Some("Allow"));
        let about_table = allowed.filter(|statement| !text(&statement["Resource"]).contains("StreamArn"));
        let actions = about_table.flat_map(|statement| match &statement["Action"] {
            Value::Sequence(actions) => actions.clone(),
            action => vec![action.clone()],
        });
        let mut actions: Vec<String> =
            actions.filter_map(|action| Some(action.as_str()?.strip_prefix("dynamodb:")?.to_owned())).collect();
        actions.retain(|action| action != "ListStreams");
        actions.sort_unstable();
        actions.dedup();
        assert_eq!(actions, expected, "{id}");
    }
}
