//! Reports as PDF over HTTP: the link, the file behind it, and its limit. What is in the file is tested in `outlay-pdf`.

use serde_json::json;

use crate::support::{World, files};

#[tokio::test]
async fn document_contains_report_and_receipt() {
    let world = World::new().await;
    let draft = files::bare(&world).await;
    let path = world.report(&draft, "document");
    let without = world.ana.get(&path).await.expect(200);
    let bytes = files::ticket(draft["id"].as_str().unwrap());
    files::attach(&world, &draft, 0, &files::declaration("ticket.png", "image/png", &bytes), &bytes).await;
    let report = world.ana.post(&world.report(&draft, "submit"), &json!({})).await.expect(200);
    world.approve(&world.marco, &report).await.expect(200);

    let link = world.marco.get(&path).await.expect(200);
    assert_eq!(link["pages"].as_u64(), without["pages"].as_u64().map(|pages| pages + 1), "the receipt has a page");
    let answer = reqwest::get(link["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        (header("content-type").as_str(), header("cache-control").as_str()),
        ("application/pdf", "private, no-store")
    );
    let name = format!("{}.pdf", report["number"].as_str().unwrap());
    assert!(header("content-disposition").starts_with(&format!("attachment; filename=\"{name}\"")), "{answer:?}");
    let file = answer.bytes().await.unwrap();
    assert!(file.starts_with(b"%PDF-"), "{:?}", file.get(..8));
    assert_eq!((link["size"].as_u64(), &link["sha256"]), (Some(file.len() as u64), &json!(files::sha256(&file))));
}

#[tokio::test]
async fn document_of_too_many_bytes_is_refused() {
    let world = World::new().await;
    let draft = files::bare(&world).await;
    for number in 0..7_u8 {
        let content = [number];
        let mut declared = files::declaration(&format!("{number}.pdf"), "application/pdf", &content);
        declared["size"] = json!(25_000_000);
        files::declare(&world, &draft, 0, &declared).await;
    }
    world.ana.get(&world.report(&draft, "document")).await.problem(422, "/problems/export-failed");
}
