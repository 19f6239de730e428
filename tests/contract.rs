//! Contract: `openapi.json` matches the handlers' declarations, and handlers, binaries, template and sample events name
//! the same functions. `OUTLAY_BLESS=1 cargo test -p outlay --test contract` rewrites `openapi.json`.
#![cfg(test)]
#![expect(dead_code, reason = "the handlers are included for their declarations; their `main` is not called")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use outlay_http::openapi::problem_responses;
use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use serde_json::{Serializer, Value};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ArrayItems, Schema};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, Ref, RefOr};
use utoipa::{Modify, OpenApi};

macro_rules! functions {
    ($($module:ident $path:literal)*) => {$(
        #[path = $path]
        mod $module;
    )*};
}

// Each endpoint has two lines: one here, one in `paths` below.
functions! {
    organisations_create "../functions/organisations/create.rs"
    organisations_get "../functions/organisations/get.rs"
    organisations_update "../functions/organisations/update.rs"
    organisations_close "../functions/organisations/close.rs"
    members_invite "../functions/members/invite.rs"
    members_list "../functions/members/list.rs"
    members_get "../functions/members/get.rs"
    members_update "../functions/members/update.rs"
    members_delegate "../functions/members/delegate.rs"
    members_end_delegation "../functions/members/end_delegation.rs"
    members_put_payout_account "../functions/members/put_payout_account.rs"
    members_get_payout_account "../functions/members/get_payout_account.rs"
    members_export "../functions/members/export.rs"
    members_erase "../functions/members/erase.rs"
    policy_get "../functions/policy/get.rs"
    policy_put "../functions/policy/put.rs"
    policy_versions "../functions/policy/versions.rs"
    policy_check "../functions/policy/check.rs"
    reports_create "../functions/reports/create.rs"
    reports_get "../functions/reports/get.rs"
    reports_list "../functions/reports/list.rs"
    reports_submit "../functions/reports/submit.rs"
    reports_recall "../functions/reports/recall.rs"
    reports_approve "../functions/reports/approve.rs"
    reports_return "../functions/reports/return.rs"
    reports_reject "../functions/reports/reject.rs"
    reports_history "../functions/reports/history.rs"
    reports_document "../functions/reports/document.rs"
    reports_update "../functions/reports/update.rs"
    reports_delete "../functions/reports/delete.rs"
    reports_clone "../functions/reports/clone.rs"
    reports_comment "../functions/reports/comment.rs"
    reports_reassign "../functions/reports/reassign.rs"
    expenses_add "../functions/expenses/add.rs"
    expenses_update "../functions/expenses/update.rs"
    expenses_remove "../functions/expenses/remove.rs"
    expenses_clone "../functions/expenses/clone.rs"
    expenses_split "../functions/expenses/split.rs"
    receipts_add "../functions/receipts/add.rs"
    receipts_get "../functions/receipts/get.rs"
    receipts_remove "../functions/receipts/remove.rs"
    approvals_list "../functions/approvals/list.rs"
    batches_create "../functions/batches/create.rs"
    batches_list "../functions/batches/list.rs"
    batches_get "../functions/batches/get.rs"
    batches_list_payments "../functions/batches/list_payments.rs"
    batches_get_payment "../functions/batches/get_payment.rs"
    batches_cancel "../functions/batches/cancel.rs"
    batches_release "../functions/batches/release.rs"
    batches_clear_hold "../functions/batches/clear_hold.rs"
    batches_settle "../functions/batches/settle.rs"
    batches_history "../functions/batches/history.rs"
    batches_download "../functions/batches/download.rs"
    batches_bank_answer "../functions/batches/bank_answer.rs"
    payments_get_settings "../functions/payments/get_settings.rs"
    payments_put_settings "../functions/payments/put_settings.rs"
    rates_put "../functions/rates/put.rs"
    rates_remove "../functions/rates/remove.rs"
    rates_list "../functions/rates/list.rs"
    exports_get "../functions/exports/get.rs"
    ledger_get "../functions/ledger/get.rs"
    ledger_put "../functions/ledger/put.rs"
    ledger_journal "../functions/ledger/journal.rs"
    service_root "../functions/service/root.rs"
    service_health "../functions/service/health.rs"
    service_openapi "../functions/service/openapi.rs"
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Outlay", description = "An expense-report backend: reports are validated, judged by policy, routed for approval, and told about by e-mail."),
    security(("bearer" = [])),
    modifiers(&Finish),
    components(schemas(outlay_http::ProblemBody)),
    paths(
        organisations_create::handler, organisations_get::handler, organisations_update::handler, organisations_close::handler,
        members_invite::handler, members_list::handler, members_get::handler, members_update::handler, members_delegate::handler, members_end_delegation::handler,
        members_put_payout_account::handler, members_get_payout_account::handler, members_export::handler, members_erase::handler,
        policy_get::handler, policy_put::handler, policy_versions::handler, policy_check::handler,
        reports_create::handler, reports_get::handler, reports_list::handler, reports_submit::handler,
        reports_recall::handler, reports_approve::handler, reports_return::handler, reports_reject::handler,
        reports_history::handler, reports_document::handler, reports_update::handler, reports_delete::handler, reports_clone::handler, reports_comment::handler, reports_reassign::handler,
        expenses_add::handler, expenses_update::handler, expenses_remove::handler, expenses_clone::handler, expenses_split::handler,
        receipts_add::handler, receipts_get::handler, receipts_remove::handler,
        batches_create::handler, batches_list::handler, batches_get::handler, batches_list_payments::handler, batches_get_payment::handler,
        batches_cancel::handler, batches_release::handler, batches_clear_hold::handler, batches_settle::handler, batches_history::handler,
        batches_download::handler, batches_bank_answer::handler, payments_get_settings::handler, payments_put_settings::handler,
        approvals_list::handler, rates_put::handler, rates_remove::handler, rates_list::handler,
        exports_get::handler, ledger_get::handler, ledger_put::handler, ledger_journal::handler,
        service_root::handler, service_health::handler, service_openapi::handler,
    )
)]
struct Api;

