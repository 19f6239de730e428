//! What other products do in the same situation, case by case: each case either holds here with its own numbers, or differs on
//! purpose, which is shown too, or belongs to a capability that is not of this crate. The facts are from the tests, the code and
//! the bug reports of Odoo, Frappe HRMS, `OrangeHRM`, Open Collective, Dolibarr and the OCA.

mod money;
mod process;

use std::collections::BTreeSet;

use Case::{Differs, Elsewhere, Partly, Same};

/// How a case stands here.
enum Case {
    /// It holds.
    Same(fn()),
    /// Something else is meant to happen: what, and why. That is what runs.
    Differs(&'static str, fn()),
    /// What this crate knows of it holds; the rest is somewhere else.
    Partly(&'static str, fn()),
    /// The capability or the API test that it belongs to.
    Elsewhere(&'static str),
}

const ADVANCES: Case = Elsewhere("advances, with their clearing and their reminders");
const PAYMENT: Case = Elsewhere("reimbursement: batches, payments and their states");
const MAIL: Case = Elsewhere("reports by inbound mail");
const OWN_RATE: Case = Elsewhere("a rate of one's own in place of the recorded one");
const UNIT_PRICES: Case = Elsewhere("mileage and per diem: lines with a price per unit");
const ABOVE_ZERO: Case = Elsewhere("input: an amount is above zero on creation and on every change (tests/input.rs)");

const WITHIN: &str = "taxes are within the amount, never on top: what was paid is what is entered";
const BACK_TO_APPROVAL: &str =
    "its owner may edit, and a changed claim goes back through approval; nobody edits for him";

/// Every case, by its number.
const CASES: [(u16, Case); 99] = [
    (1, Same(money::tax_of_a_quantity)),
    (3, Same(money::tax_within_an_amount)),
    (5, Same(money::totals_of_a_report)),
    (6, Partly("the journal entry", money::taxes_of_a_journal_balance)),
    (7, Partly("the payments", money::company_card_is_not_reimbursed)),
    (10, PAYMENT),
    (12, Differs("the taxes of the parts add up to the line's: the second half has a cent less", money::two_halves)),
    (14, Same(money::parts_with_taxes_of_their_own)),
    (16, Partly("importing a file", money::tax_by_default)),
    (18, Same(money::rate_of_a_half)),
    (19, OWN_RATE),
    (20, OWN_RATE),
    (21, Differs("the tax is converted itself, not computed again: 3.43 and not 3.42", money::rounding_whoever_paid)),
    (23, Same(money::report_in_two_currencies)),
    (24, Partly("the list that shows the sum", money::sum_of_drafts)),
    (31, ABOVE_ZERO),
    (32, Elsewhere("input: an amount is never zero, in draft neither (tests/input.rs)")),
    (34, Partly("the states of a payment", process::what_is_approved_is_not_deleted)),
    (35, Same(process::empty_reports_are_not_submitted)),
    (36, Differs("a report may mix who has paid; `reimbursable` counts what the owner has", money::mixed_payers)),
    (37, Partly("posting", process::what_is_approved_is_not_rejected)),
    (38, UNIT_PRICES),
    (39, UNIT_PRICES),
    (42, PAYMENT),
    (43, Same(process::employees_create_for_themselves)),
    (44, Same(process::owner_does_not_jump_over_approval)),
    (45, Same(process::owner_neither_approves_nor_rejects)),
    (48, Same(process::approver_does_not_pay)),
    (49, Differs(BACK_TO_APPROVAL, process::lines_of_an_approved_report)),
    (50, Elsewhere("the organisation is in every key, so nothing of another one is ever loaded (tests/visibility.rs)")),
    (52, Same(process::specific_limit_beats_generic)),
    (53, Same(process::first_of_equal_limits_counts)),
    (
        56,
        Differs("the line stays one line that keeps what was claimed and what is granted", process::cap_by_an_approver),
    ),
    (58, MAIL),
    (59, MAIL),
    (60, MAIL),
    (61, MAIL),
    (65, Same(process::not_more_than_claimed)),
    (66, Differs("approved is approved, with nothing to reimburse; paid it is never", process::nothing_granted)),
    (
        67,
        Differs("totals go on saying what was claimed; what is rejected is never paid", process::rejected_is_not_paid),
    ),
    (69, Differs(WITHIN, money::seven_percent_within)),
    (71, ADVANCES),
    (72, ADVANCES),
    (73, ADVANCES),
    (74, ADVANCES),
    (76, Same(process::another_approver_takes_over_what_is_seen)),
    (78, Same(process::unknown_cost_centre)),
    (79, ADVANCES),
    (80, Partly("the journal entry", money::net_and_tax_balance)),
    (82, ADVANCES),
    (83, ADVANCES),
    (84, ADVANCES),
    (85, ADVANCES),
    (86, ADVANCES),
    (87, ADVANCES),
    (89, Elsewhere("mileage: what a vehicle costs is not claimed line by line")),
    (92, Same(money::highest_amount)),
    (94, Same(money::three_decimals)),
    (95, Same(process::amount_and_date_are_mandatory)),
    (99, Differs("rejected is final; what was returned may be submitted again", process::rejected_is_final)),
    (100, Same(process::owner_neither_approves_nor_rejects)),
    (101, PAYMENT),
    (104, Elsewhere("receipts: type, size and hash of an upload")),
    (106, Elsewhere("the API refuses unknown query parameters (tests/input.rs)")),
    (107, ABOVE_ZERO),
    (109, Same(money::count_and_total)),
    (110, Differs(WITHIN, money::twenty_percent_within)),
    (111, Differs(WITHIN, money::tax_added_later)),
    (113, OWN_RATE),
    (114, OWN_RATE),
    (116, Same(money::no_rate_for_the_day)),
    (119, Differs("500 lines, and a draft may be empty; files and zero sums are the input's", process::shape_limits)),
    (121, Same(process::owner_does_nothing_an_approver_does)),
    (
        122,
        Differs("no amount is small enough for an author to approve his own report", process::no_threshold_for_authors),
    ),
    (124, Differs("a second approval is told that he has decided already", process::approving_twice)),
    (127, Partly("the mail to the author", process::sent_back_with_a_message)),
    (129, PAYMENT),
    (131, PAYMENT),
    (132, PAYMENT),
    (134, Partly("the payment", money::tax_across_currencies)),
    (135, PAYMENT),
    (136, PAYMENT),
    (139, Partly("the states of a payment", process::payable_when_approved)),
    (140, Same(process::no_way_around_the_steps)),
    (141, Differs("a title is a text and may change; a merchant is claim and starts approval anew", process::renaming)),
    (143, ADVANCES),
    (144, ADVANCES),
    (148, ADVANCES),
    (150, Differs("the line keeps its 16.00; 12.00 of it are reimbursed", process::capped_line)),
    (151, Same(process::warned_line)),
    (152, Differs("there is no limit of a year, but of a trip and of a report", process::periods_of_limits)),
    (153, Differs(BACK_TO_APPROVAL, process::lines_past_draft)),
    (156, Elsewhere("mileage: kilometres of the year so far")),
    (158, Same(process::paying_needs_the_right_to)),
    (159, Same(money::net_and_tax_make_up_the_total)),
    (161, Same(money::tax_base_in_base_currency)),
    (162, Same(money::eight_equal_parts)),
    (164, Same(money::parts_that_are_a_cent_too_much)),
    (165, Partly("deciding by mail", process::what_is_decided_stays_decided)),
];

#[test]
fn every_case_of_the_peers_holds_or_says_why_not() {
    let ids: BTreeSet<u16> = CASES.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), CASES.len(), "a case is listed twice");
    let mut ran = 0;
    for (id, case) in &CASES {
        // The last one printed is the one that failed.
        eprintln!("PC-{id:03}");
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
    assert_eq!(ran, 59, "another number of cases runs than before");
}
