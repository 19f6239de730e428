//! Cases of comparable products (Odoo, Frappe HRMS, `OrangeHRM`, Open Collective, Dolibarr and the OCA), from their
//! tests, code and bug reports. Each case holds here with its numbers, differs on purpose, which is shown too, or
//! belongs to another crate or capability. `peer_cases.md` describes every number.

mod journal;
mod money;
mod process;

use std::collections::BTreeSet;

use Case::{Differs, Elsewhere, Partly, Same};

/// Result of a case here.
enum Case {
    /// Holds.
    Same(fn()),
    /// Differs: the reason, and a function that shows the result here.
    Differs(&'static str, fn()),
    /// Holds as far as this crate is concerned; the text names the rest.
    Partly(&'static str, fn()),
    /// Belongs to this capability or API test.
    Elsewhere(&'static str),
}

const ADVANCES: Case = Elsewhere("advances, with their clearing and their reminders");
const PAYMENT: Case = Elsewhere("reimbursement: batches, payments and their states");
const MAIL: Case = Elsewhere("reports by inbound mail");
const OWN_RATE: Case = Elsewhere("a user-defined rate instead of the recorded one");
const UNIT_PRICES: Case = Elsewhere("mileage and per diem: lines with a price per unit");
const ABOVE_ZERO: Case = Elsewhere("input: amounts are positive on creation and on change (tests/validation.rs)");

const WITHIN: &str = "tax is included in the amount, never added: the amount is what was paid";
const BACK_TO_APPROVAL: &str = "only its owner may edit, and a changed claim returns to approval";

/// Description of every case.
const LIST: &str = include_str!("peer_cases.md");

/// Every case by number.
const CASES: [(u16, Case); 99] = [
    (1, Same(money::tax_of_a_quantity)),
    (3, Same(money::tax_within_an_amount)),
    (5, Same(money::totals_of_a_report)),
    (6, Same(journal::entry_of_a_report)),
    (7, Partly("the states of a payment", journal::clearing_line_for_each_card_payment)),
    (10, Partly("the states of a payment", journal::partial_payment_then_the_rest)),
    (
        12,
        Differs(
            "the taxes of the parts add up to the line's tax: the second half has one cent less",
            money::two_halves,
        ),
    ),
    (14, Same(money::parts_with_taxes_of_their_own)),
    (16, Partly("importing a file", money::tax_by_default)),
    (18, Same(money::rate_of_a_half)),
    (19, OWN_RATE),
    (20, OWN_RATE),
    (
        21,
        Differs(
            "the tax is converted, not computed again: 3.43 instead of 3.42",
            journal::entry_is_the_same_whoever_paid,
        ),
    ),
    (23, Same(money::report_in_two_currencies)),
    (24, Partly("the list that shows the sum", money::sum_of_drafts)),
    (31, ABOVE_ZERO),
    (32, Elsewhere("input: an amount is never zero, not even in a draft (tests/validation.rs)")),
    (34, Partly("the states of a payment", process::approved_report_is_not_deleted)),
    (35, Same(process::empty_reports_are_not_submitted)),
    (36, Differs("a report may mix payment methods; `reimbursable` counts personal payments", money::mixed_payers)),
    (37, Partly("posting", process::approved_report_is_not_rejected)),
    (38, UNIT_PRICES),
    (39, UNIT_PRICES),
    (42, PAYMENT),
    (43, Same(process::employees_create_for_themselves)),
    (44, Same(process::owner_cannot_skip_approval)),
    (45, Same(process::owner_neither_approves_nor_rejects)),
    (48, Same(process::approver_does_not_pay)),
    (49, Differs(BACK_TO_APPROVAL, process::lines_of_an_approved_report)),
    (
        50,
        Elsewhere("every key contains the organisation, so data of another one is never loaded (tests/visibility.rs)"),
    ),
    (52, Same(process::specific_limit_beats_generic)),
    (53, Same(process::first_of_equal_limits_counts)),
    (56, Differs("one line keeps both the claimed and the granted amount", process::cap_by_an_approver)),
    (58, MAIL),
    (59, MAIL),
    (60, MAIL),
    (61, MAIL),
    (65, Same(process::not_more_than_claimed)),
    (66, Differs("the report is approved with nothing to reimburse, and never paid", process::nothing_granted)),
    (67, Differs("totals keep the claimed amounts; a rejected report is never paid", process::rejected_is_not_paid)),
    (69, Differs(WITHIN, journal::seven_percent_is_paid_in_full)),
    (71, ADVANCES),
    (72, Partly("the advance itself", journal::whole_report_with_tax_is_set_off)),
    (73, Partly("the advance itself", journal::half_is_set_off)),
    (74, ADVANCES),
    (76, Same(process::reassigned_approver_replaces_access)),
    (78, Same(process::unknown_cost_centre)),
    (79, Partly("the advance itself", journal::gain_between_two_rates)),
    (80, Same(journal::entry_balances)),
    (82, ADVANCES),
    (83, ADVANCES),
    (84, ADVANCES),
    (85, ADVANCES),
    (86, ADVANCES),
    (87, Partly("the advance itself", journal::last_cent_stays_exact)),
    (89, Elsewhere("mileage: vehicle costs are not claimed line by line")),
    (92, Same(money::highest_amount)),
    (94, Same(money::three_decimals)),
    (95, Same(process::amount_and_date_are_mandatory)),
    (99, Differs("rejected is final; a returned report may be submitted again", process::rejected_is_final)),
    (100, Same(process::owner_neither_approves_nor_rejects)),
    (101, PAYMENT),
    (104, Elsewhere("receipts: type, size and hash of an upload")),
    (106, Elsewhere("the API refuses unknown query parameters (tests/validation.rs)")),
    (107, ABOVE_ZERO),
    (109, Same(money::count_and_total)),
    (110, Differs(WITHIN, money::twenty_percent_within)),
    (111, Differs(WITHIN, money::tax_added_later)),
    (113, OWN_RATE),
    (114, OWN_RATE),
    (116, Same(money::no_rate_for_the_day)),
    (
        119,
        Differs(
            "500 lines, and a draft may be empty; input validation covers files and zero sums",
            process::shape_limits,
        ),
    ),
    (121, Same(process::owner_does_nothing_an_approver_does)),
    (122, Differs("no threshold lets authors approve their own reports", process::author_never_approves_own_report)),
    (124, Differs("a second approval is rejected as already decided", process::approving_twice)),
    (127, Partly("the mail to the author", process::sent_back_with_a_message)),
    (129, PAYMENT),
    (131, Partly("the refusal of the second payment", journal::payment_has_two_lines)),
    (132, PAYMENT),
    (134, Partly("the balance of the bank", journal::tax_in_another_currency)),
    (135, PAYMENT),
    (136, PAYMENT),
    (139, Partly("the states of a payment", process::payable_when_approved)),
    (140, Same(process::steps_cannot_be_bypassed)),
    (
        141,
        Differs(
            "a title is text and may change; a merchant is part of the claim and restarts approval",
            process::renaming,
        ),
    ),
    (143, ADVANCES),
    (144, ADVANCES),
    (148, ADVANCES),
    (150, Differs("the line keeps 16.00, of which 12.00 are reimbursed", process::capped_line)),
    (151, Same(process::warned_line)),
    (152, Differs("there is no limit per year, but per trip and per report", process::periods_of_limits)),
    (153, Differs(BACK_TO_APPROVAL, process::lines_after_draft)),
    (156, Elsewhere("mileage: kilometres of the year so far")),
    (158, Same(process::payment_requires_permission)),
    (159, Same(journal::rounded_tax_lets_the_payment_match)),
    (161, Same(journal::tax_base_is_in_base_currency)),
    (162, Same(money::eight_equal_parts)),
    (164, Same(money::parts_that_are_a_cent_too_much)),
    (165, Partly("deciding by mail", process::decision_is_not_repeated)),
];

#[test]
fn peer_cases_hold_or_state_a_reason() {
    let ids: BTreeSet<u16> = CASES.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), CASES.len(), "duplicate case number");
    let mut ran = 0;
    for (id, case) in &CASES {
        // A failing case is the last one printed.
        eprintln!("PC-{id:03}");
        assert!(LIST.contains(&format!("| PC-{id:03} |")), "PC-{id:03} is not in peer_cases.md");
        match case {
            Same(run) => run(),
            Differs(why, run) | Partly(why, run) => {
                assert!(!why.is_empty());
                run();
            }
            Elsewhere(what) => {
                assert!(!what.is_empty());
                continue;
            }
        }
        ran += 1;
    }
    assert_eq!(ran, 65, "the number of executed cases has changed");
}
