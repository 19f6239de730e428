//! Exported lists over HTTP: the link, the file behind it, filters and permissions. Columns and protection against
//! formulas are tested in `outlay-exports`.

use serde_json::{Value, json};

use crate::support::{Person, World, day, expense, files, with};

/// Exports a list and downloads it; returns the answer and the rows of the file.
async fn export(world: &World, by: &Person, list: &str) -> (Value, Vec<String>) {
    let link = by.get(&world.path(&format!("exports/{list}"))).await.expect(200);
    let answer = reqwest::get(link["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200, "{list}");
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let name = format!("attachment; filename=\"{}.csv\"", list.split('?').next().unwrap());
    assert_eq!(answer.headers()["content-disposition"], name.as_str());
    let bytes = answer.bytes().await.unwrap();
    assert_eq!((link["size"].as_u64(), &link["sha256"]), (Some(bytes.len() as u64), &json!(files::sha256(&bytes))));
    let rows: Vec<String> = String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(link["rows"].as_u64(), Some(rows.len() as u64 - 1), "{rows:?}");
    (link, rows)
}

#[tokio::test]
async fn lists_are_exported_with_every_row() {
    let world = World::new().await;
    let formula = with(expense("12.00"), &json!({"merchant": "=1+1"}));
    // More reports than a page has.
    let mut number = 0;
    while number < 101 {
        world.draft(&world.ana, &[]).await;
        number += 1;
    }
    let report = world.submit_expenses(&world.ana, &[formula, expense("20.50")]).await.expect(201);
    let (_, reports) = export(&world, &world.fiona, "reports").await;
    assert_eq!(reports.len(), 103);
    assert!(reports.iter().any(|row| row.contains(report["number"].as_str().unwrap()) && row.contains("32.50")));
    let (_, expenses) = export(&world, &world.admin, "expenses").await;
    assert_eq!(expenses.len(), 3, "{expenses:?}");
    assert!(expenses.iter().any(|row| row.contains("'=1+1")), "{expenses:?}");
    let (_, members) = export(&world, &world.fiona, "members").await;
    assert!(members.iter().any(|row| row.contains(&world.ana.email)), "{members:?}");
    assert_eq!(export(&world, &world.fiona, "payments").await.1.len(), 1, "only the header");
}

#[tokio::test]
async fn exports_can_be_filtered_and_have_separators_of_the_ledger() {
    let world = World::new().await;
    world.draft(&world.ana, &[expense("12.00")]).await;
    world.submit_expenses(&world.ana, &[expense("20.50")]).await.expect(201);
    let csv = json!({"formats": {"csv": {"delimiter": ";", "decimal_separator": ",", "byte_order_mark": false}}});
    world.fiona.put(&world.path("ledger"), &csv).await.expect(200);
    let (_, submitted) = export(&world, &world.fiona, "expenses?status=submitted").await;
    assert_eq!(submitted.len(), 2, "{submitted:?}");
    assert!(
        submitted[0].starts_with("report_id;report_number;") && submitted[1].contains(";20,50;EUR;"),
        "{submitted:?}"
    );
    let tomorrow = format!("reports?from={}", day(-1));
    assert_eq!(export(&world, &world.fiona, &tomorrow).await.1.len(), 1);
    let refused = world.fiona.get(&world.path("exports/members?status=draft")).await;
    refused.problem(400, "/problems/invalid-parameter");
    world.fiona.get(&world.path("exports/receipts")).await.problem(404, "/problems/not-found");
    world.ana.get(&world.path("exports/reports")).await.problem(403, "/problems/forbidden");
}
