//! Report lists: index selection, remaining filters, and merging of pages.

use aws_sdk_dynamodb::types::AttributeValue;
use outlay_domain::ids::{IdGenerator, OrgId, ReportId};
use outlay_domain::report::{Report, ReportStatus};

use super::filter::ReportFilter;
use super::query::{AttributeFilter, Index, ListItem, ListQuery, PartitionPage};
use crate::attributes::Item;
use crate::items::report_head;
use crate::keys;
use crate::page::{CursorError, Page, PageRequest};
use crate::testing::{draft, eur, line, seed};

fn org() -> OrgId {
    seed().next_id()
}

fn query(filter: &ReportFilter) -> ListQuery {
    filter.to_query(org())
}

#[test]
fn filter_selects_narrowest_index() {
    let everything = ReportFilter {
        owner: Some(seed().next_id()),
        status: Some(ReportStatus::Draft),
        cost_centre: "sales".parse().ok(),
        created_from: Some("2026-11-01".parse().unwrap()),
        created_to: Some("2026-11-30".parse().unwrap()),
        min_total: Some(1),
        max_total: Some(2),
        updated_since: Some("2026-11-22T10:00:00Z".parse().unwrap()),
        listed_participant: None,
    };
    let by_participant = ReportFilter { listed_participant: Some(seed().next_id()), ..ReportFilter::default() };
    assert_eq!(query(&by_participant).index, Index::ListEntries);
    let by_owner = query(&everything);
    let by_time = ReportFilter { owner: None, ..everything };
    let by_total = ReportFilter { updated_since: None, ..by_time.clone() };
    let by_cost_centre = ReportFilter { min_total: None, max_total: None, ..by_total.clone() };
    let by_status = ReportFilter { cost_centre: None, ..by_cost_centre.clone() };
    let all = ReportFilter { status: None, ..by_status.clone() };
    let queries = [by_owner, query(&by_time), query(&by_total), query(&by_cost_centre), query(&by_status), query(&all)];
    let found: Vec<_> = queries.iter().map(|query| (query.index, query.filters.len(), query.newest_first)).collect();
    let expected = [
        (Index::Owner, 4, true),
        (Index::Update, 4, false),
        (Index::Total, 3, false),
        (Index::ListEntries, 1, true),
        (Index::Status, 0, true),
        (Index::ListEntries, 0, true),
    ];
    assert_eq!(found, expected);
    assert!(queries.iter().all(|query| query.partitions.len() == 1));
}

/// True when the list contains a report: within its key range and matching its filters.
fn lists_report(query: &ListQuery, report: &Report) -> bool {
    let head = report_head(report, None).unwrap();
    let sk = query.index.position();
    let at = head.get(sk).and_then(|value| value.as_s().ok()).unwrap();
    let within = query.from <= *at && *at <= query.to;
    !query.is_empty() && within && query.filters.iter().all(|filter| filter.matches(&head))
}

fn report(created: &str, minor: i64) -> Report {
    let mut seed = IdGenerator::new(created.parse().unwrap(), [200; 10]);
    let mut line = line(&mut seed, Some("sales"), "");
    line.facts.amount = eur(minor);
    draft(&mut seed, vec![line])
}

#[test]
fn created_dates_are_inclusive_in_every_index() {
    let (from, to) = (Some("2026-11-02".parse().unwrap()), Some("2026-11-03".parse().unwrap()));
    let created = ReportFilter { created_from: from, created_to: to, ..ReportFilter::default() };
    let by_total = ReportFilter { min_total: Some(0), ..created.clone() };
    for filter in [created, by_total] {
        let query = query(&filter);
        let listed = |at| lists_report(&query, &report(at, 10_00));
        assert!(listed("2026-11-02T00:00:00Z") && listed("2026-11-03T23:59:59.999999999Z"), "{query:?}");
        assert!(!listed("2026-11-01T23:59:59.999Z") && !listed("2026-11-04T00:00:00Z"), "{query:?}");
    }
    let open = |from, to| query(&ReportFilter { created_from: from, created_to: to, ..ReportFilter::default() });
    assert!(lists_report(&open(from, None), &report("2027-01-01T00:00:00Z", 1)));
    assert!(lists_report(&open(None, to), &report("2025-01-01T00:00:00Z", 1)));
    assert!(!lists_report(&open(Some("9999-12-31".parse().unwrap()), None), &report("2027-01-01T00:00:00Z", 1)));
    assert!(lists_report(&open(None, Some("9999-12-31".parse().unwrap())), &report("2027-01-01T00:00:00Z", 1)));
}

