//! Which list answers a search, what is left to check, and how pages are put together.

use aws_sdk_dynamodb::types::AttributeValue;
use outlay_domain::ids::{OrgId, ReportId, Seed};
use outlay_domain::report::{Report, Status};

use super::filter::ReportFilter;
use super::walk::{Found, Index, Stretch, Test, Walk};
use crate::items::{Item, report_head};
use crate::page::{CursorFault, PageRequest};
use crate::testing::{draft, eur, hashed, line, seed};
use crate::{Page, keys};

fn org() -> OrgId {
    seed().draw()
}

fn walk(filter: &ReportFilter) -> Walk {
    filter.walk(org())
}

#[test]
fn the_first_list_that_narrows_the_search_answers_it() {
    let everything = ReportFilter {
        owner: Some(seed().draw()),
        status: Some(Status::Draft),
        cost_centre: Some("sales".to_owned()),
        created_from: Some("2026-11-01".parse().unwrap()),
        created_to: Some("2026-11-30".parse().unwrap()),
        min_total: Some(1),
        max_total: Some(2),
        updated_since: Some("2026-11-22T10:00:00Z".parse().unwrap()),
    };
    let by_owner = walk(&everything);
    let by_time = ReportFilter { owner: None, ..everything };
    let by_total = ReportFilter { updated_since: None, ..by_time.clone() };
    let by_cost_centre = ReportFilter { min_total: None, max_total: None, ..by_total.clone() };
    let by_status = ReportFilter { cost_centre: None, ..by_cost_centre.clone() };
    let all = ReportFilter { status: None, ..by_status.clone() };
    let walks = [by_owner, walk(&by_time), walk(&by_total), walk(&by_cost_centre), walk(&by_status), walk(&all)];
    let found: Vec<_> = walks.iter().map(|walk| (walk.index, walk.tests.len(), walk.newest_first)).collect();
    let expected = [
        (Index::Owner, 4, true),
        (Index::Updated, 4, false),
        (Index::Total, 3, false),
        (Index::Listing, 1, true),
        (Index::Status, 0, true),
        (Index::Listing, 0, true),
    ];
    assert_eq!(found, expected);
    assert!(walks.iter().all(|walk| walk.partitions.len() == 1));
}

/// Whether a report would be in the list: in the range of its keys, and past its tests.
fn lists(walk: &Walk, report: &Report) -> bool {
    let head = report_head(report).unwrap();
    let sk = walk.index.position();
    let at = head.get(sk).and_then(|value| value.as_s().ok()).unwrap();
    let within = walk.from <= *at && *at <= walk.to;
    !walk.is_empty() && within && walk.tests.iter().all(|test| test.passes(&head))
}

fn report(created: &str, minor: i64) -> Report {
    let mut seed = Seed::new(created.parse().unwrap(), [200; 10]);
    let mut line = line(&mut seed, Some("sales"), "");
    line.facts.amount = eur(minor);
    hashed(draft(&mut seed, vec![line]))
}

#[test]
fn days_of_creation_are_inclusive_in_every_list() {
    let (from, to) = (Some("2026-11-02".parse().unwrap()), Some("2026-11-03".parse().unwrap()));
    let created = ReportFilter { created_from: from, created_to: to, ..ReportFilter::default() };
    let by_total = ReportFilter { min_total: Some(0), ..created.clone() };
    for filter in [created, by_total] {
        let walk = walk(&filter);
        let listed = |at| lists(&walk, &report(at, 10_00));
        assert!(listed("2026-11-02T00:00:00Z") && listed("2026-11-03T23:59:59.999999999Z"), "{walk:?}");
        assert!(!listed("2026-11-01T23:59:59.999Z") && !listed("2026-11-04T00:00:00Z"), "{walk:?}");
    }
    let open = |from, to| walk(&ReportFilter { created_from: from, created_to: to, ..ReportFilter::default() });
    assert!(lists(&open(from, None), &report("2027-01-01T00:00:00Z", 1)));
    assert!(lists(&open(None, to), &report("2025-01-01T00:00:00Z", 1)));
    assert!(!lists(&open(Some("9999-12-31".parse().unwrap()), None), &report("2027-01-01T00:00:00Z", 1)));
    assert!(lists(&open(None, Some("9999-12-31".parse().unwrap())), &report("2027-01-01T00:00:00Z", 1)));
}

