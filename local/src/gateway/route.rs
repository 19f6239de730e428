//! Route selection of HTTP APIs: an exact path comes before one with parameters, that before a greedy one, and a route
//! of the method before one of any method. The route `$default` takes all other requests.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::template::{DEFAULT_ROUTE, Route};

/// Finds the route of a request, and decodes its path parameters.
pub(super) fn find<'a>(routes: &'a [Route], method: &str, path: &str) -> Option<(&'a Route, BTreeMap<String, String>)> {
    let default = || routes.iter().find(|route| route.path == DEFAULT_ROUTE).map(|route| (route, BTreeMap::new()));
    routes
        .iter()
        .filter(|route| route.method == method || route.method == "ANY")
        .filter(|route| route.path != DEFAULT_ROUTE)
        .filter_map(|route| parameters(&route.path, path).map(|found| (route, found)))
        .min_by_key(|(route, _)| (specificity(&route.path), route.method == "ANY"))
        .or_else(default)
}

/// Matches the segments of the pattern with those of the path; returns the parameters, or `None`.
fn parameters(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut actual = path.split('/');
    for wanted in pattern.split('/') {
        let segment = actual.next()?;
        match wanted.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
            None if decode(segment) == wanted => {}
            None => return None,
            Some(_) if segment.is_empty() => return None,
            Some(name) => match name.strip_suffix('+') {
                Some(greedy) => {
                    let rest = actual.fold(segment.to_owned(), |rest, next| rest + "/" + next);
                    found.insert(greedy.to_owned(), decode(&rest));
                    return Some(found);
                }
                None => {
                    found.insert(name.to_owned(), decode(segment));
                }
            },
        }
    }
    actual.next().is_none().then_some(found)
}

/// Ranks a pattern: one digit per segment, a smaller one is more specific.
fn specificity(pattern: &str) -> Vec<u8> {
    let rank = |segment: &str| match (segment.starts_with('{'), segment.ends_with("+}")) {
        (true, true) => 2,
        (true, false) => 1,
        _ => 0,
    };
    pattern.split('/').map(rank).collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Access, Limit};

    fn routes(list: &[(&str, &str)]) -> Vec<Route> {
        let route = |(method, path): &(&str, &str)| Route {
            method: (*method).to_owned(),
            path: (*path).to_owned(),
            function: format!("{method} {path}"),
            access: Access::Open,
            limit: Limit { per_thousand_seconds: 0, burst: 0 },
        };
        list.iter().map(route).collect()
    }

    fn matched(list: &[(&str, &str)], method: &str, path: &str) -> Option<String> {
        find(&routes(list), method, path).map(|(route, _)| route.function.clone())
    }

    #[test]
    fn most_specific_route_wins() {
        let list = [
            ("ANY", "/{proxy+}"),
            ("GET", "/v1/orgs/{org}"),
            ("GET", "/v1/orgs/mine"),
            ("ANY", "/v1/orgs/mine"),
            ("POST", "/v1/orgs"),
        ];
        assert_eq!(matched(&list, "GET", "/v1/orgs/mine").as_deref(), Some("GET /v1/orgs/mine"));
        assert_eq!(matched(&list, "PUT", "/v1/orgs/mine").as_deref(), Some("ANY /v1/orgs/mine"));
        assert_eq!(matched(&list, "GET", "/v1/orgs/org_1").as_deref(), Some("GET /v1/orgs/{org}"));
        assert_eq!(matched(&list, "GET", "/v1/orgs/org_1/more").as_deref(), Some("ANY /{proxy+}"));
    }

    #[test]
    fn path_must_match_completely() {
        let list = [("GET", "/v1/orgs/{org}/policy")];
        for path in ["/v1/orgs/a/policy/", "/v1/orgs//policy", "/v1/orgs/a", "/v1/orgs/a/policy/b", "/V1/orgs/a/policy"]
        {
            assert_eq!(matched(&list, "GET", path), None, "{path}");
        }
        assert_eq!(matched(&list, "POST", "/v1/orgs/a/policy"), None);
    }

    #[test]
    fn default_route_takes_unmatched_requests() {
        let list = [("ANY", "$default"), ("GET", "/v1/orgs/{org}")];
        assert_eq!(matched(&list, "GET", "/v1/orgs/a").as_deref(), Some("GET /v1/orgs/{org}"));
        for (method, path) in
            [("PUT", "/v1/orgs/a"), ("GET", "/v1/orgs/"), ("BREW", "/"), ("GET", "/$default"), ("OPTIONS", "*")]
        {
            assert_eq!(matched(&list, method, path).as_deref(), Some("ANY $default"), "{method} {path}");
        }
        let list = routes(&list);
        let (route, found) = find(&list, "DELETE", "/v1/orgs/a").expect("a route");
        assert_eq!((route.key(), found), ("$default".to_owned(), BTreeMap::new()));
    }

    #[test]
    fn path_parameters_are_decoded() {
        let list = routes(&[("GET", "/a/{one}/{rest+}")]);
        let (_, found) = find(&list, "GET", "/a/x%20%C3%A4%2Fy/b/c%2Bd").expect("a route");
        assert_eq!(found.get("one").map(String::as_str), Some("x ä/y"));
        assert_eq!(found.get("rest").map(String::as_str), Some("b/c+d"));
    }
}