struct Finish;

impl Modify for Finish {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let Some(components) = openapi.components.as_mut() else { return };
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
        let responses = problem_responses().into_iter();
        components.responses.extend(responses.map(|(name, response)| (name.to_owned(), RefOr::T(response))));
        refer_to_items(components);
        let operations = openapi.paths.paths.values_mut().flat_map(|item| {
            [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
        });
        for operation in operations {
            require_body(operation);
            share_parameters(operation, components);
        }
    }
}

/// Lists refer to the schema of their items, which utoipa writes out in place.
fn refer_to_items(components: &mut Components) {
    let known: Vec<(String, RefOr<Schema>)> = components.schemas.clone().into_iter().collect();
    for (name, list) in components.schemas.iter_mut().filter(|(name, _)| name.starts_with("PageOut_")) {
        let RefOr::T(Schema::Object(list)) = list else { panic!("{name} is no object") };
        let Some(RefOr::T(Schema::Array(items))) = list.properties.get_mut("items") else { panic!("{name}") };
        let ArrayItems::RefOrSchema(item) = &mut items.items else { panic!("{name}") };
        if let Some((of, _)) = known.iter().find(|(_, schema)| *schema == **item) {
            **item = RefOr::Ref(Ref::from_schema_name(of));
        }
    }
}

/// utoipa describes an optional body as nullable, which it is not.
fn require_body(operation: &mut Operation) {
    let Some(RefOr::T(body)) = operation.request_body.as_mut() else { return };
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        if let Some(RefOr::T(Schema::OneOf(choice))) = &content.schema {
            content.schema = choice.items.iter().find(|item| matches!(item, RefOr::Ref(_))).cloned();
        }
    }
}

