//! Turns the parsed template into a [`Template`]. Every error names its resource and property.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::intrinsics::{Resolver, parse};
use super::messaging;
use super::model::{Access, Cors, DEFAULT_ROUTE, Function, Key, Parameters, Route, StreamSource, Table, Template};
use super::names::{key_arn, key_id};
use super::settings::{self, Limits};
use super::table_policies;
use super::values::{is_true, text_of, texts, whole_number};
use crate::event_filter;

pub(super) fn template(text: &str, parameters: &Parameters) -> Result<Template, String> {
    let document = parse(text)?;
    let reader = Reader { document: &document, resolver: Resolver::new(&document, parameters) };
    let mut template = Template { cors: reader.cors()?, ..Template::default() };
    let resources = document.get("Resources").and_then(Value::as_object).ok_or("it has no Resources")?;
    for (id, resource) in resources {
        if !reader.is_created(resource).map_err(|error| format!("{id}: {error}"))? {
            continue;
        }
        match resource.get("Type").and_then(Value::as_str) {
            Some("AWS::DynamoDB::Table") => template.tables.push(reader.table(id, resource)?),
            Some("AWS::Serverless::Function") => reader.function(id, resource, resources, &mut template)?,
            Some("AWS::KMS::Key") => template.keys.push(reader.key(id, resources)?),
            Some(kind) => {
                let added = messaging::read_resource(&reader.resolver, id, kind, resource, &mut template);
                added.map_err(|error| format!("{id}: {error}"))?;
            }
            None => {}
        }
    }
    reader.limits()?.apply(&mut template.routes)?;
    Ok(template)
}

struct Reader<'a> {
    document: &'a Value,
    resolver: Resolver<'a>,
}