#[test]
fn totals_are_inclusive_in_every_list() {
    let since = "2026-11-22T10:00:00Z".parse().ok();
    for updated_since in [None, since] {
        let by = |min_total, max_total| {
            walk(&ReportFilter { min_total, max_total, updated_since, ..ReportFilter::default() })
        };
        let listed = |walk: &Walk, minor| lists(walk, &report("2026-11-22T10:00:00Z", minor));
        let between = by(Some(10_00), Some(20_00));
        assert_eq!([9_99, 10_00, 20_00, 20_01].map(|minor| listed(&between, minor)), [false, true, true, false]);
        assert!(listed(&by(Some(10_00), None), i64::MAX / 2) && listed(&by(None, Some(20_00)), 1));
        assert!(by(Some(2), Some(1)).is_empty() && by(None, Some(-1)).is_empty());
    }
}

#[test]
fn a_change_is_listed_from_its_own_moment_on() {
    let since = |at: &str| walk(&ReportFilter { updated_since: at.parse().ok(), ..ReportFilter::default() });
    let report = draft(&mut seed(), Vec::new());
    assert_eq!(report.updated_at.to_string(), "2026-11-22T10:00:00.25Z");
    assert!(lists(&since("2026-11-22T10:00:00.25Z"), &report));
    assert!(!lists(&since("2026-11-22T10:00:00.251Z"), &report));
}

#[test]
fn heads_are_tested_as_the_table_would() {
    let head = report_head(&report("2026-11-22T10:00:00Z", 10_00)).unwrap();
    assert!(Test::Holds("cost_centres", "sales".to_owned()).passes(&head));
    assert!(!Test::Holds("cost_centres", "sale".to_owned()).passes(&head));
    assert!(Test::Is("status", "draft".to_owned()).passes(&head));
    assert!(!Test::Is("status", "submitted".to_owned()).passes(&head));
    assert!(!Test::Is("no such attribute", String::new()).passes(&head));
}

#[test]
fn days_that_contradict_each_other_list_nothing() {
    let (created_from, created_to) = ("2026-11-03".parse().ok(), "2026-11-02".parse().ok());
    let days = ReportFilter { created_from, created_to, ..ReportFilter::default() };
    assert!(walk(&days).is_empty());
    assert!(walk(&ReportFilter { min_total: Some(0), ..days }).is_empty());
    assert!(!walk(&ReportFilter::default()).is_empty());
}

fn found(source: usize, at: &str) -> Found {
    Found { at: at.to_owned(), source, item: Item::new() }
}

fn stretch(source: usize, positions: &[&str], end: Option<&str>) -> Stretch {
    let found = positions.iter().map(|at| found(source, at)).collect();
    Stretch { found, end: end.map(str::to_owned) }
}

fn request(limit: i32, cursor: Option<String>) -> PageRequest {
    PageRequest { limit, cursor, reader: "ana".to_owned(), now: 1_795_000_000 }
}

fn merged(walk: &Walk, stretches: Vec<Stretch>, limit: i32) -> (Vec<(usize, String)>, Option<String>) {
    let Page { items, next } = walk.merged(stretches, &request(limit, None));
    let next = next.and_then(|cursor| walk.start(&request(limit, Some(cursor))).unwrap());
    (items.into_iter().map(|found| (found.source, found.at)).collect(), next)
}

fn tasks() -> Walk {
    Walk::of(org(), keys::task_partition(org(), seed().draw()), "T")
}