/// Parameters become components, one for each name, place and description.
fn share_parameters(operation: &mut Operation, components: &mut Components) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(described) = parameter else { continue };
        let name = described.name.replace('-', "");
        let numbered = (1..).map(|number| if number == 1 { name.clone() } else { format!("{name}{number}") });
        let free = |name: &String| match components.parameters.get(name) {
            None => true,
            Some(RefOr::T(known)) => known == described,
            Some(RefOr::Ref(_)) => false,
        };
        let name = numbered.into_iter().find(free).unwrap();
        let reference = RefOr::Ref(Ref::new(format!("#/components/parameters/{name}")));
        components.parameters.insert(name, std::mem::replace(parameter, reference));
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Operation id of a function: `reports-submit` becomes `reportsSubmit`.
fn camel(name: &str) -> String {
    let mut parts = name.split('-');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + &part[..1].to_uppercase() + &part[1..])
}

fn pascal(name: &str) -> String {
    let camel = camel(name);
    camel[..1].to_uppercase() + &camel[1..]
}

/// Function names derived from files in `functions/`: `functions/members/put_payout_account.rs` is `members-put-payout-account`.
fn handlers() -> BTreeSet<String> {
    let folders = std::fs::read_dir(root().join("functions")).unwrap().map(|folder| folder.unwrap().path());
    let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
    let stem = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|file| format!("{}-{}", stem(file.parent().unwrap()), stem(&file).replace('_', "-"))).collect()
}

/// Function that receives unmatched requests: its route has no path and no method.
const FALLBACK: &str = "service-fallback";

fn is_endpoint(name: &str) -> bool {
    !name.starts_with("triggers-") && name != FALLBACK
}

/// Method and path by operation id, as listed in `openapi.json`.
fn operations(document: &Value) -> BTreeMap<String, (String, String)> {
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(found.insert(id.clone(), (method.to_uppercase(), path.clone())).is_none(), "{id} is used twice");
        }
    }
    found
}

/// Functions of the template: logical id → (code folder, routes).
fn template() -> BTreeMap<String, (String, Vec<(String, String)>)> {
    let document: yaml_serde::Value = yaml_serde::from_str(&read("template.yaml")).unwrap();
    let text =
        |value: Option<&yaml_serde::Value>| value.and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let mut found = BTreeMap::new();
    for (id, resource) in document["Resources"].as_mapping().unwrap() {
        if text(resource.get("Type")) != "AWS::Serverless::Function" {
            continue;
        }
        let properties = &resource["Properties"];
        let events = properties.get("Events").and_then(|events| events.as_mapping()).cloned().unwrap_or_default();
        let http = events.iter().map(|(_, event)| event).filter(|event| text(event.get("Type")) == "HttpApi");
        let routes = http.map(|event| {
            (text(event["Properties"].get("Method")).to_uppercase(), text(event["Properties"].get("Path")))
        });
        found.insert(id.as_str().unwrap().to_owned(), (text(properties.get("CodeUri")), routes.collect()));
    }
    found
}

/// JSON with an indentation of one space: the document is nested ten levels deep.
fn pretty(document: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(b" ");
    document.serialize(&mut Serializer::with_formatter(&mut bytes, formatter)).unwrap();
    String::from_utf8(bytes).unwrap() + "\n"
}

#[test]
fn openapi_json_matches_handlers() {
    let generated = pretty(&Api::openapi());
    #[expect(clippy::disallowed_methods, reason = "rewrites the file only on request")]
    if std::env::var_os("OUTLAY_BLESS").is_some() {
        std::fs::write(root().join("openapi.json"), &generated).unwrap();
    }
    assert!(
        read("openapi.json") == generated,
        "openapi.json is stale: OUTLAY_BLESS=1 cargo test -p outlay --test contract"
    );
}

