//! Validation of a policy document across its fields.

use std::collections::BTreeSet;
use std::ops::Deref;

use super::{ApprovalMode, Approvers, Bound, CategoryRules, CostObject, MAX_HOLD_DAYS, Policy, Reaction, RuleEffect};
use crate::member::Role;
use crate::money::Currency;

/// Error in a policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// JSON pointer into the policy document.
    pub pointer: String,
    /// Stable name of the rule.
    pub rule: &'static str,
    /// English sentence.
    pub detail: String,
}

struct PolicyErrors(Vec<PolicyError>);

impl PolicyErrors {
    fn push(&mut self, pointer: impl Into<String>, rule: &'static str, detail: impl Into<String>) {
        self.0.push(PolicyError { pointer: pointer.into(), rule, detail: detail.into() });
    }

    fn unique<'a>(&mut self, list: &str, codes: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for (at, code) in codes.enumerate() {
            if !seen.insert(code) {
                self.push(format!("/{list}/{at}/code"), "unique", format!("{code} is listed twice."));
            }
        }
    }

    fn known<Code: Deref<Target = str>>(&mut self, pointer: &str, codes: &[Code], known: &BTreeSet<&str>, what: &str) {
        let codes = codes.iter().map(Deref::deref).enumerate();
        for (at, code) in codes.filter(|(_, code)| !known.contains(code)) {
            self.push(format!("{pointer}/{at}"), "unknown", format!("{code} is not a {what} of this policy."));
        }
    }

    /// Checks the categories of rules, and that `unless_justified` has a `block` to leave a way out of.
    fn rules<T: Bound>(&mut self, name: &str, rules: &CategoryRules<T>, known: &BTreeSet<&str>) {
        let rules = rules.as_slice();
        for (at, rule) in rules.iter().enumerate() {
            let pointer = if rules.len() == 1 { format!("/{name}") } else { format!("/{name}/{at}") };
            self.known(&format!("{pointer}/categories"), &rule.categories, known, "category");
            self.reaction(&pointer, rule.reaction);
        }
    }

    fn reaction(&mut self, pointer: &str, reaction: Reaction) {
        if reaction.unless_justified && reaction.effect != RuleEffect::Block {
            self.push(format!("{pointer}/unless_justified"), "block-only", "Applies to the effect block only.");
        }
    }

    fn approvers(&mut self, pointer: &str, approvers: &Approvers) {
        match approvers {
            // Employees do not approve by role, auditors never.
            Approvers::Role { role: Role::Employee | Role::Auditor } => {
                self.push(format!("{pointer}/role"), "role", "The role must be finance or admin.");
            }
            Approvers::Manager { level: 0 } => {
                self.push(format!("{pointer}/level"), "range", "Level 1 is the owner's manager.");
            }
            Approvers::Members { members } if members.is_empty() => {
                self.push(format!("{pointer}/members"), "length", "Must name at least one member.");
            }
            _ => {}
        }
    }
}

impl Policy {
    /// Finds all errors of the document, for an organisation with this base currency. Does not check that the members
    /// it names exist.
    #[must_use]
    pub fn validate(&self, base: Currency) -> Vec<PolicyError> {
        let mut errors = PolicyErrors(Vec::new());
        errors.unique("categories", self.categories.iter().map(|category| category.code.as_str()));
        errors.unique("cost_centres", self.cost_centres.iter().map(|object| object.code.as_str()));
        errors.unique("projects", self.projects.iter().map(|object| object.code.as_str()));
        for (at, category) in self.categories.iter().enumerate() {
            if category.active_from.zip(category.active_until).is_some_and(|(from, until)| from > until) {
                errors.push(format!("/categories/{at}/active_until"), "order", "Must not be before active_from.");
            }
        }
        self.amounts_in_base(base, &mut errors);
        if self.auto_approve_monthly.is_some() && self.auto_approve_below.is_none() {
            errors.push("/auto_approve_monthly", "requires", "Needs auto_approve_below.");
        }
        if self.payments.hold_account_changes_days > MAX_HOLD_DAYS {
            let detail = format!("Must be at most {MAX_HOLD_DAYS} days.");
            errors.push("/payments/hold_account_changes_days", "range", detail);
        }
        if let Some(days) = &self.non_working_days {
            errors.reaction("/non_working_days", days.reaction());
            let weekend = days.weekend.as_deref().unwrap_or_default();
            let repeated =
                weekend.iter().enumerate().any(|(at, day)| weekend.iter().take(at).any(|other| other == day));
            if repeated || weekend.len() > 6 {
                let detail = "Must name each day once, and leave a working day.";
                errors.push("/non_working_days/weekend", "length", detail);
            }
        }
        self.codes(&mut errors);
        self.workflow(&mut errors);
        errors.0
    }

