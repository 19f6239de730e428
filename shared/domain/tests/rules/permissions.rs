//! The table of permissions, cell by cell.

use outlay_domain::member::Role;
use outlay_domain::permission::{Action, Relation, ruling};
use outlay_domain::refusal::Refusal;
use outlay_domain::report::Status;

/// Every cell of the table.
fn cells() -> impl Iterator<Item = (Role, Relation, Status, Action)> {
    let roles = Role::ALL.into_iter();
    let with_relations = roles.flat_map(|role| Relation::ALL.into_iter().map(move |relation| (role, relation)));
    let with_states =
        with_relations.flat_map(|(role, relation)| Status::ALL.into_iter().map(move |status| (role, relation, status)));
    with_states.flat_map(|(role, relation, status)| {
        Action::ALL.into_iter().map(move |action| (role, relation, status, action))
    })
}

#[test]
fn only_these_cells_allow_a_change() {
    for (role, relation, status, action) in cells() {
        let allowed = ruling(role, relation, status, action).is_ok();
        let expected = match action {
            Action::Read => relation != Relation::Stranger || role != Role::Employee,
            _ if role == Role::Auditor => false,
            Action::Edit | Action::Submit => {
                relation == Relation::Owner && matches!(status, Status::Draft | Status::Returned)
            }
            Action::Recall => relation == Relation::Owner && status == Status::Submitted,
            Action::Decide => relation == Relation::Approver && status == Status::Submitted,
        };
        assert_eq!(allowed, expected, "{role:?} {relation:?} {status:?} {action:?}");
    }
    assert_eq!(cells().count(), 4 * 5 * 5 * 5);
}

#[test]
fn what_may_not_be_seen_is_never_refused_in_another_way() {
    for (role, relation, status, action) in cells() {
        let hidden = ruling(role, relation, status, action) == Err(Refusal::NotVisible);
        assert_eq!(
            hidden,
            relation == Relation::Stranger && role == Role::Employee,
            "{role:?} {relation:?} {status:?} {action:?}"
        );
    }
}

#[test]
fn no_role_lets_the_owner_decide() {
    for (role, _, status, _) in cells().filter(|(role, ..)| *role != Role::Auditor) {
        assert!(matches!(ruling(role, Relation::Owner, status, Action::Decide), Err(Refusal::Duties(_))));
    }
}
