//! Permission table: compared cell by cell with independently written rules, and printed to `docs/PERMISSIONS.md`.

use std::fmt::Write as _;
use std::path::Path;

use outlay_domain::error::DomainError;
use outlay_domain::member::{Member, MemberKind, Role};
use outlay_domain::permission::{
    self, Action, MemberAction, OnRefusal, OrgAction, Relation, authorize, permit_member, permit_org,
};
use outlay_domain::report::ReportStatus;

use crate::support::{let_decide, member, seed, word};

/// Every cell of the table.
fn cells() -> impl Iterator<Item = (Role, Relation, ReportStatus, Action)> {
    let roles = Role::ALL.iter().copied();
    let with_relations = roles.flat_map(|role| Relation::ALL.iter().copied().map(move |relation| (role, relation)));
    let with_states = with_relations
        .flat_map(|(role, relation)| ReportStatus::ALL.iter().copied().map(move |status| (role, relation, status)));
    with_states.flat_map(|(role, relation, status)| {
        Action::ALL.iter().copied().map(move |action| (role, relation, status, action))
    })
}

/// Relations of members who are involved in a report.
const INTERESTED: [Relation; 3] = [Relation::Owner, Relation::Preparer, Relation::Payee];

#[test]
fn permission_table_matches_independent_rules() {
    for (role, relation, status, action) in cells() {
        let allowed = authorize(role, relation, status, action).is_ok();
        let sees = relation != Relation::Unrelated || role != Role::Employee;
        let writes = matches!(relation, Relation::Owner | Relation::Preparer);
        let asked = matches!(relation, Relation::Approver | Relation::Delegate) && status == ReportStatus::Submitted;
        let office = matches!(role, Role::Finance | Role::Admin);
        let uninvolved = !INTERESTED.contains(&relation);
        let expected = match action {
            Action::Read => sees,
            _ if role == Role::Auditor => false,
            Action::Comment => sees,
            // The clone is a new report for its owner.
            Action::Clone => relation == Relation::Owner || (relation == Relation::Preparer && office),
            Action::Edit => {
                let is_final =
                    matches!(status, ReportStatus::Rejected | ReportStatus::Reimbursing | ReportStatus::Reimbursed);
                writes && !is_final
            }
            Action::Delete => writes && status == ReportStatus::Draft,
            Action::Submit => writes && matches!(status, ReportStatus::Draft | ReportStatus::Returned),
            Action::Recall => writes && status == ReportStatus::Submitted,
            Action::Decide => asked,
            Action::Return => asked || (office && uninvolved && status == ReportStatus::Approved),
            Action::Reassign => role == Role::Admin && uninvolved && status == ReportStatus::Submitted,
            Action::Reimburse => {
                office && uninvolved && relation != Relation::Decided && status == ReportStatus::Approved
            }
        };
        assert_eq!(allowed, expected, "{role:?} {relation:?} {status:?} {action:?}");
    }
    assert_eq!(cells().count(), 4 * 8 * 7 * 11);
}

#[test]
fn hidden_report_is_only_refused_as_not_visible() {
    for (role, relation, status, action) in cells() {
        let hidden = authorize(role, relation, status, action) == Err(DomainError::NotFound);
        assert_eq!(
            hidden,
            relation == Relation::Unrelated && role == Role::Employee,
            "{role:?} {relation:?} {status:?} {action:?}"
        );
    }
}

#[test]
fn interested_party_cannot_decide_in_any_role() {
    for (role, relation, status, _) in cells().filter(|(role, ..)| *role != Role::Auditor) {
        for action in [Action::Decide, Action::Return] {
            let refused = matches!(authorize(role, relation, status, action), Err(DomainError::SeparationOfDuties(_)));
            assert_eq!(refused, INTERESTED.contains(&relation), "{role:?} {relation:?} {status:?} {action:?}");
        }
    }
}

