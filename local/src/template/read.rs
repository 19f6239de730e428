//! From the parsed template to [`Template`]. Every error names the resource and the property it is about.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::intrinsics::{Resolver, parse, text_of};
use super::{Access, Cors, Function, Route, StreamSource, Table, Template};

pub(super) fn template(text: &str) -> Result<Template, String> {
    let document = parse(text)?;
    let reader = Reader { document: &document, resolver: Resolver::new(&document) };
    let mut template = Template {
        functions: Vec::new(),
        routes: Vec::new(),
        cors: reader.cors()?,
        tables: Vec::new(),
        streams: Vec::new(),
        ignored: Vec::new(),
    };
    let resources = document.get("Resources").and_then(Value::as_object).ok_or("it has no Resources")?;
    for (id, resource) in resources {
        if !reader.is_wanted(resource).map_err(|error| format!("{id}: {error}"))? {
            continue;
        }
        match resource.get("Type").and_then(Value::as_str) {
            Some("AWS::DynamoDB::Table") => template.tables.push(reader.table(id, resource)?),
            Some("AWS::Serverless::Function") => reader.function(id, resource, &mut template)?,
            _ => {}
        }
    }
    Ok(template)
}

struct Reader<'a> {
    document: &'a Value,
    resolver: Resolver<'a>,
}

impl Reader<'_> {
    fn is_wanted(&self, resource: &Value) -> Result<bool, String> {
        match resource.get("Condition").and_then(Value::as_str) {
            None => Ok(true),
            Some(condition) => self.resolver.condition(condition, &mut HashSet::new()),
        }
    }

    /// A property of a function; Globals stand in for what the function does not say.
    fn property(&self, resource: &Value, name: &str) -> Result<Option<Value>, String> {
        let own = resource.get("Properties").and_then(|it| it.get(name));
        let found = own.or_else(|| self.document.pointer("/Globals/Function").and_then(|it| it.get(name)));
        found.map(|value| self.resolver.resolve(value)).transpose().map_err(|error| format!("{name}: {error}"))
    }

    fn function(&self, id: &str, resource: &Value, template: &mut Template) -> Result<(), String> {
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
            name,
        };
        let events = resource.pointer("/Properties/Events").and_then(Value::as_object);
        for event in events.into_iter().flat_map(Map::values) {
            self.event(event, &function, template).map_err(within)?;
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
            environment.insert(name.clone(), text_of(&value)?);
        }
        Ok(environment)
    }

    fn event(&self, event: &Value, function: &Function, template: &mut Template) -> Result<(), String> {
        let kind = event.get("Type").and_then(Value::as_str).unwrap_or_default();
        let nothing = Value::Object(Map::new());
        let properties = event.get("Properties").unwrap_or(&nothing);
        match kind {
            "HttpApi" => template.routes.push(self.route(properties, function)?),
            "DynamoDB" => {
                let properties = self.resolver.resolve(&without(properties, "DestinationConfig"))?;
                if properties.get("Enabled") != Some(&Value::Bool(false)) {
                    template.streams.push(stream_source(&properties, function)?);
                }
            }
            other => template.ignored.push(format!("{} ({other})", function.name)),
        }
        Ok(())
    }

    fn route(&self, properties: &Value, function: &Function) -> Result<Route, String> {
        let text = |name: &str| properties.get(name).and_then(Value::as_str);
        let (Some(method), Some(path)) = (text("Method"), text("Path")) else {
            return Err("an HttpApi event needs Method and Path".to_owned());
        };
        let method = if method == "*" { "ANY".to_owned() } else { method.to_ascii_uppercase() };
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
        Ok(Route { method, path: path.to_owned(), function: function.name.clone(), access })
    }

    /// The API's `Auth`, without the issuer and the audience: locally they are the local issuer's, and the template's
    /// may name resources that exist in the cloud alone.
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
                credentials: cors.get("AllowCredentials").is_some_and(truthy),
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
        let ttl = property("TimeToLiveSpecification")?.filter(|it| it.get("Enabled").is_some_and(truthy));
        let ttl_attribute = ttl.and_then(|it| Some(it.get("AttributeName")?.as_str()?.to_owned()));
        Ok(Table { name, create, ttl_attribute })
    }
}

fn stream_source(properties: &Value, function: &Function) -> Result<StreamSource, String> {
    let arn = properties.get("Stream").and_then(Value::as_str).ok_or("a DynamoDB event needs a Stream")?;
    let table = arn.split('/').nth(1).ok_or_else(|| format!("{arn} is not a table's stream"))?;
    let number = |name: &str| -> Result<Option<i64>, String> {
        let value = properties.get(name);
        let parse = |it: &Value| text_of(it)?.parse().map_err(|_| format!("{name} is not a whole number"));
        value.map(parse).transpose()
    };
    let mut filters = Vec::new();
    for filter in properties.pointer("/FilterCriteria/Filters").and_then(Value::as_array).into_iter().flatten() {
        let pattern = filter.get("Pattern").and_then(Value::as_str).unwrap_or_default();
        let pattern = serde_json::from_str(pattern).map_err(|error| format!("the filter `{pattern}`: {error}"))?;
        crate::stream::filter::check(&pattern)?;
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
        bisect: properties.get("BisectBatchOnFunctionError").is_some_and(truthy),
        // Lambda's default, -1, is for ever.
        max_retries: number("MaximumRetryAttempts")?.and_then(|it| u32::try_from(it).ok()),
    })
}

fn without(properties: &Value, name: &str) -> Value {
    let mut properties = properties.clone();
    if let Some(members) = properties.as_object_mut() {
        members.remove(name);
    }
    properties
}

fn truthy(value: &Value) -> bool {
    text_of(value).is_ok_and(|text| text == "true")
}

/// A list of texts; a single text is a list of one, an absent one is empty.
fn texts(value: Option<&Value>) -> Result<Vec<String>, String> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(text_of).collect(),
        Some(other) => Ok(vec![text_of(other)?]),
    }
}