#[test]
fn totals_are_inclusive_in_every_index() {
    let since = "2026-11-22T10:00:00Z".parse().ok();
    for updated_since in [None, since] {
        let by = |min_total, max_total| {
            query(&ReportFilter { min_total, max_total, updated_since, ..ReportFilter::default() })
        };
        let listed = |query: &ListQuery, minor| lists_report(query, &report("2026-11-22T10:00:00Z", minor));
        let between = by(Some(10_00), Some(20_00));
        assert_eq!([9_99, 10_00, 20_00, 20_01].map(|minor| listed(&between, minor)), [false, true, true, false]);
        assert!(listed(&by(Some(10_00), None), i64::MAX / 2) && listed(&by(None, Some(20_00)), 1));
        assert!(by(Some(2), Some(1)).is_empty() && by(None, Some(-1)).is_empty());
    }
}

#[test]
fn updated_since_includes_exact_timestamp() {
    let since = |at: &str| query(&ReportFilter { updated_since: at.parse().ok(), ..ReportFilter::default() });
    let report = draft(&mut seed(), Vec::new());
    assert_eq!(report.updated_at.to_string(), "2026-11-22T10:00:00.25Z");
    assert!(lists_report(&since("2026-11-22T10:00:00.25Z"), &report));
    assert!(!lists_report(&since("2026-11-22T10:00:00.251Z"), &report));
}

#[test]
fn filter_tests_match_dynamodb_semantics() {
    let head = report_head(&report("2026-11-22T10:00:00Z", 10_00), None).unwrap();
    assert!(AttributeFilter::Contains("cost_centres", "sales".to_owned()).matches(&head));
    assert!(!AttributeFilter::Contains("cost_centres", "sale".to_owned()).matches(&head));
    assert!(AttributeFilter::Equals("status", "draft".to_owned()).matches(&head));
    assert!(!AttributeFilter::Equals("status", "submitted".to_owned()).matches(&head));
    assert!(!AttributeFilter::Equals("no such attribute", String::new()).matches(&head));
}

#[test]
fn contradictory_dates_match_nothing() {
    let (created_from, created_to) = ("2026-11-03".parse().ok(), "2026-11-02".parse().ok());
    let days = ReportFilter { created_from, created_to, ..ReportFilter::default() };
    assert!(query(&days).is_empty());
    assert!(query(&ReportFilter { min_total: Some(0), ..days }).is_empty());
    assert!(!query(&ReportFilter::default()).is_empty());
}

fn found(source: usize, at: &str) -> ListItem {
    ListItem { position: at.to_owned(), source, item: Item::new() }
}

fn partition_page(source: usize, positions: &[&str], end: Option<&str>) -> PartitionPage {
    let items: Vec<ListItem> = positions.iter().map(|at| found(source, at)).collect();
    PartitionPage { examined: items.len(), items, end: end.map(str::to_owned) }
}

fn request(limit: i32, cursor: Option<String>) -> PageRequest {
    PageRequest { limit, cursor, reader: "ana".to_owned(), now: 1_795_000_000 }
}

fn merged(
    query: &ListQuery,
    partition_pages: Vec<PartitionPage>,
    limit: i32,
) -> (Vec<(usize, String)>, Option<String>) {
    let Page { items, next, .. } = query.merge(partition_pages, &request(limit, None));
    let next = next.and_then(|cursor| query.start_position(&request(limit, Some(cursor))).unwrap());
    (items.into_iter().map(|found| (found.source, found.position)).collect(), next)
}

fn tasks() -> ListQuery {
    ListQuery::by_prefix(org(), keys::task_partition(org(), seed().next_id()), "T")
}