#[test]
fn approver_cannot_reimburse() {
    for (role, relation, status, _) in cells().filter(|(_, relation, ..)| *relation == Relation::Decided) {
        assert!(authorize(role, relation, status, Action::Reimburse).is_err(), "{role:?} {status:?}");
    }
}

macro_rules! org_actions {
    ($($name:ident $sentence:literal,)*) => {
        /// Name and sentence of each organisation action, and the roles that may perform it.
        const ORG_ACTIONS: &[(&str, &str, &[Role])] =
            &[$((stringify!($name), $sentence, <permission::$name as OrgAction>::ROLES)),*];
        /// True when `permit_org` agrees with the table for every action of a role.
        fn permits_agree(role: Role) -> bool {
            let person = member(1, role, None);
            true $(&& permit_org::<permission::$name>(&person).is_ok() == permission::$name::ROLES.contains(&role))*
        }
    };
}

org_actions! {
    ReadOrganisation "See the organisation",
    UpdateOrganisation "Change the organisation",
    InviteMember "Invite a member",
    ListMembers "List all members",
    ReadPolicy "See the policy",
    UpdatePolicy "Change the policy",
    ReadRates "See exchange rates",
    EnterRates "Enter exchange rates",
    CheckPolicy "Check an own report against the policy",
    SimulatePolicy "Check a draft policy, or a report of another member",
    CreateReport "Create an own report",
    CreateForOthers "Create a report for another member",
    ListReports "List own reports",
    ListAllReports "List reports of other members",
    ListApprovals "List the reports that wait for the caller's decision",
    ListBatches "List batches",
    CreateBatch "Create a batch",
    ReadLedger "See the settings of the ledger",
    UpdateLedger "Change the settings of the ledger, and close periods",
    ReadJournal "See the journal",
    ReadPaymentSettings "See the settings for payments",
    UpdatePaymentSettings "Change the settings for payments",
    RecordBankAnswers "Record the answers of banks",
    CloseOrganisation "Close the organisation",
}

#[test]
fn organisation_actions_are_all_in_the_table() {
    assert_eq!(declared_actions("org_actions"), ORG_ACTIONS.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
    assert!(Role::ALL.iter().copied().all(permits_agree));
}

/// Names of the actions that a macro of the rules declares.
fn declared_actions(name: &str) -> Vec<&'static str> {
    let source =
        concat!(include_str!("../../src/permission/organisation.rs"), include_str!("../../src/permission/member.rs"));
    let (_, from) = source.split_once(&format!("\n{name}! {{\n")).unwrap();
    let (declared, _) = from.split_once("\n}\n").unwrap();
    let lines = declared.lines().map(str::trim).filter(|line| !line.starts_with("///"));
    lines.filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect()
}

/// Action on a member: name, sentence, what a refused caller learns, and the rule itself.
type MemberActionRow = (&'static str, &'static str, OnRefusal, fn(&Member, Option<&Member>) -> Result<(), DomainError>);

macro_rules! member_actions {
    ($($name:ident $sentence:literal,)*) => {
        const MEMBER_ACTIONS: &[MemberActionRow] = &[$((
            stringify!($name),
            $sentence,
            <permission::$name as MemberAction>::ON_REFUSAL,
            |actor, target| permit_member::<permission::$name>(actor, target).map(drop),
        )),*];
    };
}

member_actions! {
    ReadMember "See a member",
    UpdateMember "Change a member; of themselves, members change language, time zone and address",
    Delegate "Set a member's delegation",
    EndDelegation "End a member's delegation",
    ReadPayoutAccount "See the payout account, masked",
    SetPayoutAccount "Set the payout account",
    ExportMember "Export a member's data",
    EraseMember "Erase a former member",
}

/// Member that an action is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Caller,
    Colleague,
    OtherOrganisation,
    Missing,
}

