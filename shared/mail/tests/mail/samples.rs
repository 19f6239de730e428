//! One realistic notice of each kind, for the tests and the preview example.

use jiff::Timestamp;
use outlay_domain::event::EscalationReason;
use outlay_domain::language::Language;
use outlay_domain::member::{AddressFault, Role};
use outlay_domain::policy::{DayOff, Finding, LimitExcess, NamedExpense};
use outlay_domain::statement::Statement;
use outlay_domain::step::{ApproverGroup, ExclusionReason, StepReason};
use outlay_mail::{AuthorityFacts, CommentFacts, DecidedBy, LineFacts, Notice, Recipient, ReportFacts, TaskFacts};

use super::statements::{excess, expense, terms};

pub use super::statements::{day, money};

/// Recipient of all samples.
pub fn recipient(language: Language) -> Recipient {
    Recipient { name: "Márta Kowalska".to_owned(), address: "marta@example.com".to_owned(), language }
}

/// Findings of [`report`].
fn findings() -> Vec<Statement<Finding>> {
    let hotel = NamedExpense { base_amount: Some(money("914.22 USD")), ..expense("840.00 EUR", "Hôtel des Artistes") };
    let hotel = LimitExcess { expense: Some(hotel), ..excess(1, "840.00 EUR", terms("600.00 EUR", &["Lodging"])) };
    let meals = LimitExcess {
        claimed_elsewhere: Some(money("231.40 EUR")),
        ..excess(1, "327.40 EUR", terms("300.00 EUR", &["Meals"]))
    };
    let findings = [
        Finding::ExpenseLimit(hotel),
        Finding::DayLimit {
            excess: excess(2, "134.60 EUR", terms("120.00 EUR", &["Meals", "Taxi"])),
            date: day("2025-07-02"),
        },
        Finding::MonthLimit { excess: meals, month: "2025-07".to_owned() },
        Finding::ReceiptRequired {
            expense: expense("38.60 EUR", "Taxi G7"),
            receipt_required_from: money("25.00 EUR"),
            consequence: None,
        },
        Finding::Duplicate {
            expense: expense("148.00 EUR", "SNCF"),
            date: day("2025-06-30"),
            count: 1,
            claimed_in: Some("EXP-2033".to_owned()),
            consequence: None,
        },
        Finding::NonWorkingDay {
            expense: expense("42.00 EUR", "Librairie Decitre"),
            date: day("2025-06-29"),
            day: DayOff::Weekend,
            consequence: None,
        },
    ];
    findings.into_iter().map(Statement::Data).collect()
}

/// Report in a foreign currency with six violations and some of its lines.
pub fn report() -> ReportFacts {
    let hotel = LineFacts {
        converted: Some(money("914.22 USD")),
        note: Some("The only hotel with free rooms near the fair.".to_owned()),
        ..line("2025-07-01", "Hôtel des Artistes", "Lodging", "840.00 EUR")
    };
    let taxi =
        LineFacts { note: Some("Lost the receipt.".to_owned()), ..line("2025-07-02", "Taxi G7", "Taxi", "38.60 EUR") };
    ReportFacts {
        title: "Client visit Lyon".to_owned(),
        number: "EXP-2041".to_owned(),
        owner: "Ana Silva".to_owned(),
        preparer: None,
        payee: None,
        total: money("1204.60 EUR"),
        base_total: Some(money("1310.20 USD")),
        reimbursable: Some(money("1056.60 EUR")),
        repayable: None,
        not_reimbursed: None,
        expenses: 6,
        violations: findings(),
        lines: vec![
            LineFacts { by_company_card: true, ..line("2025-06-30", "SNCF", "Train", "148.00 EUR") },
            hotel,
            taxi,
            line("2025-07-02", "Brasserie Georges", "Meals", "96.00 EUR"),
        ],
    }
}

/// Expense line.
pub fn line(date: &str, merchant: &str, category: &str, amount: &str) -> LineFacts {
    LineFacts {
        date: day(date),
        merchant: merchant.to_owned(),
        category: category.to_owned(),
        by_company_card: false,
        amount: money(amount),
        converted: None,
        granted: None,
        note: None,
    }
}

/// Minimal report: no base total, no violations, no lines.
pub fn plain_report() -> ReportFacts {
    let all = report();
    ReportFacts {
        base_total: None,
        reimbursable: Some(all.total),
        expenses: 1,
        violations: Vec::new(),
        lines: Vec::new(),
        ..all
    }
}

