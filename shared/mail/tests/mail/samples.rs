//! One realistic notice of each kind, for the tests and for the preview example.

use outlay_mail::{LineFacts, Notice, Recipient, ReportFacts};

/// The person all samples are for.
pub fn recipient() -> Recipient {
    Recipient { name: "Márta Kowalska".to_owned(), address: "marta@example.com".to_owned() }
}

/// A report in a foreign currency with two violations and some of its lines.
pub fn report() -> ReportFacts {
    ReportFacts {
        title: "Client visit Lyon".to_owned(),
        number: "EXP-2041".to_owned(),
        owner: "Ana Silva".to_owned(),
        total: "1,204.60 EUR".to_owned(),
        base_total: Some("1,310.20 USD".to_owned()),
        not_reimbursed: None,
        expenses: 6,
        violations: vec![
            "Hôtel des Artistes: 210.00 EUR a night is over the limit of 180.00 EUR.".to_owned(),
            "Taxi G7: a receipt is required from 25.00 EUR.".to_owned(),
        ],
        lines: vec![
            line("2025-06-30", "SNCF", "Train", "148.00 EUR", None),
            line(
                "2025-07-01",
                "Hôtel des Artistes",
                "Lodging",
                "840.00 EUR",
                Some("Over the limit of 180.00 EUR a night"),
            ),
            line("2025-07-02", "Taxi G7", "Local transport", "38.60 EUR", Some("No receipt")),
            line("2025-07-02", "Brasserie Georges", "Meals", "96.00 EUR", None),
        ],
    }
}

fn line(date: &str, merchant: &str, category: &str, amount: &str, note: Option<&str>) -> LineFacts {
    LineFacts {
        date: date.to_owned(),
        merchant: merchant.to_owned(),
        category: category.to_owned(),
        amount: amount.to_owned(),
        note: note.map(str::to_owned),
    }
}

/// The shortest report there is: no base total, no violations, no lines.
pub fn plain_report() -> ReportFacts {
    ReportFacts { base_total: None, expenses: 1, violations: Vec::new(), lines: Vec::new(), ..report() }
}

/// Every kind of notice under a file-name-safe name.
pub fn notices() -> Vec<(&'static str, Notice)> {
    let by = "João Pereira".to_owned();
    vec![
        ("approval-requested", approval(report())),
        (
            "approved",
            Notice::Approved {
                report: ReportFacts { violations: Vec::new(), ..report() },
                by: by.clone(),
                comment: Some("Thanks for adding the train tickets.".to_owned()),
            },
        ),
        ("approved-plain", Notice::Approved { report: plain_report(), by: by.clone(), comment: None }),
        (
            "returned",
            Notice::Returned {
                report: ReportFacts { not_reimbursed: Some("84.20 EUR".to_owned()), ..report() },
                by: by.clone(),
                reason: "Two things, please:\n1. Add the taxi receipt.\n2. Say why the hotel was over the limit."
                    .to_owned(),
            },
        ),
        (
            "rejected",
            Notice::Rejected {
                report: plain_report(),
                by,
                reason: "This trip was already paid with report EXP-2033.".to_owned(),
            },
        ),
        ("payout-account-changed", Notice::PayoutAccountChanged { at: "14 July 2025, 09:30 UTC".to_owned() }),
        (
            "invited",
            Notice::Invited {
                organisation: "Acme Ltd".to_owned(),
                inviter: "Bruno Costa".to_owned(),
                role: "employee".to_owned(),
            },
        ),
    ]
}

/// A request to approve `report`.
pub fn approval(report: ReportFacts) -> Notice {
    Notice::ApprovalRequested {
        report,
        step: "Line manager".to_owned(),
        reason: "You are Ana Silva's manager".to_owned(),
        due_on: "2025-07-14".to_owned(),
    }
}