/// Result of an action on a member, as a word of the page.
fn member_cell(row: &MemberActionRow, caller: &Member, target: Target) -> &'static str {
    let colleague = member(2, Role::Employee, None);
    let foreign = Member { org: seed(99).next_id(), ..member(3, Role::Employee, None) };
    let target = match target {
        Target::Caller => Some(caller),
        Target::Colleague => Some(&colleague),
        Target::OtherOrganisation => Some(&foreign),
        Target::Missing => None,
    };
    word(row.3(caller, target))
}

#[test]
fn member_actions_are_all_in_the_table() {
    assert_eq!(declared_actions("member_actions"), MEMBER_ACTIONS.iter().map(|row| row.0).collect::<Vec<_>>());
}

#[test]
fn member_table_matches_independent_rules() {
    const YES: &str = "**yes**";
    for row in MEMBER_ACTIONS {
        for (role, kind) in
            Role::ALL.iter().copied().flat_map(|role| [(role, MemberKind::Person), (role, MemberKind::Service)])
        {
            for target in [Target::Caller, Target::Colleague, Target::OtherOrganisation, Target::Missing] {
                let caller = Member { kind, ..member(1, role, None) };
                let (own, admin) = (target == Target::Caller, role == Role::Admin);
                let sees = own || (target == Target::Colleague && role != Role::Employee);
                let office = matches!(role, Role::Finance | Role::Admin);
                let allowed = match row.0 {
                    "ReadMember" => own || role != Role::Employee,
                    "Delegate" | "EndDelegation" | "ExportMember" | "UpdateMember" => own || admin,
                    "ReadPayoutAccount" => own || office,
                    "SetPayoutAccount" => own && kind == MemberKind::Person,
                    "EraseMember" => admin,
                    other => panic!("no rule for {other}"),
                };
                let exists = matches!(target, Target::Caller | Target::Colleague);
                let expected = match row.0 {
                    _ if allowed => {
                        if exists {
                            YES
                        } else {
                            "hidden"
                        }
                    }
                    "UpdateMember" => "forbidden",
                    "ReadMember" | "Delegate" | "EndDelegation" => "hidden",
                    _ => {
                        if sees {
                            "forbidden"
                        } else {
                            "hidden"
                        }
                    }
                };
                assert_eq!(member_cell(row, &caller, target), expected, "{} {role:?} {kind:?} {target:?}", row.0);
            }
        }
    }
    assert_eq!(MEMBER_ACTIONS.len(), 8);
}

#[test]
fn member_permit_for_missing_target_is_not_found() {
    let ada = member(4, Role::Admin, None);
    for row in MEMBER_ACTIONS {
        assert_eq!(row.3(&ada, None), Err(DomainError::NotFound), "{}", row.0);
    }
    // The permission to change other members depends on the role only: nothing is learned about the member.
    let ana = member(1, Role::Employee, None);
    for target in [None, Some(&ada)] {
        assert!(matches!(permit_member::<permission::UpdateMember>(&ana, target), Err(DomainError::Forbidden(_))));
    }
}

#[test]
fn member_of_other_organisation_is_not_found() {
    let foreign = Member { org: seed(99).next_id(), ..member(2, Role::Employee, None) };
    for role in [Role::Finance, Role::Admin, Role::Auditor] {
        let caller = member(4, role, None);
        for row in MEMBER_ACTIONS.iter().filter(|row| row.0 != "UpdateMember") {
            assert_eq!(row.3(&caller, Some(&foreign)), Err(DomainError::NotFound), "{role:?} {}", row.0);
        }
    }
    let admin = member(4, Role::Admin, None);
    let refused = permit_member::<permission::UpdateMember>(&admin, Some(&foreign)).map(drop);
    assert_eq!(refused, Err(DomainError::NotFound));
}

