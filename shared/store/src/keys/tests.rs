//! Order and pattern of keys.

use outlay_domain::batch::PaymentKey;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn report_range_holds_expenses_and_head_only() {
    let mut seed = IdGenerator::new(at("2026-11-22T10:00:00Z"), [7; 10]);
    let (org, report, member): (OrgId, ReportId, MemberId) = (seed.next_id(), seed.next_id(), seed.next_id());
    let (from, to) = REPORT_RANGE;
    let within = |sk: &str| (from..=to).contains(&sk);
    assert!(within(&expenses(org, report, 0).sk) && within(&expenses(org, report, 9).sk));
    assert!(within(&super::report(org, report).sk) && within(&latest_comments(org, report).sk));
    assert!(!within(&event_at(org, EventSubject::Report(report), 1).sk));
    assert!(!within(&format!("DELIVERY#{:015}#{member}", 1)));
}

#[test]
fn redacted_key_has_no_names_or_addresses() {
    let mut seed = IdGenerator::new(at("2026-11-22T10:00:00Z"), [7; 10]);
    let org: OrgId = seed.next_id();
    let report: ReportId = seed.next_id();
    assert_eq!(super::report(org, report).redacted(), format!("ORG#{org}#REPORT#{report}/REPORT"));
    let looks_like_one = format!("ana_{}", &org.to_string()[4..]);
    for address in ["ana@example.com", "ana_silva.of.sales@example.com", &looks_like_one] {
        assert_eq!(email(org, address).redacted(), format!("ORG#{org}/EMAIL#…"), "{address}");
    }
    assert_eq!(idempotency(Some(org), "ana", "my-key").redacted(), format!("ORG#{org}#IDEMPOTENCY#…/…"));
}

