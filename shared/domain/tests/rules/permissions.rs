//! The table of permissions, cell by cell: a rule of thumb written independently of it, and a page for people to read, kept
//! in `docs/PERMISSIONS.md`.

use std::fmt::Write as _;
use std::path::Path;

use outlay_domain::member::Role;
use outlay_domain::permission::{self, Action, OrgAction, Relation, permit_org, ruling};
use outlay_domain::refusal::Refusal;
use outlay_domain::report::Status;

use crate::support::member;

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

/// Who has a part in a report: it is his claim or his money, or he decides for such a person.
const CONCERNED: [Relation; 4] = [Relation::Owner, Relation::Enterer, Relation::Payee, Relation::StandsIn];

#[test]
fn only_these_cells_allow_a_change() {
    for (role, relation, status, action) in cells() {
        let allowed = ruling(role, relation, status, action).is_ok();
        let sees = relation != Relation::Stranger || role != Role::Employee;
        let writes = matches!(relation, Relation::Owner | Relation::Enterer);
        let asked = matches!(relation, Relation::Approver | Relation::Delegate) && status == Status::Submitted;
        let office = matches!(role, Role::Finance | Role::Admin);
        let apart = !CONCERNED.contains(&relation);
        let expected = match action {
            Action::Read => sees,
            _ if role == Role::Auditor => false,
            Action::Comment => sees,
            Action::Clone => writes,
            Action::Edit => writes && status != Status::Rejected,
            Action::Delete => writes && status == Status::Draft,
            Action::Submit => writes && matches!(status, Status::Draft | Status::Returned),
            Action::Recall => writes && status == Status::Submitted,
            Action::Decide => asked,
            Action::Return => asked || (office && apart && status == Status::Approved),
            Action::Reassign => role == Role::Admin && apart && status == Status::Submitted,
            Action::Reimburse => office && apart && relation != Relation::Decided && status == Status::Approved,
        };
        assert_eq!(allowed, expected, "{role:?} {relation:?} {status:?} {action:?}");
    }
    assert_eq!(cells().count(), 4 * 9 * 5 * 11);
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
fn no_role_lets_anybody_decide_on_what_he_has_a_part_in() {
    for (role, relation, status, _) in cells().filter(|(role, ..)| *role != Role::Auditor) {
        for action in [Action::Decide, Action::Return] {
            let refused = matches!(ruling(role, relation, status, action), Err(Refusal::Duties(_)));
            assert_eq!(refused, CONCERNED.contains(&relation), "{role:?} {relation:?} {status:?} {action:?}");
        }
    }
}

#[test]
fn who_decided_does_not_pay() {
    for (role, relation, status, _) in cells().filter(|(_, relation, ..)| *relation == Relation::Decided) {
        assert!(ruling(role, relation, status, Action::Reimburse).is_err(), "{role:?} {status:?}");
    }
}

macro_rules! org_actions {
    ($($name:ident $sentence:literal,)*) => {
        /// What is done to the organisation, in words, and whether a role may.
        const ORG_ACTIONS: &[(&str, &str, fn(Role) -> bool)] =
            &[$((stringify!($name), $sentence, <permission::$name as OrgAction>::allows)),*];
        /// Whether `permit_org` says the same of a member with the role as the table does.
        fn permits_agree(role: Role) -> bool {
            let somebody = member(1, role, None);
            true $(&& permit_org::<permission::$name>(&somebody).is_ok() == permission::$name::allows(role))*
        }
    };
}

org_actions! {
    InviteMember "Invite a member",
    ChangeMember "Change a member",
    ReadMembers "See all members",
    ReadPayoutAccounts "See the payout account of others, masked",
    ExportMembers "Export what is kept of others",
    EraseMembers "Erase who a former member was",
    ReadPolicy "See the policy",
    ChangePolicy "Put a policy in force",
    ReadRates "See exchange rates",
    EnterRates "Enter exchange rates",
    TryPolicy "Try a policy that is not in force, or a report of others",
    CreateReport "Create a report of one's own",
    CreateForOthers "Create a report for somebody else",
    ListAllReports "List reports of others",
}

#[test]
fn every_organisation_wide_action_is_in_the_table() {
    let source = include_str!("../../src/permission.rs");
    let (_, from) = source.split_once("\norg_actions! {\n").unwrap();
    let (declared, _) = from.split_once("\n}\n").unwrap();
    let names: Vec<&str> = declared.lines().map(str::trim).filter(|line| !line.starts_with("///")).collect();
    let names: Vec<&str> = names.iter().filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
    assert_eq!(names, ORG_ACTIONS.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
    assert!(Role::ALL.into_iter().all(permits_agree));
}

/// A cell of the page.
fn word(ruling: Result<(), Refusal>) -> &'static str {
    match ruling {
        Ok(()) => "**yes**",
        Err(Refusal::NotVisible) => "hidden",
        Err(Refusal::Forbidden(_)) => "not theirs",
        Err(Refusal::Duties(_)) => "duties",
        Err(Refusal::InvalidState { .. }) => "wrong state",
        Err(Refusal::AlreadyDecided) => "decided",
        Err(other) => panic!("the table of permissions refuses in a way the page does not know: {other:?}"),
    }
}

/// The heading of an action on the page, with its sentence.
const fn heading(action: Action) -> (&'static str, &'static str) {
    match action {
        Action::Read => ("Read", "See the report, its lines and its history."),
        Action::Comment => ("Comment", "Say something about the report; nothing else of it changes."),
        Action::Clone => ("Clone", "Make a new draft with the same lines."),
        Action::Edit => {
            ("Edit", "Change the report or its lines; a changed claim that was submitted goes back through approval.")
        }
        Action::Delete => ("Delete", "Throw away a draft that was never submitted."),
        Action::Submit => ("Submit", "Send the report to its approvers."),
        Action::Recall => ("Recall", "Take a submitted report back to draft."),
        Action::Decide => ("Decide", "Approve or reject, up to one's approval limit or the ceiling of the delegation."),
        Action::Return => ("Return", "Send the report back to its owner, who may change it and submit it again."),
        Action::Reassign => ("Reassign", "Ask somebody else at the pending step than the route did."),
        Action::Reimburse => {
            ("Reimburse", "Pay the report. There is no endpoint for it yet; this is what it will ask.")
        }
    }
}

const LEGEND: &str = "\
# Who may do what

Made from the rules themselves by a test of `shared/domain`, which fails when this page and the rules differ. The first two columns
say who somebody is: how he stands to the report, and his role. Where several relations apply, the first in the order of the rows
counts. The other columns are the states of a report.

| word | meaning |
|---|---|
| **yes** | allowed |
| hidden | refused as if the report did not exist (404) |
| not theirs | the role or the relation does not allow it (403) |
| duties | refused by separation of duties: nobody decides on, returns or pays what he has a part in; who decided does not pay (403) |
| wrong state | the report, or its route, does not stand where this is possible (409) |
| decided | he has had his say on this report already (409) |

A service is a member that is a program. It has a role, and does what this page says of it, with these exceptions: it does not decide
on a report and does not return one, whatever the table says (403, or 404 where the report is hidden); it is asked at no step and by no
delegation; it has no reports and no payout account; and it cannot be an admin, so that no admin is two people.
";

const OWN: &str = "\
What is a member's own, no role gives to others: where he is paid he says himself, and sees masked; he may take along what is kept of
him. Nobody erases himself.
";

fn page() -> String {
    let mut page = LEGEND.to_owned();
    for action in Action::ALL {
        let (name, sentence) = heading(action);
        let states = Status::ALL.map(Status::name).join(" | ");
        write!(page, "\n## {name}\n{sentence}\n\n| relation | role | {states} |\n|---|---|---|---|---|---|---|\n")
            .unwrap();
        for relation in Relation::ALL {
            for role in Role::ALL {
                let words = Status::ALL.map(|status| word(ruling(role, relation, status, action))).join(" | ");
                writeln!(page, "| {} | {} | {words} |", relation.name(), role.name()).unwrap();
            }
        }
    }
    let roles = Role::ALL.map(Role::name).join(" | ");
    write!(
        page,
        "\n## The organisation\nWhat is not about one report.\n\n| action | {roles} |\n|---|---|---|---|---|\n"
    )
    .unwrap();
    for (_, sentence, allows) in ORG_ACTIONS {
        let words = Role::ALL.map(|role| if allows(role) { "**yes**" } else { "not theirs" }).join(" | ");
        writeln!(page, "| {sentence} | {words} |").unwrap();
    }
    page.push('\n');
    page.push_str(OWN);
    page
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whether to write the page is said by whoever runs the test")]
fn the_page_says_what_the_rules_say() {
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
        "docs/PERMISSIONS.md differs from the rules from line {at} on; if the rules are meant, run \
         `OUTLAY_BLESS=1 cargo test -p outlay-domain --test rules permissions` and look at the difference"
    );
    // Every cell of every table is on the page.
    let cell = |line: &&str| line.starts_with("| ") && !line.contains("---");
    let rows = page.lines().filter(cell).count();
    assert_eq!(rows, 7 + Action::ALL.len() * (1 + 4 * 9) + 1 + ORG_ACTIONS.len());
}