/// Report with a reduced amount.
fn cut_report() -> ReportFacts {
    let mut report = ReportFacts {
        reimbursable: Some(money("936.60 EUR")),
        not_reimbursed: Some(money("120.00 EUR")),
        repayable: Some(money("28.00 EUR")),
        violations: Vec::new(),
        ..report()
    };
    report.lines[0].granted = Some(money("120.00 EUR"));
    report.lines[1].granted = Some(money("720.00 EUR"));
    report.lines[1].note = Some("The limit is 180.00 EUR a night.".to_owned());
    report
}

/// Approval request for `report`.
pub fn approval(report: ReportFacts) -> Notice {
    Notice::ApprovalRequested {
        report,
        step: "Line manager".to_owned(),
        reasons: vec![
            Statement::Data(StepReason::TotalReaches { total: money("1310.20 USD"), from_total: money("500.00 USD") }),
            Statement::Data(StepReason::AssignedTo { approvers: ApproverGroup::Manager { level: 1 } }),
            Statement::Data(StepReason::NextManager { excluded: ExclusionReason::SeparationOfDuties }),
        ],
        due_on: Some(day("2025-07-14")),
        on_behalf_of: None,
        reassignment_reason: None,
    }
}

/// Report that waits for a decision.
pub fn task(number: &str, title: &str, owner: &str, total: &str, due_on: &str) -> TaskFacts {
    TaskFacts {
        number: number.to_owned(),
        title: title.to_owned(),
        owner: owner.to_owned(),
        preparer: None,
        payee: None,
        total: money(total),
        due_on: day(due_on),
    }
}

/// Reminder of 14 July 2025.
pub fn reminder(tasks: Vec<TaskFacts>) -> Notice {
    Notice::Reminder { day: day("2025-07-14"), tasks }
}

/// Does nothing, but fails to compile for a new notice until it has a sample here, so that every language is tested
/// with it.
const fn has_a_sample(notice: &Notice) {
    match notice {
        Notice::ApprovalRequested { .. }
        | Notice::EscalatedTo { .. }
        | Notice::EscalatedFrom { .. }
        | Notice::Approved { .. }
        | Notice::Commented { .. }
        | Notice::Returned { .. }
        | Notice::Rejected { .. }
        | Notice::Reimbursed { .. }
        | Notice::PaymentFailed { .. }
        | Notice::PayeeUnpaid { .. }
        | Notice::BatchWaiting { .. }
        | Notice::Reminder { .. }
        | Notice::AddressFailed { .. }
        | Notice::PayoutAccountChanged { .. }
        | Notice::OrganisationClosed { .. }
        | Notice::Prepared { .. }
        | Notice::DelegationSet { .. }
        | Notice::DelegationEnded { .. }
        | Notice::AuthorityChanged { .. }
        | Notice::Invited { .. } => {}
    }
}

/// Every kind of notice under a name that is safe as a file name.
pub fn notices() -> Vec<(&'static str, Notice)> {
    let mut all = requests();
    all.extend(decisions());
    all.extend(others());
    all.extend(about_members());
    for (_, notice) in &all {
        has_a_sample(notice);
    }
    all
}