#[test]
fn delegate_can_end_the_delegation_only() {
    let (mut marco, mut dora) = (member(2, Role::Employee, None), member(5, Role::Employee, None));
    let_decide(&mut marco, &mut dora, None);
    assert!(permit_member::<permission::EndDelegation>(&dora, Some(&marco)).is_ok());
    let refused = permit_member::<permission::Delegate>(&dora, Some(&marco)).map(drop);
    assert_eq!(refused, Err(DomainError::NotFound));
    let other = member(6, Role::Employee, None);
    let refused = permit_member::<permission::EndDelegation>(&other, Some(&marco)).map(drop);
    assert_eq!(refused, Err(DomainError::NotFound));
}

#[test]
fn service_cannot_set_own_payout_account() {
    for &role in Role::ALL {
        let service = Member { kind: MemberKind::Service, ..member(9, role, None) };
        let refused = permit_member::<permission::SetPayoutAccount>(&service, Some(&service)).map(drop);
        assert_eq!(refused, Err(DomainError::Forbidden("A service has no payout account.")), "{role:?}");
        assert!(permit_member::<permission::ReadMember>(&service, Some(&service)).is_ok());
    }
    // An admin can see, change and erase a service like a person.
    let (ada, service) =
        (member(4, Role::Admin, None), Member { kind: MemberKind::Service, ..member(9, Role::Finance, None) });
    assert!(permit_member::<permission::ReadMember>(&ada, Some(&service)).is_ok());
    assert!(permit_member::<permission::UpdateMember>(&ada, Some(&service)).is_ok());
    assert!(permit_member::<permission::EraseMember>(&ada, Some(&service)).is_ok());
}

/// Heading and sentence of an action.
const fn heading(action: Action) -> (&'static str, &'static str) {
    match action {
        Action::Read => ("Read", "See the report, its lines and its history."),
        Action::Comment => ("Comment", "Add a comment to the report; nothing else changes."),
        Action::Clone => ("Clone", "Make a new draft with the same lines."),
        Action::Edit => {
            ("Edit", "Change the report or its lines; a changed claim of a submitted report returns to approval.")
        }
        Action::Delete => ("Delete", "Delete a draft that was never submitted."),
        Action::Submit => ("Submit", "Send the report to its approvers."),
        Action::Recall => ("Recall", "Take a submitted report back to draft."),
        Action::Decide => {
            ("Decide", "Approve or reject, up to the member's approval limit or the ceiling of the delegation.")
        }
        Action::Return => ("Return", "Send the report back to its owner, who may change it and submit it again."),
        Action::Reassign => ("Reassign", "Replace an approver of the pending step."),
        Action::Reimburse => {
            ("Reimburse", "Take the report into a batch. The creator of the batch needs this permission.")
        }
    }
}

const LEGEND: &str = "\
# Permissions

Generated from the rules by a test of `shared/domain`, which fails when this page and the rules differ. The first two columns are the
member's relation to the report and their role. When several relations apply, the first in the order of the rows counts. The other
columns are the states of a report.

| word | meaning |
|---|---|
| **yes** | allowed |
| hidden | rejected as if the report or the member did not exist (404) |
| forbidden | the role or the relation does not allow the action (403) |
| duties | separation of duties: interested parties cannot decide on, return or reimburse a report, nor approvers reimburse it; payments \
have four eyes, and nobody pays themselves (403) |
| wrong state | the state of the report or of its route does not allow the action (409) |
| decided | the member, or someone on their behalf, has already decided on this report (409) |

A service is a member that is a program. It has the permissions of its role, with these exceptions: it cannot decide on a report or
return one (403, or 404 where the report is hidden); it is never an approver or a delegate; it has no reports and no payout account;
and it cannot be an admin, because the admin who controls it would have two votes. For the same reason it cannot create or release a
batch, nor clear a hold (403).
";

const MEMBERS: &str = "
## Members
Actions on one member. Column *self* is the caller's own membership; the other columns are the caller's role, for another member of
the same organisation. A member who does not exist or belongs to another organisation is *hidden* from callers with permission.

";

