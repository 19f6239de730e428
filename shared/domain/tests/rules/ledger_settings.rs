//! Settings of the ledger: versions, history, and periods that close for good.

use outlay_domain::change::{LedgerChange, update_ledger};
use outlay_domain::error::DomainError;
use outlay_domain::ledger::LedgerSettings;
use outlay_domain::member::Role;
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::permit_org;
use serde_json::json;

use crate::support::member;

const NOW: &str = "2026-11-20T10:00:00Z";

fn update(current: &LedgerSettings, proposed: LedgerSettings) -> Result<LedgerChange, DomainError> {
    let fiona = member(1, Role::Finance, None);
    let organisation = Organisation {
        id: fiona.org,
        name: "Example".parse().unwrap(),
        base_currency: "EUR".parse().unwrap(),
        mail_domains: Vec::new(),
        rate_source: None,
        payments: None,
        version: 4,
        last_hash: "h".to_owned(),
        created_at: NOW.parse().unwrap(),
        closed_at: None,
    };
    update_ledger(permit_org(&fiona).unwrap(), &organisation, None, current, proposed, NOW.parse().unwrap())
}

fn closed(until: &str) -> LedgerSettings {
    LedgerSettings { closed_until: Some(until.parse().unwrap()), ..LedgerSettings::default() }
}

#[test]
fn settings_change_is_in_history_with_values() {
    let proposed = LedgerSettings { payable_account: Some("3700".parse().unwrap()), ..closed("2026-10") };
    let change = update(&LedgerSettings::default(), proposed).unwrap();
    assert_eq!((change.before, change.after.version), (0, 1));
    let organisation = &change.organisation;
    assert_eq!((organisation.before, organisation.after.version, organisation.event.seq), (4, 5, 5));
    assert_eq!(organisation.after.last_hash, organisation.event.hash);
    let changes = organisation.event.changes.iter().map(|it| (it.field.as_str(), it.old.clone(), it.new.clone()));
    let expected = [
        ("/ledger/closed_until", json!(null), json!("2026-10")),
        ("/ledger/payable_account", json!(null), json!("3700")),
    ];
    assert_eq!(changes.collect::<Vec<_>>(), expected);
}

#[test]
fn closed_period_only_moves_forward_to_this_month() {
    let current = closed("2026-10");
    for allowed in ["2026-10", "2026-11"] {
        assert!(update(&current, closed(allowed)).is_ok(), "{allowed}");
    }
    for earlier in [closed("2026-09"), LedgerSettings::default()] {
        let refused = update(&current, earlier).map(drop);
        assert_eq!(refused, Err(DomainError::PeriodReopened { closed_until: "2026-10".parse().unwrap() }));
    }
    let later = update(&current, closed("2026-12")).map(drop);
    assert_eq!(later, Err(DomainError::PeriodNotBegun { month: "2026-11".parse().unwrap() }));
}