impl Reader<'_> {
    fn is_created(&self, resource: &Value) -> Result<bool, String> {
        match resource.get("Condition").and_then(Value::as_str) {
            None => Ok(true),
            Some(condition) => self.resolver.condition(condition, &mut HashSet::new()),
        }
    }

    /// Resolves a property of a function; the default is in Globals.
    fn property(&self, resource: &Value, name: &str) -> Result<Option<Value>, String> {
        let own = resource.get("Properties").and_then(|it| it.get(name));
        let found = own.or_else(|| self.document.pointer("/Globals/Function").and_then(|it| it.get(name)));
        found.map(|value| self.resolver.resolve(value)).transpose().map_err(|error| format!("{name}: {error}"))
    }

    fn function(
        &self,
        id: &str,
        resource: &Value,
        resources: &Map<String, Value>,
        template: &mut Template,
    ) -> Result<(), String> {
        let within = |error: String| format!("{id}: {error}");
        let code = self.property(resource, "CodeUri").map_err(within)?;
        let name = code
            .as_ref()
            .and_then(Value::as_str)
            .and_then(|path| path.trim_end_matches('/').rsplit('/').next())
            .filter(|name| !name.is_empty())
            .ok_or_else(|| within("CodeUri is not a folder".to_owned()))?
            .to_owned();
        let number = |property: &str, default: u64| -> Result<u64, String> {
            match self.property(resource, property).map_err(within)? {
                None => Ok(default),
                Some(value) => text_of(&value)
                    .ok()
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| within(format!("{property} is not a whole number"))),
            }
        };
        let function = Function {
            logical_id: id.to_owned(),
            timeout: Duration::from_secs(number("Timeout", 3)?),
            memory_mb: number("MemorySize", 128)?,
            environment: self.environment(resource).map_err(within)?,
            table_statements: table_policies::statements(&self.resolver, resources, resource).map_err(within)?,
            name,
        };
        let events = resource.pointer("/Properties/Events").and_then(Value::as_object);
        for (name, event) in events.into_iter().flatten() {
            self.event(name, event, &function, template).map_err(within)?;
        }
        template.functions.push(function);
        Ok(())
    }

    fn environment(&self, resource: &Value) -> Result<BTreeMap<String, String>, String> {
        let mut environment = BTreeMap::new();
        let places = [
            self.document.pointer("/Globals/Function/Environment/Variables"),
            resource.pointer("/Properties/Environment/Variables"),
        ];
        for (name, value) in places.into_iter().flatten().filter_map(Value::as_object).flatten() {
            let value = self.resolver.resolve(value).map_err(|error| format!("the variable {name}: {error}"))?;
            // `AWS::NoValue` removes a variable.
            if value.is_null() {
                environment.remove(name);
            } else {
                environment.insert(name.clone(), text_of(&value)?);
            }
        }
        Ok(environment)
    }

    fn event(&self, name: &str, event: &Value, function: &Function, template: &mut Template) -> Result<(), String> {
        let kind = event.get("Type").and_then(Value::as_str).unwrap_or_default();
        let nothing = Value::Object(Map::new());
        let properties = event.get("Properties").unwrap_or(&nothing);
        match kind {
            "HttpApi" => template.routes.push(self.route(properties, function)?),
            "DynamoDB" => {
                let properties = self.resolver.resolve(&without(properties, &["DestinationConfig"]))?;
                if properties.get("Enabled") != Some(&Value::Bool(false)) {
                    template.streams.push(stream_source(&properties, function)?);
                }
            }
            "SQS" => template.queue_sources.extend(messaging::queue_source(&self.resolver, properties, function)?),
            "ScheduleV2" => {
                let properties = self
                    .resolver
                    .resolve(&without(properties, &["DeadLetterConfig", "RetryPolicy", "RoleArn", "KmsKeyArn"]))?;
                match settings::schedule(name, &properties, function)? {
                    Some(schedule) => template.schedules.push(schedule),
                    None if properties.get("State").and_then(Value::as_str) == Some("DISABLED") => {}
                    None => template.ignored_event_sources.push(format!("{} (ScheduleV2)", function.name)),
                }
            }
            other => template.ignored_event_sources.push(format!("{} ({other})", function.name)),
        }
        Ok(())
    }

    fn route(&self, properties: &Value, function: &Function) -> Result<Route, String> {
        let text = |name: &str| properties.get(name).and_then(Value::as_str);
        let (method, path) = match (text("Method"), text("Path")) {
            (None, None) | (_, Some(DEFAULT_ROUTE)) => ("ANY".to_owned(), DEFAULT_ROUTE),
            (Some("*"), Some(path)) => ("ANY".to_owned(), path),
            (Some(method), Some(path)) => (method.to_ascii_uppercase(), path),
            _ => return Err("an HttpApi event needs both Method and Path, or neither".to_owned()),
        };
        let api = self.api_auth()?;
        let auth = properties.get("Auth").map(|auth| self.resolver.resolve(auth)).transpose()?.unwrap_or_default();
        let authorizer = auth.get("Authorizer").or_else(|| api.get("DefaultAuthorizer")).and_then(Value::as_str);
        let access = match authorizer {
            None | Some("NONE") => Access::Open,
            Some(name) => {
                let scopes = auth
                    .get("AuthorizationScopes")
                    .or_else(|| api.get("Authorizers")?.get(name)?.get("AuthorizationScopes"));
                Access::Token { scopes: texts(scopes)? }
            }
        };
        let (path, function) = (path.to_owned(), function.name.clone());
        // The limits come last, when all routes are known.
        Ok(Route { method, path, function, access, limit: settings::ACCOUNT_LIMIT })
    }

    /// Resolves the API's `Auth` without issuer and audience: the local ones replace them, and the template's may name
    /// resources that exist only on AWS.
    fn api_auth(&self) -> Result<Value, String> {
        let Some(Value::Object(auth)) = self.api("Auth") else {
            return Ok(Value::Null);
        };
        let mut auth = auth.clone();
        if let Some(Value::Object(authorizers)) = auth.get_mut("Authorizers") {
            for authorizer in authorizers.values_mut().filter_map(Value::as_object_mut) {
                authorizer.remove("JwtConfiguration");
            }
        }
        self.resolver.resolve(&Value::Object(auth)).map_err(|error| format!("the API's Auth: {error}"))
    }

    fn api(&self, property: &str) -> Option<&Value> {
        let resources = self.document.get("Resources").and_then(Value::as_object);
        resources
            .into_iter()
            .flat_map(Map::values)
            .find(|it| it.get("Type").and_then(Value::as_str) == Some("AWS::Serverless::HttpApi"))
            .and_then(|api| api.pointer("/Properties")?.get(property))
            .or_else(|| self.document.pointer("/Globals/HttpApi")?.get(property))
    }

    fn limits(&self) -> Result<Limits, String> {
        let of = |name: &str| {
            let found = self.api(name).map(|it| self.resolver.resolve(it)).transpose();
            found.map(Option::unwrap_or_default).map_err(|error| format!("{name}: {error}"))
        };
        Limits::read(&of("DefaultRouteSettings")?, &of("RouteSettings")?)
    }

    fn key(&self, id: &str, resources: &Map<String, Value>) -> Result<Key, String> {
        let (id, arn) = (key_id(id), key_arn(&key_id(id)));
        let mut aliases = Vec::new();
        for (name, resource) in resources {
            if resource.get("Type").and_then(Value::as_str) != Some("AWS::KMS::Alias") || !self.is_created(resource)? {
                continue;
            }
            let text = |property: &str| -> Result<String, String> {
                let value = resource.pointer("/Properties").and_then(|it| it.get(property)).unwrap_or(&Value::Null);
                let value = self.resolver.resolve(value).and_then(|it| text_of(&it));
                value.map_err(|error| format!("{name}: {property}: {error}"))
            };
            if [&id, &arn].contains(&&text("TargetKeyId")?) {
                aliases.push(text("AliasName")?);
            }
        }
        Ok(Key { id, arn, aliases })
    }

    fn cors(&self) -> Result<Option<Cors>, String> {
        let Some(configuration) = self.api("CorsConfiguration") else {
            return Ok(None);
        };
        let cors = self.resolver.resolve(configuration).map_err(|error| format!("CorsConfiguration: {error}"))?;
        let list = |name: &str| texts(cors.get(name)).map_err(|error| format!("CorsConfiguration: {name}: {error}"));
        Ok(match &cors {
            Value::Null | Value::Bool(false) => None,
            Value::Bool(true) => Some(Cors { origins: vec!["*".to_owned()], ..Cors::default() }),
            Value::String(origin) => Some(Cors { origins: vec![origin.clone()], ..Cors::default() }),
            _ => Some(Cors {
                origins: list("AllowOrigins")?,
                methods: list("AllowMethods")?,
                headers: list("AllowHeaders")?,
                exposed: list("ExposeHeaders")?,
                max_age: cors.get("MaxAge").and_then(|it| text_of(it).ok()?.parse().ok()),
                credentials: cors.get("AllowCredentials").is_some_and(is_true),
            }),
        })
    }

    fn table(&self, id: &str, resource: &Value) -> Result<Table, String> {
        let within = |error: String| format!("{id}: {error}");
        let name = self.resolver.table_name(id).map_err(within)?;
        let mut create = json!({ "TableName": name, "BillingMode": "PAY_PER_REQUEST" });
        let properties = resource.get("Properties");
        let property = |name: &str| {
            let value = properties.and_then(|it| it.get(name));
            value.map(|it| self.resolver.resolve(it)).transpose().map_err(|error| within(format!("{name}: {error}")))
        };
        if let Some(members) = create.as_object_mut() {
            for name in ["AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
                if let Some(value) = property(name)? {
                    members.insert(name.to_owned(), value);
                }
            }
            if let Some(view) = property("StreamSpecification")?.as_ref().and_then(|it| it.get("StreamViewType")) {
                let stream = json!({ "StreamEnabled": true, "StreamViewType": view });
                members.insert("StreamSpecification".to_owned(), stream);
            }
        }
        let ttl = property("TimeToLiveSpecification")?.filter(|it| it.get("Enabled").is_some_and(is_true));
        let ttl_attribute = ttl.and_then(|it| Some(it.get("AttributeName")?.as_str()?.to_owned()));
        Ok(Table { name, create, ttl_attribute })
    }
}