#[test]
fn function_names_match_in_all_places() {
    let document: Value = serde_json::from_str(&read("openapi.json")).unwrap();
    let (operations, template, handlers) = (operations(&document), template(), handlers());
    let manifest: Value = metadata();
    let package = manifest["packages"].as_array().unwrap().iter().find(|package| package["name"] == "outlay").unwrap();
    let bins = package["targets"].as_array().unwrap().iter().filter(|target| target["kind"][0] == "bin");
    let bins: BTreeSet<String> = bins.map(|bin| bin["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(bins, handlers, "binaries and files in functions/");

    let events = std::fs::read_dir(root().join("events")).unwrap().map(|file| file.unwrap().path());
    let events = events.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let events: BTreeSet<String> = events.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(events, handlers, "sample events and files in functions/");

    let logical: BTreeSet<String> = handlers.iter().map(|name| format!("{}Function", pascal(name))).collect();
    assert_eq!(template.keys().cloned().collect::<BTreeSet<_>>(), logical, "template and files in functions/");

    let http: BTreeSet<String> = handlers.iter().filter(|name| is_endpoint(name)).map(|name| camel(name)).collect();
    assert_eq!(operations.keys().cloned().collect::<BTreeSet<_>>(), http, "openapi.json and files in functions/");

    for name in &handlers {
        let (code, routes) = &template[&format!("{}Function", pascal(name))];
        assert_eq!(code.trim_end_matches('/'), format!("target/lambda/{name}"));
        let fallback = (name == FALLBACK).then(Default::default);
        let described: Vec<_> = operations.get(&camel(name)).cloned().into_iter().chain(fallback).collect();
        assert_eq!(routes, &described, "the route of {name} in the template and in openapi.json");
    }
}

#[test]
fn sample_events_match_their_routes() {
    let document: Value = serde_json::from_str(&read("openapi.json")).unwrap();
    let operations = operations(&document);
    for name in handlers().iter().filter(|name| is_endpoint(name)) {
        let event: Value = serde_json::from_str(&read(&format!("events/{name}.json"))).unwrap();
        let (method, path) = &operations[&camel(name)];
        assert_eq!(event["routeKey"], format!("{method} {path}"), "{name}");
        assert_eq!(event["requestContext"]["http"]["method"], *method, "{name}");
        let mut expected = path.clone();
        for (parameter, value) in event["pathParameters"].as_object().into_iter().flatten() {
            expected = expected.replace(&format!("{{{parameter}}}"), value.as_str().unwrap());
        }
        assert_eq!(event["rawPath"], expected, "{name}");
    }
}

fn metadata() -> Value {
    let cargo = Path::new(env!("CARGO"));
    let output = std::process::Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn crate_dependencies_point_one_way() {
    // Each crate with those it may depend on, the lowest first.
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("outlay-domain", &[][..]),
        ("outlay-aws", &[]),
        ("outlay-local", &[]),
        ("outlay-test-kit", &["outlay-local"]),
        ("outlay-bank", &["outlay-domain"]),
        ("outlay-exports", &["outlay-domain"]),
        ("outlay-pdf", &["outlay-domain"]),
        ("outlay-input", &["outlay-domain"]),
        ("outlay-store", &["outlay-aws", "outlay-domain"]),
        ("outlay-vault", &["outlay-aws"]),
        ("outlay-mail", &["outlay-aws", "outlay-domain"]),
        ("outlay-worker", &["outlay-aws"]),
        ("outlay-auth", &["outlay-aws", "outlay-domain", "outlay-input", "outlay-store"]),
        ("outlay-rates", &["outlay-aws", "outlay-domain", "outlay-store"]),
        ("outlay-receipts", &["outlay-aws", "outlay-domain", "outlay-store"]),
        (
            "outlay-payments",
            &["outlay-aws", "outlay-bank", "outlay-domain", "outlay-receipts", "outlay-store", "outlay-vault"],
        ),
        ("outlay-notifications", &["outlay-aws", "outlay-domain", "outlay-mail", "outlay-store", "outlay-worker"]),
        (
            "outlay-http",
            &[
                "outlay-auth",
                "outlay-aws",
                "outlay-domain",
                "outlay-input",
                "outlay-payments",
                "outlay-receipts",
                "outlay-store",
                "outlay-vault",
            ],
        ),
        (
            "outlay-api",
            &[
                "outlay-auth",
                "outlay-aws",
                "outlay-bank",
                "outlay-domain",
                "outlay-http",
                "outlay-input",
                "outlay-payments",
                "outlay-receipts",
                "outlay-store",
                "outlay-vault",
            ],
        ),
    ]);
    let metadata = metadata();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let used = dependencies
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| dependency["name"].as_str().unwrap());
        // The functions are made of all of them.
        for dependency in used.filter(|used| used.starts_with("outlay") && name != "outlay") {
            assert!(allowed[name].contains(&dependency), "{name} must not depend on {dependency}");
        }
        let pure = package["dependencies"].as_array().unwrap().iter().all(|dependency| {
            let name = dependency["name"].as_str().unwrap();
            !name.starts_with("aws")
                && !name.starts_with("lambda")
                && !["tokio", "reqwest", "getrandom"].contains(&name)
        });
        assert!(pure || name != "outlay-domain", "the domain crate must stay free of AWS, I/O and randomness");
    }
}

/// Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// Public types that a file defines, outside macros.
fn public_types(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let rest = line.trim_start().strip_prefix("pub ")?;
        let (kind, rest) = rest.split_once(' ')?;
        let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
        (["struct", "enum", "trait", "type", "union"].contains(&kind) && !name.is_empty()).then_some(name)
    })
}

#[test]
fn public_type_names_are_unique() {
    let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for folder in ["functions", "shared", "local/src", "tests/kit"] {
        for path in sources(&root().join(folder)) {
            // Integration tests of a crate are no part of it.
            if path.components().any(|part| part.as_os_str() == "tests") && !path.starts_with(root().join("tests/kit"))
            {
                continue;
            }
            for name in public_types(&std::fs::read_to_string(&path).unwrap()) {
                found.entry(name.to_owned()).or_default().push(path.clone());
            }
        }
    }
    assert!(found.len() > 300, "{} public types are too few: the search is broken", found.len());
    let twice: Vec<_> = found.iter().filter(|(_, places)| places.len() > 1).collect();
    assert!(twice.is_empty(), "public type names that are used twice: {twice:#?}");
}

/// Method that a handler's `#[utoipa::path]` names.
fn method_of(text: &str) -> &str {
    let (_, rest) = text.split_once("#[utoipa::path(").unwrap();
    rest.trim_start().split(',').next().unwrap()
}

/// Declarations that the compiler cannot compare with the method in `#[utoipa::path]`.
#[test]
fn declarations_fit_their_methods() {
    for name in handlers().iter().filter(|name| is_endpoint(name) && !name.starts_with("service-")) {
        let (folder, file) = name.split_once('-').unwrap();
        let text = read(&format!("functions/{folder}/{}.rs", file.replace('-', "_")));
        let declares = |item: &str| text.contains(item);
        let is_get = method_of(&text) == "get";
        let described = text.matches("Declared<").count();
        assert_eq!(described, 2, "{name}: parameters and responses are described by the declaration");
        assert_eq!(declares("type Body = NoBody;"), is_get, "{name}: a GET, and nothing else, has no body");
        assert_eq!(
            declares("Idempotency::Unused"),
            is_get || IDEMPOTENT.contains(&name.as_str()),
            "{name}: idempotency"
        );
        let is_read = declares("RequestClass::Read");
        assert!(is_get || !is_read, "{name}: a write counts as a read");
        assert!(!is_get || !declares("RequestClass::Write"), "{name}: a read counts as a write");
        let creates = declares("status = 201") && method_of(&text) == "post";
        let required = declares("Idempotency::Required");
        assert!(!creates || required || BY_ADDRESS.contains(&name.as_str()), "{name}: creating twice is not prevented");
    }
}

/// Writes that keep no answer: a dry run changes nothing, the hash of an account number must not be stored, and an entry
/// of a bank's answer is recorded once by itself.
const IDEMPOTENT: [&str; 4] =
    ["policy-check", "members-put-payout-account", "payments-put-settings", "batches-bank-answer"];
/// Creations that are recognised by an address when they are repeated.
const BY_ADDRESS: [&str; 1] = ["members-invite"];

#[test]
fn handlers_are_at_most_30_lines() {
    for name in handlers() {
        let (folder, file) = name.split_once('-').unwrap();
        let text = read(&format!("functions/{folder}/{}.rs", file.replace('-', "_")));
        assert!(text.starts_with("//! "), "{name} has no module doc");
        let (_, rest) = text.split_once("fn handler").unwrap_or(("", ""));
        let lines = rest.lines().take_while(|line| *line != "}").count();
        assert!(lines <= 30, "the handler {name} has {lines} lines");
    }
}