const MEMBER_NOTES: &str = "
*Self* does not depend on the role. Further conditions apply after this table:

- The delegate of a member can end that member's delegation.
- A service cannot set a payout account.
- Admins can change their own name, language and time zone; another admin changes the rest.
- An admin cannot erase themselves.
- Only an invited or suspended member without a part in submitted or approved reports can be erased; in a closed organisation, any other
  member.
";

/// Rule below the heading of a table of actions on reports.
const RULE: &str = "|---|---|---|---|---|---|---|---|---|";

fn page() -> String {
    let mut page = LEGEND.to_owned();
    for &action in Action::ALL {
        let (name, sentence) = heading(action);
        let states = ReportStatus::ALL.iter().map(|status| status.name()).collect::<Vec<_>>().join(" | ");
        write!(page, "\n## {name}\n{sentence}\n\n| relation | role | {states} |\n{RULE}\n").unwrap();
        for &relation in Relation::ALL {
            for &role in Role::ALL {
                let words = ReportStatus::ALL
                    .iter()
                    .map(|&status| word(authorize(role, relation, status, action)))
                    .collect::<Vec<_>>()
                    .join(" | ");
                writeln!(page, "| {} | {} | {words} |", relation.name(), role.name()).unwrap();
            }
        }
    }
    let roles = Role::ALL.iter().map(|role| role.name()).collect::<Vec<_>>().join(" | ");
    write!(
        page,
        "\n## Organisation\nActions that are not about one report.\n\n| action | {roles} |\n|---|---|---|---|---|\n"
    )
    .unwrap();
    for (_, sentence, allowed) in ORG_ACTIONS {
        let words = Role::ALL
            .iter()
            .map(|role| if allowed.contains(role) { "**yes**" } else { "forbidden" })
            .collect::<Vec<_>>()
            .join(" | ");
        writeln!(page, "| {sentence} | {words} |").unwrap();
    }
    page.push_str(MEMBERS);
    writeln!(page, "| action | self | {roles} | a refused caller learns |\n|---|---|---|---|---|---|---|").unwrap();
    for row in MEMBER_ACTIONS {
        let own = member_cell(row, &member(1, Role::Employee, None), Target::Caller);
        let words = Role::ALL
            .iter()
            .map(|&role| member_cell(row, &member(1, role, None), Target::Colleague))
            .collect::<Vec<_>>()
            .join(" | ");
        let learns = match row.2 {
            OnRefusal::Forbidden => "403, whether the member exists or not",
            OnRefusal::ForbiddenIfVisible => "403 if the member is visible to them, otherwise 404",
            OnRefusal::NotFound => "404",
        };
        writeln!(page, "| {} | {own} | {words} | {learns} |", row.1).unwrap();
    }
    page.push_str(MEMBER_NOTES);
    page.push_str(&crate::batch_permissions::page());
    page
}

#[test]
#[expect(clippy::disallowed_methods, reason = "OUTLAY_BLESS=1 rewrites the page")]
fn permissions_page_matches_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/PERMISSIONS.md");
    let page = page();
    if std::env::var_os("OUTLAY_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &page).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = stored.lines().zip(page.lines()).position(|(one, other)| one != other);
    let at = differs.unwrap_or_else(|| stored.lines().count().min(page.lines().count())) + 1;
    assert!(
        stored == page,
        "docs/PERMISSIONS.md differs from the rules from line {at} on; if the rules are intended, run \
         `OUTLAY_BLESS=1 cargo test -p outlay-domain --test rules permissions` and review the difference"
    );
    // Every cell of every table is on the page.
    let cell = |line: &&str| line.starts_with("| ") && !line.contains("---");
    let rows = page.lines().filter(cell).count();
    let tables = Action::ALL.len() * (1 + 4 * 8) + 1 + ORG_ACTIONS.len() + 1 + MEMBER_ACTIONS.len();
    assert_eq!(rows, 7 + tables + crate::batch_permissions::rows());
}
