//! The contract: `openapi.json` is what the handlers say about themselves, and handlers, binaries, template and sample events
//! name the same functions. `OUTLAY_BLESS=1 cargo test -p outlay --test contract` writes `openapi.json` anew.
#![cfg(test)]
#![expect(
    dead_code,
    reason = "the handlers are included for what they say about themselves; their `main` is not called"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

macro_rules! functions {
    ($($module:ident $path:literal)*) => {$(
        #[path = $path]
        mod $module;
    )*};
}

// Two lines for each endpoint: here, and below in `paths`.
functions! {
    organisations_create "../functions/organisations/create.rs"
    members_invite "../functions/members/invite.rs"
    members_list "../functions/members/list.rs"
    members_get "../functions/members/get.rs"
    members_change "../functions/members/change.rs"
    members_delegate "../functions/members/delegate.rs"
    members_undelegate "../functions/members/undelegate.rs"
    members_set_account "../functions/members/set_account.rs"
    members_account "../functions/members/account.rs"
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
    reports_change "../functions/reports/change.rs"
    reports_delete "../functions/reports/delete.rs"
    reports_clone "../functions/reports/clone.rs"
    reports_comment "../functions/reports/comment.rs"
    reports_reassign "../functions/reports/reassign.rs"
    expenses_add "../functions/expenses/add.rs"
    expenses_change "../functions/expenses/change.rs"
    expenses_remove "../functions/expenses/remove.rs"
    expenses_clone "../functions/expenses/clone.rs"
    expenses_split "../functions/expenses/split.rs"
    receipts_add "../functions/receipts/add.rs"
    receipts_get "../functions/receipts/get.rs"
    receipts_remove "../functions/receipts/remove.rs"
    approvals_list "../functions/approvals/list.rs"
    rates_put "../functions/rates/put.rs"
    rates_list "../functions/rates/list.rs"
    service_health "../functions/service/health.rs"
    service_openapi "../functions/service/openapi.rs"
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Outlay", description = "An expense-report backend: reports are validated, judged by policy, routed for approval, and told about by e-mail."),
    security(("bearer" = [])),
    modifiers(&Finish),
    components(schemas(outlay_edge::ProblemBody)),
    paths(
        organisations_create::handler, members_invite::handler, members_list::handler, members_get::handler, members_change::handler, members_delegate::handler, members_undelegate::handler,
        members_set_account::handler, members_account::handler, members_export::handler, members_erase::handler,
        policy_get::handler, policy_put::handler, policy_versions::handler, policy_check::handler,
        reports_create::handler, reports_get::handler, reports_list::handler, reports_submit::handler,
        reports_recall::handler, reports_approve::handler, reports_return::handler, reports_reject::handler,
        reports_history::handler, reports_change::handler, reports_delete::handler, reports_clone::handler, reports_comment::handler, reports_reassign::handler,
        expenses_add::handler, expenses_change::handler, expenses_remove::handler, expenses_clone::handler, expenses_split::handler,
        receipts_add::handler, receipts_get::handler, receipts_remove::handler,
        approvals_list::handler, rates_put::handler, rates_list::handler,
        service_health::handler, service_openapi::handler,
    )
)]
struct Api;

struct Finish;

impl Modify for Finish {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        if let Some(components) = openapi.components.as_mut() {
            components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
        }
        // A body that may be left out is described as one that may be null, which it may not.
        for item in openapi.paths.paths.values_mut() {
            for body in item.post.iter_mut().filter_map(|operation| operation.request_body.as_mut()) {
                let RefOr::T(body) = body else { continue };
                for content in body.content.values_mut() {
                    let RefOr::T(content) = content else { continue };
                    if let Some(RefOr::T(Schema::OneOf(choice))) = &content.schema {
                        content.schema = choice.items.iter().find(|item| matches!(item, RefOr::Ref(_))).cloned();
                    }
                }
            }
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The one name of a function as its operation id: `reports-submit` is `reportsSubmit`.
fn camel(name: &str) -> String {
    let mut parts = name.split('-');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + &part[..1].to_uppercase() + &part[1..])
}

fn pascal(name: &str) -> String {
    let camel = camel(name);
    camel[..1].to_uppercase() + &camel[1..]
}

/// The names that the files in `functions/` give: `functions/members/set_account.rs` is `members-set-account`.
fn handlers() -> BTreeSet<String> {
    let folders = std::fs::read_dir(root().join("functions")).unwrap().map(|folder| folder.unwrap().path());
    let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
    let stem = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|file| format!("{}-{}", stem(file.parent().unwrap()), stem(&file).replace('_', "-"))).collect()
}

/// The function that gets what no endpoint takes: its route names no path and no method.
const FALLBACK: &str = "service-fallback";

fn is_endpoint(name: &str) -> bool {
    !name.starts_with("triggers-") && name != FALLBACK
}

/// Method and path by operation id, as `openapi.json` lists them.
fn operations(document: &Value) -> BTreeMap<String, (String, String)> {
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(found.insert(id.clone(), (method.to_uppercase(), path.clone())).is_none(), "{id} stands twice");
        }
    }
    found
}

/// The functions of the template: logical id → (code folder, routes).
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

#[test]
fn openapi_json_is_what_the_handlers_say() {
    let generated = Api::openapi().to_pretty_json().unwrap() + "\n";
    #[expect(clippy::disallowed_methods, reason = "writes the file anew only when asked to")]
    if std::env::var_os("OUTLAY_BLESS").is_some() {
        std::fs::write(root().join("openapi.json"), &generated).unwrap();
    }
    assert!(
        read("openapi.json") == generated,
        "openapi.json is stale: OUTLAY_BLESS=1 cargo test -p outlay --test contract"
    );
}

#[test]
fn one_name_everywhere() {
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
fn every_sample_event_is_of_its_route() {
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
fn dependencies_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        (
            "outlay",
            &["outlay-domain", "outlay-edge", "outlay-mail", "outlay-receipts", "outlay-store", "outlay-vault"][..],
        ),
        ("outlay-edge", &["outlay-domain", "outlay-mail", "outlay-receipts", "outlay-store", "outlay-vault"]),
        ("outlay-store", &["outlay-domain"]),
        ("outlay-vault", &[]),
        ("outlay-mail", &["outlay-domain"]),
        ("outlay-receipts", &["outlay-domain"]),
        ("outlay-domain", &[]),
        ("outlay-local", &[]),
    ]);
    let metadata = metadata();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let used = dependencies
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| dependency["name"].as_str().unwrap());
        for dependency in used.filter(|used| used.starts_with("outlay")) {
            assert!(allowed[name].contains(&dependency), "{name} must not depend on {dependency}");
        }
        let pure = package["dependencies"].as_array().unwrap().iter().all(|dependency| {
            let name = dependency["name"].as_str().unwrap();
            !name.starts_with("aws")
                && !name.starts_with("lambda")
                && !["tokio", "reqwest", "getrandom"].contains(&name)
        });
        assert!(pure || name != "outlay-domain", "the domain must stay pure");
    }
}

#[test]
fn handlers_fit_on_a_screen() {
    for name in handlers() {
        let (folder, file) = name.split_once('-').unwrap();
        let text = read(&format!("functions/{folder}/{}.rs", file.replace('-', "_")));
        assert!(text.starts_with("//! "), "{name} says what it is");
        let body = text.split("fn handler").last().unwrap();
        assert!(body.lines().count() <= 60, "the story of {name} is {} lines long", body.lines().count());
    }
}
