//! List parameters: cursors, page sizes, filters.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::RequestBuilder;
use serde_json::json;

use super::{CURSOR_INVALID, Case, INVALID_PARAMETER, expect_problems, get};
use crate::support::{World, expense, send};

/// An organisation in which Ana and Fiona have three reports each, and the cursor after Ana's first page.
async fn organisation_with_lists() -> (World, String) {
    let world = World::new().await;
    for _ in 0..3 {
        world.draft(&world.ana, &[expense("10.00")]).await;
        world.draft(&world.fiona, &[expense("10.00")]).await;
    }
    let page = world.ana.get(&world.path("reports?limit=1")).await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    (world, cursor)
}

/// A cursor with altered bytes.
fn altered(cursor: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap();
    change(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[tokio::test]
async fn cursor_is_bound_to_caller_and_list_and_expires() {
    let (world, cursor) = organisation_with_lists().await;
    let at = |cursor: &str| get(&world, &world.ana, &format!("reports?limit=1&cursor={cursor}"));
    let key = json!({"PK": format!("ORG#{}#OWNER#{}", world.org, world.fiona.id), "SK": "rep_"}).to_string();
    // Layout: eight bytes of digest over reader and list, then the issue time as eight bytes of seconds.
    let seconds = |bytes: &[u8]| i64::from_be_bytes(bytes[8..16].try_into().unwrap());
    let day_old = altered(&cursor, |bytes| {
        let before = seconds(bytes) - 24 * 3600 - 5;
        bytes[8..16].copy_from_slice(&before.to_be_bytes());
    });
    expect_problems(
        &world,
        vec![
            ("PAGINATION-03", get(&world, &world.fiona, &format!("reports?limit=1&cursor={cursor}")), CURSOR_INVALID),
            (
                "PAGINATION-03",
                get(&world, &world.fiona, &format!("reports?limit=1&owner={}&cursor={cursor}", world.ana.id)),
                CURSOR_INVALID,
            ),
            (
                "PAGINATION-03",
                get(&world, &world.ana, &format!("reports?status=draft&cursor={cursor}")),
                CURSOR_INVALID,
            ),
            ("PAGINATION-03", get(&world, &world.ana, &format!("approvals?cursor={cursor}")), CURSOR_INVALID),
            ("PAGINATION-04", at(&day_old), (410, "/problems/cursor-expired")),
            ("PAGINATION-05", at(&URL_SAFE_NO_PAD.encode(&key)), CURSOR_INVALID),
            ("PAGINATION-05", at("e30"), CURSOR_INVALID),
            ("PAGINATION-05", at(""), CURSOR_INVALID),
            // PAGINATION-06 differs: 10 KB exceed the query limit, whatever they contain.
            ("PAGINATION-06", at(&"A".repeat(10 * 1024)), (414, "/problems/uri-too-long")),
            ("PAGINATION-06", at(&"A".repeat(6 * 1024)), CURSOR_INVALID),
            // PAGINATION-07 differs: cursors are not signed, so no key can be retired. An altered cursor can only move
            // within the holder's own list; everything else is rejected.
            ("PAGINATION-07", at(&altered(&cursor, |bytes| bytes[0] ^= 1)), CURSOR_INVALID),
            ("PAGINATION-07", at(&altered(&cursor, |bytes| bytes[7] ^= 1)), CURSOR_INVALID),
            ("PAGINATION-07", at(&altered(&cursor, |bytes| bytes.truncate(16))), CURSOR_INVALID),
            ("PAGINATION-07", at(&altered(&cursor, |bytes| bytes[16] = 0xFF)), CURSOR_INVALID),
        ],
    )
    .await;
    // PAGINATION-05: the cursor exposes no table key.
    let shown = String::from_utf8_lossy(&URL_SAFE_NO_PAD.decode(&cursor).unwrap()).into_owned();
    assert!(!shown.contains("ORG#") && !shown.contains(&world.org) && !shown.contains("mem_"), "{shown}");
    let fresh = altered(&cursor, |bytes| {
        let before = seconds(bytes) - 23 * 3600;
        bytes[8..16].copy_from_slice(&before.to_be_bytes());
    });
    for cursor in [&cursor, &fresh] {
        let page = send(at(cursor)).await.expect(200);
        assert_eq!(page["items"][0]["owner"]["id"], json!(world.ana.id), "PAGINATION-04");
    }
}

#[tokio::test]
async fn page_size_not_positive_integer_is_rejected() {
    let (world, _) = organisation_with_lists().await;
    let sized = |size: &str| get(&world, &world.ana, &format!("reports?limit={size}"));
    let mut cases: Vec<Case> = vec![("PAGINATION-12", sized("9999999999999999999999"), INVALID_PARAMETER)];
    cases.extend(
        ["abc", "1e3", "0x10", "+1", "1.0", "", "%201", "１０"]
            .map(|it| ("PAGINATION-11", sized(it), INVALID_PARAMETER)),
    );
    // PAGINATION-08 differs: a page size of zero or less is an error.
    cases.extend(["0", "-1", "00"].map(|it| ("PAGINATION-08", sized(it), INVALID_PARAMETER)));
    expect_problems(&world, cases).await;
    let page = send(sized("100000")).await.expect(200);
    assert_eq!((page["items"].as_array().unwrap().len(), page["next_cursor"].is_null()), (3, true), "PAGINATION-10");
}

#[tokio::test]
async fn unknown_filter_is_rejected() {
    let world = World::new().await;
    let asked = |query: &str| -> RequestBuilder { get(&world, &world.fiona, &format!("reports?{query}")) };
    let cases = vec![
        ("FILTER-01", asked("status=UNKNOWN"), INVALID_PARAMETER),
        ("FILTER-01", asked("status=Draft"), INVALID_PARAMETER),
        ("FILTER-01", asked("scope=everything"), INVALID_PARAMETER),
        ("FILTER-02", asked("merchant=SNCF"), INVALID_PARAMETER),
        ("FILTER-02", asked("filter=status:draft"), INVALID_PARAMETER),
        ("FILTER-05", asked("order_by=__proto__"), INVALID_PARAMETER),
        ("FILTER-06", asked("foo=1"), INVALID_PARAMETER),
        ("FILTER-06", asked("Status=draft"), INVALID_PARAMETER),
        ("FILTER-06", get(&world, &world.fiona, "policy?foo=1"), INVALID_PARAMETER),
        ("FILTER-06", get(&world, &world.fiona, "members/me?foo=1"), INVALID_PARAMETER),
    ];
    expect_problems(&world, cases).await;
}