#[test]
fn partitions_are_merged_in_order_and_what_is_in_two_is_listed_once() {
    let at = |source, text: &str| (source, text.to_owned());
    let walk = tasks();
    let both = vec![stretch(0, &["T1", "T3"], None), stretch(1, &["T2", "T3"], None)];
    assert_eq!(merged(&walk, both, 10), (vec![at(0, "T1"), at(1, "T2"), at(0, "T3")], None));
    let backwards = Walk { newest_first: true, ..tasks() };
    let both = vec![stretch(0, &["T3", "T1"], None), stretch(1, &["T2"], None)];
    assert_eq!(merged(&backwards, both, 2), (vec![at(0, "T3"), at(1, "T2")], Some("T2".to_owned())));
}

#[test]
fn nothing_beyond_the_nearest_end_is_listed_yet() {
    // What comes between T2 and T9 in the first partition is not known.
    let cut = vec![stretch(0, &["T1", "T2"], Some("T2")), stretch(1, &["T9"], None)];
    let at = |text: &str| (0, text.to_owned());
    assert_eq!(merged(&tasks(), cut, 10), (vec![at("T1"), at("T2")], Some("T2".to_owned())));
    let nothing_passed = vec![stretch(0, &[], Some("T5"))];
    assert_eq!(merged(&tasks(), nothing_passed, 10), (Vec::new(), Some("T5".to_owned())));
}

#[test]
fn a_page_ends_before_it_outgrows_an_answer() {
    let large = |at: &str| {
        let item = Item::from([("title".to_owned(), AttributeValue::S("x".repeat(600_000)))]);
        Found { at: at.to_owned(), source: 0, item }
    };
    let stretch = Stretch { found: ["T1", "T2", "T3"].map(large).into(), end: None };
    let (items, next) = merged(&tasks(), vec![stretch], 10);
    assert_eq!((items.len(), next.as_deref()), (2, Some("T2")));
}

#[test]
fn a_cursor_belongs_to_its_list_with_all_its_filters() {
    let position = keys::status_index(org(), Status::Draft);
    let all = walk(&ReportFilter { status: Some(Status::Draft), ..ReportFilter::default() });
    let report: ReportId = seed().draw();
    let at = |position: &str| request(25, Some(request(25, None).cursor_at(&all.name(), position)));
    let cursor = at(&report.to_string());
    assert_eq!(all.start(&cursor), Ok(Some(report.to_string())));
    let others = [
        ReportFilter { status: Some(Status::Submitted), ..ReportFilter::default() },
        ReportFilter { created_from: "2026-11-03".parse().ok(), ..ReportFilter::default() },
        ReportFilter { owner: Some(seed().draw()), ..ReportFilter::default() },
    ];
    for other in others {
        assert_eq!(walk(&other).start(&cursor), Err(CursorFault::Foreign));
    }
    // A forged one does not lead out of the list.
    assert_eq!(all.start(&at(&position)), Err(CursorFault::Foreign));
    let forged = all.start(&at("rep_nonsense")).unwrap().unwrap();
    assert_eq!(all.key_at(&position, &forged), Err(CursorFault::Foreign));
    let key = all.key_at(&position, &report.to_string()).unwrap();
    assert_eq!(key.len(), 4);
    assert_eq!(key.get("GSI2PK"), Some(&AttributeValue::S(position)));
}

#[test]
fn positions_in_every_index_lead_to_the_report() {
    let report = draft(&mut seed(), Vec::new());
    let head = report_head(&report).unwrap();
    for index in [Index::Owner, Index::Status, Index::Updated, Index::Total] {
        let (_, pk, sk) = index.keys();
        let attribute = |name: &str| head.get(name).and_then(|value| value.as_s().ok()).unwrap();
        let walk = Walk { org: report.org, index, ..tasks() };
        let key = walk.key_at(attribute(pk), attribute(sk)).unwrap();
        assert!(key.iter().all(|(name, value)| head.get(name) == Some(value)), "{index:?}");
    }
}
