//! The two public endpoints, requests without a valid token, and conditional reads.

use crate::support::{World, send, url};

#[tokio::test]
async fn public_endpoints_need_no_token() {
    let health = send(reqwest::Client::new().get(format!("{}/v1/health", url()))).await.expect(200);
    assert_eq!(health["status"], "ok");
    let description = send(reqwest::Client::new().get(format!("{}/v1/openapi.json", url()))).await.expect(200);
    assert_eq!(description["openapi"], "3.1.0");
    let root = send(reqwest::Client::new().get(format!("{}/", url()))).await.expect(200);
    for name in ["openapi", "health"] {
        let path = root[name].as_str().unwrap();
        send(reqwest::Client::new().get(format!("{}{path}", url()))).await.expect(200);
    }
}

#[tokio::test]
async fn unknown_path_problem_names_the_api_description() {
    for path in ["/v1", "/v1/", "/v2/orgs", "/v1/orgs/", "/openapi.json", "/favicon.ico"] {
        let answer = send(reqwest::Client::new().get(format!("{}{path}", url()))).await;
        answer.problem(404, "/problems/not-found");
        assert!(answer.json()["detail"].as_str().unwrap().contains("/v1/openapi.json"), "{}", answer.text);
    }
}

#[tokio::test]
async fn protected_endpoint_without_valid_token_is_rejected() {
    let world = World::new().await;
    for path in [world.path("reports"), world.path("policy"), world.path("members")] {
        for token in ["", "nonsense", &format!("{}x", world.ana.token)] {
            let answer = send(reqwest::Client::new().get(format!("{}{path}", url())).bearer_auth(token)).await;
            assert_eq!(answer.status, 401, "{path} {token}");
        }
    }
}

#[tokio::test]
async fn get_with_current_etag_returns_not_modified() {
    let world = World::new().await;
    let first = world.ana.get(&world.path("policy")).await;
    let again = world.ana.request(reqwest::Method::GET, &world.path("policy"));
    let again = send(again.header("If-None-Match", first.header("etag"))).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
}