    fn amounts_in_base(&self, base: Currency, errors: &mut PolicyErrors) {
        let bands = self.steps.iter().enumerate().flat_map(|(at, step)| {
            let pointer = move |name: &str| format!("/steps/{at}/when/{name}/currency");
            [(pointer("from_total"), step.when.from_total), (pointer("below_total"), step.when.below_total)]
        });
        let single = [
            ("/auto_approve_below/currency".to_owned(), self.auto_approve_below),
            ("/auto_approve_monthly/currency".to_owned(), self.auto_approve_monthly),
            ("/payments/four_eyes_from/currency".to_owned(), self.payments.four_eyes_from),
        ];
        let receipts = self.receipt_required_from.as_slice();
        let receipts = receipts.iter().enumerate().map(|(at, rule)| {
            // One rule is stated without a list.
            let at = if receipts.len() == 1 { String::new() } else { format!("/{at}") };
            (format!("/receipt_required_from{at}/currency"), Some(rule.bound))
        });
        for (pointer, money) in bands.chain(single).chain(receipts) {
            if money.is_some_and(|money| money.currency() != base) {
                errors.push(pointer, "base-currency", format!("This amount is in the base currency, {base}."));
            }
        }
    }

    fn codes(&self, errors: &mut PolicyErrors) {
        fn codes<Code: Deref<Target = str>>(objects: &[CostObject<Code>]) -> BTreeSet<&str> {
            objects.iter().map(|object| &*object.code).collect()
        }
        let categories: BTreeSet<&str> = self.categories.iter().map(|category| category.code.as_str()).collect();
        for (at, limit) in self.limits.iter().enumerate() {
            errors.known(&format!("/limits/{at}/categories"), &limit.categories, &categories, "category");
        }
        errors.rules("receipt_required_from", &self.receipt_required_from, &categories);
        errors.rules("maximum_age_days", &self.maximum_age_days, &categories);
        errors.rules("maximum_rate_age_days", &self.maximum_rate_age_days, &categories);
        errors.rules("duplicates", &self.duplicates, &categories);
        errors.rules("duplicate_receipts", &self.duplicate_receipts, &categories);
        for (at, step) in self.steps.iter().enumerate() {
            let pointer = |name: &str| format!("/steps/{at}/when/{name}");
            errors.known(&pointer("categories"), &step.when.categories, &categories, "category");
            let cost_centres = codes(&self.cost_centres);
            errors.known(&pointer("cost_centres"), &step.when.cost_centres, &cost_centres, "cost centre");
            errors.known(&pointer("projects"), &step.when.projects, &codes(&self.projects), "project");
        }
    }

    fn workflow(&self, errors: &mut PolicyErrors) {
        for (at, step) in self.steps.iter().enumerate() {
            errors.approvers(&format!("/steps/{at}/approvers"), &step.approvers);
            if let Some(target) = &step.escalate_to {
                errors.approvers(&format!("/steps/{at}/escalate_to"), target);
            }
            if matches!(step.mode, ApprovalMode::Quorum { of } if !(2..=20).contains(&of)) {
                errors.push(format!("/steps/{at}/quorum"), "range", "Must be from 2 to 20.");
            }
            if step
                .when
                .from_total
                .zip(step.when.below_total)
                .is_some_and(|(from, below)| from.minor() >= below.minor())
            {
                errors.push(format!("/steps/{at}/when/below_total"), "order", "Must be above from_total.");
            }
        }
        if let Some(fallback) = &self.fallback {
            errors.approvers("/fallback", fallback);
        }
    }
}
