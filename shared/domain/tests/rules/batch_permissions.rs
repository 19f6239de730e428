//! Permission table of batches: compared cell by cell with independently written rules, and part of
//! `docs/PERMISSIONS.md`.

use std::fmt::Write as _;

use outlay_domain::batch::BatchStatus;
use outlay_domain::error::DomainError;
use outlay_domain::member::Role;
use outlay_domain::permission::{BatchAction, BatchRelation, authorize_batch};

use crate::support::word;

/// Every cell of the table.
fn cells() -> impl Iterator<Item = (Role, BatchRelation, BatchStatus, BatchAction)> {
    let roles = Role::ALL.iter().copied();
    let relations = roles.flat_map(|role| BatchRelation::ALL.iter().copied().map(move |relation| (role, relation)));
    let states = relations
        .flat_map(|(role, relation)| BatchStatus::ALL.iter().copied().map(move |status| (role, relation, status)));
    states.flat_map(|(role, relation, status)| {
        BatchAction::ALL.iter().copied().map(move |action| (role, relation, status, action))
    })
}

#[test]
fn batch_table_matches_independent_rules() {
    for (role, relation, status, action) in cells() {
        let office = matches!(role, Role::Finance | Role::Admin);
        let unreleased = matches!(status, BatchStatus::Building | BatchStatus::Open);
        let paying = matches!(status, BatchStatus::Released | BatchStatus::Settled);
        let is_payee = relation == BatchRelation::Payee;
        let expected = match action {
            BatchAction::Read => role != Role::Employee,
            BatchAction::Release => {
                let is_second = matches!(relation, BatchRelation::CreatorBelow | BatchRelation::Unrelated);
                office && is_second && status == BatchStatus::Open
            }
            BatchAction::Cancel => office && unreleased,
            BatchAction::ClearHold => office && !is_payee && unreleased,
            BatchAction::Settle => office && !is_payee && paying,
            BatchAction::Download => office && paying,
        };
        let allowed = authorize_batch(role, relation, status, action).is_ok();
        assert_eq!(allowed, expected, "{role:?} {relation:?} {status:?} {action:?}");
    }
    assert_eq!(cells().count(), 4 * 6 * 5 * 6);
}

#[test]
fn batch_is_hidden_from_employees_only() {
    for (role, relation, status, action) in cells() {
        let hidden = authorize_batch(role, relation, status, action) == Err(DomainError::NotFound);
        assert_eq!(hidden, role == Role::Employee, "{role:?} {relation:?} {status:?} {action:?}");
    }
}

const fn heading(action: BatchAction) -> (&'static str, &'static str) {
    match action {
        BatchAction::Read => ("Read batch", "See the batch with its payments and reports."),
        BatchAction::Release => ("Release batch", "Release the batch for payment."),
        BatchAction::Cancel => ("Cancel batch", "Cancel the batch; its reports become approved again."),
        BatchAction::ClearHold => ("Clear hold", "Confirm the account of a held payment."),
        BatchAction::Settle => ("Settle payment", "Record that a payment was paid, failed or came back."),
        BatchAction::Download => ("Download file", "Download the file for the bank."),
    }
}

const NOTES: &str = "
## Batches
The columns are the states of a batch. When several relations apply, the first in the order of the rows counts. For *Clear hold* and
*Settle payment*, *payee* is the payee of that payment. *With four eyes* is a batch whose sum is at or above `payments.four_eyes_from`
of the policy, and every batch without that amount.

Further conditions apply beside this table:

- Who creates a batch takes only reports that they may reimburse: the batch skips the others and says why.
- A role that a payee, or an owner or preparer of a report in the batch, has given does not count for a release; a role that the payee
  has given does not count for clearing a hold and for settling a payment.
";

/// Section of the page.
pub fn page() -> String {
    let mut page = NOTES.to_owned();
    for &action in BatchAction::ALL {
        let (name, sentence) = heading(action);
        let states = BatchStatus::ALL.iter().map(|status| status.name()).collect::<Vec<_>>().join(" | ");
        write!(page, "\n## {name}\n{sentence}\n\n| relation | role | {states} |\n|---|---|---|---|---|---|---|\n")
            .unwrap();
        for &relation in BatchRelation::ALL {
            for &role in Role::ALL {
                let cell = |status: &BatchStatus| word(authorize_batch(role, relation, *status, action));
                let words = BatchStatus::ALL.iter().map(cell).collect::<Vec<_>>().join(" | ");
                writeln!(page, "| {} | {} | {words} |", relation.name(), role.name()).unwrap();
            }
        }
    }
    page
}

/// Number of rows of the tables.
pub fn rows() -> usize {
    BatchAction::ALL.len() * (1 + BatchRelation::ALL.len() * Role::ALL.len())
}