fn requests() -> Vec<(&'static str, Notice)> {
    let step = "Line manager".to_owned();
    let delegated = Notice::ApprovalRequested {
        report: plain_report(),
        step: step.clone(),
        reasons: vec![Statement::Data(StepReason::EveryReport {}), Statement::Data(StepReason::Reassigned {})],
        due_on: None,
        on_behalf_of: Some("Carla Mendes".to_owned()),
        reassignment_reason: Some("Marco has left the team.".to_owned()),
    };
    vec![
        ("approval-requested", approval(report())),
        ("approval-delegated", delegated),
        (
            "escalated-to",
            Notice::EscalatedTo {
                report: report(),
                step: step.clone(),
                reason: EscalationReason::Overdue,
                from: vec!["Marco Rossi".to_owned(), "Inés Ibarra".to_owned()],
                due_on: Some(day("2025-07-16")),
            },
        ),
        (
            "escalated-to-unreachable",
            Notice::EscalatedTo {
                report: plain_report(),
                step: step.clone(),
                reason: EscalationReason::Unreachable,
                from: vec!["Marco Rossi".to_owned()],
                due_on: None,
            },
        ),
        (
            "escalated-from",
            Notice::EscalatedFrom {
                report: plain_report(),
                step: step.clone(),
                reason: EscalationReason::Overdue,
                to: vec!["Ada Admin".to_owned()],
            },
        ),
        (
            "escalated-from-unreachable",
            Notice::EscalatedFrom {
                report: plain_report(),
                step,
                reason: EscalationReason::Unreachable,
                to: Vec::new(),
            },
        ),
        (
            "escalated-to-unable",
            Notice::EscalatedTo {
                report: prepared_report(),
                step: "Line manager".to_owned(),
                reason: EscalationReason::Unable,
                from: vec!["Marco Rossi".to_owned()],
                due_on: None,
            },
        ),
        (
            "escalated-from-unable",
            Notice::EscalatedFrom {
                report: plain_report(),
                step: "Line manager".to_owned(),
                reason: EscalationReason::Unable,
                to: vec!["Ada Admin".to_owned()],
            },
        ),
    ]
}

fn comments() -> Vec<CommentFacts> {
    let comment = |by: &str, text: &str| CommentFacts { by: by.to_owned(), text: text.to_owned() };
    vec![
        comment("João Pereira", "Which client was it?\nAnd who paid the taxi?"),
        comment("Ana Silva", "Two of us shared the taxi."),
    ]
}

fn decisions() -> Vec<(&'static str, Notice)> {
    let by = DecidedBy::Person("João Pereira".to_owned());
    let instead = DecidedBy::OnBehalfOf { name: "João Pereira".to_owned(), away: "Carla Mendes".to_owned() };
    let thanks = Some("Thanks for adding the train tickets.".to_owned());
    let policy = DecidedBy::Policy { below: money("50.00 EUR") };
    let small = ReportFacts { total: money("42.50 EUR"), reimbursable: Some(money("42.50 EUR")), ..plain_report() };
    let reason = "Two things, please:\n1. Add the taxi receipt.\n2. Say why the hotel was over the limit.".to_owned();
    let final_reason = "This trip was already paid with report EXP-2033.".to_owned();
    vec![
        ("approved", Notice::Approved { report: cut_report(), by: by.clone(), comment: thanks }),
        ("approved-plain", Notice::Approved { report: plain_report(), by: instead, comment: None }),
        ("approved-by-policy", Notice::Approved { report: small, by: policy, comment: None }),
        ("commented", Notice::Commented { report: plain_report(), comments: comments().split_off(1) }),
        ("commented-twice", Notice::Commented { report: plain_report(), comments: comments() }),
        ("returned", Notice::Returned { report: report(), by: by.clone(), reason }),
        ("rejected", Notice::Rejected { report: plain_report(), by, reason: final_reason }),
    ]
}

/// Report that is paid to another member.
fn paid_to_other() -> ReportFacts {
    ReportFacts { payee: Some("Yuki Tanaka".to_owned()), ..plain_report() }
}

fn paid(report: ReportFacts, amount: &str, set_off: Option<&str>) -> Notice {
    let to_recipient = report.payee.is_none();
    let paid_on = day("2025-07-21");
    let (amount, set_off) = (money(amount), set_off.map(money));
    let reports = if set_off.is_some() { 3 } else { 1 };
    Notice::Reimbursed { report, amount, set_off, reports, to_recipient, paid_on }
}

fn batch_waiting((reports, payments, held): (usize, usize, usize)) -> Notice {
    let totals = vec![money("7204.60 EUR"), money("18400 JPY")];
    let by = "Bruno Costa".to_owned();
    Notice::BatchWaiting { by, reports, payments, held, totals, execution_date: day("2025-07-21") }
}