#[test]
fn partitions_are_merged_in_order_without_duplicates() {
    let at = |source, text: &str| (source, text.to_owned());
    let query = tasks();
    let both = vec![partition_page(0, &["T1", "T3"], None), partition_page(1, &["T2", "T3"], None)];
    assert_eq!(merged(&query, both, 10), (vec![at(0, "T1"), at(1, "T2"), at(0, "T3")], None));
    let backwards = ListQuery { newest_first: true, ..tasks() };
    let both = vec![partition_page(0, &["T3", "T1"], None), partition_page(1, &["T2"], None)];
    assert_eq!(merged(&backwards, both, 2), (vec![at(0, "T3"), at(1, "T2")], Some("T2".to_owned())));
}

#[test]
fn merge_stops_at_nearest_partition_end() {
    // Items of the first partition between T2 and T9 are not known yet.
    let cut = vec![partition_page(0, &["T1", "T2"], Some("T2")), partition_page(1, &["T9"], None)];
    let at = |text: &str| (0, text.to_owned());
    assert_eq!(merged(&tasks(), cut, 10), (vec![at("T1"), at("T2")], Some("T2".to_owned())));
    let nothing_passed = vec![partition_page(0, &[], Some("T5"))];
    assert_eq!(merged(&tasks(), nothing_passed, 10), (Vec::new(), Some("T5".to_owned())));
}

#[test]
fn page_ends_before_response_size_limit() {
    let large = |at: &str| {
        let item = Item::from([("title".to_owned(), AttributeValue::S("x".repeat(600_000)))]);
        ListItem { position: at.to_owned(), source: 0, item }
    };
    let partition_page = PartitionPage { items: ["T1", "T2", "T3"].map(large).into(), end: None, examined: 3 };
    let (items, next) = merged(&tasks(), vec![partition_page], 10);
    assert_eq!((items.len(), next.as_deref()), (2, Some("T2")));
}

#[test]
fn cursor_is_bound_to_list_and_filters() {
    let position = keys::reports_by_status_partition(org(), ReportStatus::Draft);
    let all = query(&ReportFilter { status: Some(ReportStatus::Draft), ..ReportFilter::default() });
    let report: ReportId = seed().next_id();
    let at = |position: &str| request(25, Some(request(25, None).encode_cursor(&all.name(), position)));
    let cursor = at(&report.to_string());
    assert_eq!(all.start_position(&cursor), Ok(Some(report.to_string())));
    let others = [
        ReportFilter { status: Some(ReportStatus::Submitted), ..ReportFilter::default() },
        ReportFilter { created_from: "2026-11-03".parse().ok(), ..ReportFilter::default() },
        ReportFilter { owner: Some(seed().next_id()), ..ReportFilter::default() },
    ];
    for other in others {
        assert_eq!(query(&other).start_position(&cursor), Err(CursorError::Invalid));
    }
    // A forged cursor cannot leave the list.
    assert_eq!(all.start_position(&at(&position)), Err(CursorError::Invalid));
    let forged = all.start_position(&at("rep_nonsense")).unwrap().unwrap();
    assert_eq!(all.exclusive_start_key(&position, &forged), Err(CursorError::Invalid));
    let key = all.exclusive_start_key(&position, &report.to_string()).unwrap();
    assert_eq!(key.len(), 4);
    assert_eq!(key.get(keys::REPORTS_BY_STATUS.pk), Some(&AttributeValue::S(position)));
}

#[test]
fn index_position_leads_to_report_key() {
    let report = draft(&mut seed(), Vec::new());
    let head = report_head(&report, None).unwrap();
    for index in [Index::Owner, Index::Status, Index::Update, Index::Total] {
        let (_, pk, sk) = index.keys();
        let attribute = |name: &str| head.get(name).and_then(|value| value.as_s().ok()).unwrap();
        let query = ListQuery { org: report.org, index, ..tasks() };
        let key = query.exclusive_start_key(attribute(pk), attribute(sk)).unwrap();
        assert!(key.iter().all(|(name, value)| head.get(name) == Some(value)), "{index:?}");
    }
}