/// One key of each kind, and the placeholders for its parts.
fn samples() -> (Vec<PrimaryKey>, Vec<(String, &'static str)>) {
    let mut seed = IdGenerator::new(at("2026-11-22T10:00:00Z"), [7; 10]);
    let (org, report, member, receipt) = (seed.next_id(), seed.next_id(), seed.next_id(), seed.next_id());
    let date: Date = "2031-01-02".parse().unwrap();
    let subject = EventSubject::Report(report);
    let (batch, payment) = (seed.next_id(), seed.next_id());
    let time = at("2026-11-22T10:00:00Z");
    let money = Money::from_minor(4711, "USD".parse().unwrap());
    let place = EntryPlace { id: seed.next_id(), period: "2031-03".parse().unwrap(), booked_at: time };
    let keys = vec![
        super::batch(org, batch),
        super::payment(org, batch, PaymentKey { payee: member, currency: "USD".parse().unwrap() }),
        payment_pointer(org, payment),
        entry(org, batch, payment, report),
        involved(org, batch, member),
        named_reports(org, batch, 4),
        batch_entry(org, batch),
        batch_work(org, batch),
        event_at(org, EventSubject::Batch(batch), 5),
        organisation(org),
        policy(org),
        policy_version(org, 3),
        super::member(org, member),
        identity(org, None, "sub-1"),
        identity(org, Some("https://idp.example.com"), "sub-1"),
        email(org, "ana@example.com"),
        payout_account(org, member),
        role_member(org, Role::Admin, member),
        super::report(org, report),
        expenses(org, report, 8),
        PrimaryKey::new(cost_centre_partition(org, "sales"), report.to_string()),
        PrimaryKey::new(reports_partition(org), report.to_string()),
        spending(org, member, &SpendingBucketKey::Month("2031-01".to_owned())),
        spending(org, member, &SpendingBucketKey::Trip("Lyon".to_owned())),
        event_at(org, subject, 5),
        event_at(org, EventSubject::Member(member), 5),
        event_at(org, EventSubject::Organisation, 5),
        event_at(org, EventSubject::Policy, 5),
        event_at(org, EventSubject::Rates(date), 5),
        delivery(org, subject, "000000000000005", member),
        delivery(org, EventSubject::Member(member), "REMINDER-{day}", member),
        PrimaryKey::new(outbox_partition(org), "{at}#{event PK}/{event SK}"),
        unknown_ses_event(Some(org), "{message}", "{type}"),
        unknown_ses_event(None, "{message}", "{type}"),
        file_task(org, receipt),
        PrimaryKey::new(receipt_hash_partition(org, "abcd"), format!("{report}#{receipt}")),
        inspection_rate(org),
        daily_quota("sub-1", "{what}", date),
        organisation_entry(org),
        task(org, member, Some(date), report, 8),
        rate(org, money.currency(), date),
        ledger(org),
        booking_request(org, &report.to_string()),
        bookings(org, report),
        journal_entry(org, &place),
        journal_lines(org, &place, 7),
        idempotency(Some(org), "sub-1", "{key}"),
        idempotency(None, "sub-1", "{key}"),
        rate_limit("sub-1", "{class}"),
        turn("{partition}"),
        rate_limit_shard(org, 2, "{class}"),
        plan(org),
        issuer_keys("{url}"),
        PrimaryKey::new(reports_by_owner_partition(org, member), report.to_string()),
        PrimaryKey::new(reports_by_status_partition(org, ReportStatus::Draft), report.to_string()),
        PrimaryKey::new(reports_by_update_partition(org), updated_sort_key(time, report)),
        PrimaryKey::new(reports_by_total_partition(org), total_sort_key(money, report)),
    ];
    let placeholders = vec![
        (org.to_string(), "{org}"),
        (report.to_string(), "{report}"),
        (member.to_string(), "{member}"),
        (receipt.to_string(), "{receipt}"),
        (place.id.to_string(), "{entry}"),
        ("2031-03".to_owned(), "{period}"),
        ("{entry}#007".to_owned(), "{entry}#{group}"),
        (batch.to_string(), "{batch}"),
        (payment.to_string(), "{payment}"),
        ("NAMED#004".to_owned(), "NAMED#{chunk}"),
        ("https://idp.example.com".to_owned(), "{iss}"),
        (sortable_timestamp(time), "{at}"),
        (sortable_total(4711), "{total}"),
        ("0000000003".to_owned(), "{version}"),
        ("000000000000005".to_owned(), "{seq}"),
        ("EXPENSES#008".to_owned(), "EXPENSES#{chunk}"),
        ("{report}#008".to_owned(), "{report}#{step}"),
        ("SHARD#2".to_owned(), "SHARD#{shard}"),
        (format!("TASK#{date}"), "TASK#{due}"),
        (date.to_string(), "{date}"),
        ("2031-01".to_owned(), "{month}"),
        ("Lyon".to_owned(), "{trip}"),
        ("sub-1".to_owned(), "{sub}"),
        ("ana@example.com".to_owned(), "{address}"),
        ("ROLE#admin".to_owned(), "ROLE#{role}"),
        ("STATUS#draft".to_owned(), "STATUS#{status}"),
        ("CENTRE#sales".to_owned(), "CENTRE#{code}"),
        ("HASH#abcd".to_owned(), "HASH#{sha256}"),
        ("USD".to_owned(), "{currency}"),
        ("{WHAT}".to_owned(), "{what}"),
    ];
    (keys, placeholders)
}

/// Replaces the parts of a sample key by the placeholders of `docs/DATA.md`.
fn pattern(text: &str, placeholders: &[(String, &str)]) -> String {
    placeholders.iter().fold(text.to_owned(), |text, (sample, name)| text.replace(sample, name))
}

#[test]
fn data_md_lists_every_key() {
    let (keys, placeholders) = samples();
    let doc = include_str!("../../../../docs/DATA.md");
    let parts = keys.iter().flat_map(|key| [&key.pk, &key.sk]);
    let patterns: BTreeSet<String> = parts.map(|part| pattern(part, &placeholders)).collect();
    let missing: Vec<&String> = patterns.iter().filter(|pattern| !doc.contains(&format!("`{pattern}`"))).collect();
    assert!(missing.is_empty(), "not in docs/DATA.md: {missing:?}");
    let indexes = [REPORTS_BY_OWNER, REPORTS_BY_STATUS, REPORTS_BY_UPDATE, REPORTS_BY_TOTAL];
    assert!(indexes.iter().all(|index| doc.contains(&format!("| `{}` |", index.name))));
}

#[test]
fn sortable_timestamps_sort_by_time() {
    let times = ["2026-11-22T10:00:00Z", "2026-11-22T10:00:00.001Z", "2026-11-22T10:00:00.01Z", "2026-11-22T10:00:01Z"];
    let texts: Vec<String> = times.iter().map(|time| super::sortable_timestamp(at(time))).collect();
    assert!(texts.is_sorted(), "{texts:?}");
    assert!(texts.iter().all(|text| text.len() == "2026-11-22T10:00:00.000Z".len()), "{texts:?}");
}

#[test]
fn sortable_totals_sort_by_amount() {
    let texts = [0, 9, 10, 1_000_000_000_000, i64::MAX].map(sortable_total);
    assert!(texts.is_sorted() && texts.iter().all(|text| text.len() == 19), "{texts:?}");
}

#[test]
fn id_prefix_covers_exactly_one_millisecond() {
    let (first, last, next) =
        (at("2026-11-22T10:00:00.123Z"), at("2026-11-22T10:00:00.123999Z"), at("2026-11-22T10:00:00.124Z"));
    let id = |at, random| IdGenerator::new(at, random).next_id::<outlay_domain::ids::ReportTag>().to_string();
    for random in [[0; 10], [255; 10]] {
        assert!(id(first, random).starts_with(&id_prefix_at(first)));
        assert!(id(last, random).starts_with(&id_prefix_at(first)));
        assert!(!id(next, random).starts_with(&id_prefix_at(first)));
    }
    assert!(id_prefix_at(first) < id_prefix_at(next));
}