fn others() -> Vec<(&'static str, Notice)> {
    let (amount, member) = (money("936.60 EUR"), "Bo Lind".to_owned());
    let tasks = vec![
        task("EXP-2033", "Trade fair Hanover", "Ana Silva", "1204.60 EUR", "2025-07-10"),
        task("EXP-2039", "Team lunch", "Yuki Tanaka", "18400 JPY", "2025-07-14"),
    ];
    let address = "bo@example.com".to_owned();
    let bounced =
        Notice::AddressFailed { member: member.clone(), address: address.clone(), fault: AddressFault::Bounced };
    let unpaid = "The bank does not know the account.".to_owned();
    vec![
        ("reimbursed", paid(cut_report(), "936.60 EUR", None)),
        ("reimbursed-other", paid(paid_to_other(), "936.60 EUR", None)),
        ("reimbursed-set-off", paid(cut_report(), "900.00 EUR", Some("36.60 EUR"))),
        ("set-off", paid(cut_report(), "0.00 EUR", Some("936.60 EUR"))),
        (
            "payment-failed",
            Notice::PaymentFailed { report: plain_report(), to_recipient: true, amount, reason: unpaid.clone() },
        ),
        (
            "payment-failed-other",
            Notice::PaymentFailed { report: paid_to_other(), to_recipient: false, amount, reason: unpaid.clone() },
        ),
        ("payee-unpaid", Notice::PayeeUnpaid { payee: member.clone(), amount, reports: 3, reason: unpaid }),
        ("batch-waiting", batch_waiting((12, 9, 2))),
        ("batch-waiting-one", batch_waiting((1, 1, 0))),
        ("reminder", reminder(tasks)),
        ("reminder-of-one", reminder(vec![task("EXP-2039", "Team lunch", "Yuki Tanaka", "42.50 EUR", "2025-07-14")])),
        ("address-bounced", bounced),
        ("address-complained", Notice::AddressFailed { member, address, fault: AddressFault::Complained }),
        ("payout-account-changed", Notice::PayoutAccountChanged { at: moment("2025-07-14T09:30:00Z") }),
        (
            "organisation-closed",
            Notice::OrganisationClosed {
                organisation: "Acme Ltd".to_owned(),
                by: "Bruno Costa".to_owned(),
                at: moment("2025-07-14T09:30:00Z"),
            },
        ),
        (
            "invited",
            Notice::Invited {
                organisation: "Acme Ltd".to_owned(),
                inviter: "Bruno Costa".to_owned(),
                role: Role::Employee,
            },
        ),
    ]
}

/// Report that Fiona prepared for Ana and that Paul is paid for.
pub fn prepared_report() -> ReportFacts {
    ReportFacts { preparer: Some("Fiona Byrne".to_owned()), payee: Some("Paul Novak".to_owned()), ..report() }
}

fn about_members() -> Vec<(&'static str, Notice)> {
    let (by, other) = ("Fiona Byrne".to_owned(), "Marco Rossi".to_owned());
    let prepared = |is_submitted| Notice::Prepared { report: prepared_report(), by: by.clone(), is_submitted };
    let waiting = task("EXP-2033", "Trade fair Hanover", "Ana Silva", "1204.60 EUR", "2025-07-10");
    let waiting = TaskFacts { preparer: Some(by.clone()), payee: Some("Paul Novak".to_owned()), ..waiting };
    let delegation = |to_recipient, ceiling, tasks| Notice::DelegationSet {
        to_recipient,
        other: other.clone(),
        by: "Ada Admin".to_owned(),
        from: day("2025-07-14"),
        until: day("2025-07-25"),
        ceiling,
        day: day("2025-07-14"),
        tasks,
    };
    let ended = |to_recipient| Notice::DelegationEnded { to_recipient, other: other.clone(), by: other.clone() };
    let authority = |is_new, changes| Notice::AuthorityChanged {
        member: other.clone(),
        by: "Ada Admin".to_owned(),
        is_new,
        changes,
    };
    let changes = vec![
        AuthorityFacts::Role { old: Some(Role::Employee), new: Role::Admin },
        AuthorityFacts::Manager { old: None, new: Some("Nora Lund".to_owned()) },
        AuthorityFacts::ApprovalLimit { old: Some(money("500.00 EUR")), new: None },
    ];
    vec![
        ("prepared", prepared(false)),
        ("prepared-submitted", prepared(true)),
        ("delegation", delegation(true, Some(money("500.00 EUR")), vec![waiting])),
        ("delegated", delegation(false, None, Vec::new())),
        ("delegation-ended", ended(true)),
        ("delegated-ended", ended(false)),
        ("authority-changed", authority(false, changes)),
        ("authority-new", authority(true, vec![AuthorityFacts::Role { old: None, new: Role::Finance }])),
    ]
}

/// Timestamp from an ISO 8601 text.
pub fn moment(written: &str) -> Timestamp {
    written.parse().unwrap()
}