fn stream_source(properties: &Value, function: &Function) -> Result<StreamSource, String> {
    let arn = properties.get("Stream").and_then(Value::as_str).ok_or("a DynamoDB event needs a Stream")?;
    let table = arn.split('/').nth(1).ok_or_else(|| format!("{arn} is not a table's stream"))?;
    let number = |name: &str| whole_number::<i64>(properties.get(name), name);
    let mut filters = Vec::new();
    for filter in properties.pointer("/FilterCriteria/Filters").and_then(Value::as_array).into_iter().flatten() {
        let pattern = filter.get("Pattern").and_then(Value::as_str).unwrap_or_default();
        let pattern = serde_json::from_str(pattern).map_err(|error| format!("the filter `{pattern}`: {error}"))?;
        event_filter::check(&pattern)?;
        filters.push(pattern);
    }
    let responses = texts(properties.get("FunctionResponseTypes"))?;
    Ok(StreamSource {
        function: function.name.clone(),
        table: table.to_owned(),
        batch_size: number("BatchSize")?.and_then(|it| usize::try_from(it).ok()).unwrap_or(100).max(1),
        window: Duration::from_secs(number("MaximumBatchingWindowInSeconds")?.unwrap_or(0).unsigned_abs()),
        filters,
        reports_failures: responses.iter().any(|it| it == "ReportBatchItemFailures"),
        bisect: properties.get("BisectBatchOnFunctionError").is_some_and(is_true),
        // Lambda's default, -1, means no limit.
        max_retries: number("MaximumRetryAttempts")?.and_then(|it| u32::try_from(it).ok()),
    })
}

/// Removes members that may name resources that exist only on AWS.
fn without(properties: &Value, names: &[&str]) -> Value {
    let mut properties = properties.clone();
    if let Some(members) = properties.as_object_mut() {
        members.retain(|name, _| !names.contains(&name.as_str()));
    }
    properties
}
