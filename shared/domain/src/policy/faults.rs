//! What is wrong with a policy document that cannot be said of one member of it alone.

use std::collections::BTreeSet;

use super::{Approvers, CostObject, Mode, Policy};
use crate::member::Role;
use crate::money::Currency;

/// Why a policy cannot be put in force, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// JSON pointer into the policy document.
    pub pointer: String,
    /// A stable name of the rule.
    pub rule: &'static str,
    /// A sentence for people.
    pub detail: String,
}

struct Faults(Vec<PolicyFault>);

impl Faults {
    fn note(&mut self, pointer: impl Into<String>, rule: &'static str, detail: impl Into<String>) {
        self.0.push(PolicyFault { pointer: pointer.into(), rule, detail: detail.into() });
    }

    fn unique<'a>(&mut self, list: &str, codes: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for (at, code) in codes.enumerate() {
            if !seen.insert(code) {
                self.note(format!("/{list}/{at}/code"), "unique", format!("{code} is listed twice."));
            }
        }
    }

    fn known(&mut self, pointer: &str, codes: &[String], known: &BTreeSet<&str>, what: &str) {
        for (at, code) in codes.iter().enumerate().filter(|(_, code)| !known.contains(code.as_str())) {
            self.note(format!("{pointer}/{at}"), "unknown", format!("{code} is not a {what} of this policy."));
        }
    }

    fn approvers(&mut self, pointer: &str, approvers: &Approvers) {
        match approvers {
            // Employees do not approve by role, auditors never.
            Approvers::Role { role: Role::Employee | Role::Auditor } => {
                self.note(format!("{pointer}/role"), "role", "The role must be finance or admin.");
            }
            Approvers::Manager { level: 0 } => {
                self.note(format!("{pointer}/level"), "range", "Level 1 is the owner's manager.");
            }
            Approvers::Members { members } if members.is_empty() => {
                self.note(format!("{pointer}/members"), "length", "Must name at least one member.");
            }
            _ => {}
        }
    }
}

impl Policy {
    /// Everything that is wrong with the document for an organisation of this base currency, but whether the members it names
    /// exist.
    #[must_use]
    pub fn faults(&self, base: Currency) -> Vec<PolicyFault> {
        let mut faults = Faults(Vec::new());
        faults.unique("categories", self.categories.iter().map(|category| category.code.as_str()));
        faults.unique("cost_centres", self.cost_centres.iter().map(|object| object.code.as_str()));
        faults.unique("projects", self.projects.iter().map(|object| object.code.as_str()));
        for (at, category) in self.categories.iter().enumerate() {
            if category.active_from.zip(category.active_until).is_some_and(|(from, until)| from > until) {
                faults.note(format!("/categories/{at}/active_until"), "order", "Must not be before active_from.");
            }
        }
        self.amounts_in_base(base, &mut faults);
        self.codes(&mut faults);
        self.workflow(&mut faults);
        faults.0
    }

    fn amounts_in_base(&self, base: Currency, faults: &mut Faults) {
        let bands = self.steps.iter().enumerate().flat_map(|(at, step)| {
            let pointer = move |name: &str| format!("/steps/{at}/when/{name}/currency");
            [(pointer("from_total"), step.when.from_total), (pointer("below_total"), step.when.below_total)]
        });
        let single = [
            ("/receipt_required_from/currency".to_owned(), self.receipt_required_from),
            ("/auto_approve_below/currency".to_owned(), self.auto_approve_below),
        ];
        for (pointer, money) in bands.chain(single) {
            if money.is_some_and(|money| money.currency() != base) {
                faults.note(pointer, "base-currency", format!("This amount is in the base currency, {base}."));
            }
        }
    }

    fn codes(&self, faults: &mut Faults) {
        fn codes(objects: &[CostObject]) -> BTreeSet<&str> {
            objects.iter().map(|object| object.code.as_str()).collect()
        }
        let categories: BTreeSet<&str> = self.categories.iter().map(|category| category.code.as_str()).collect();
        for (at, limit) in self.limits.iter().enumerate() {
            faults.known(&format!("/limits/{at}/categories"), &limit.categories, &categories, "category");
        }
        for (at, step) in self.steps.iter().enumerate() {
            let pointer = |name: &str| format!("/steps/{at}/when/{name}");
            faults.known(&pointer("categories"), &step.when.categories, &categories, "category");
            let cost_centres = codes(&self.cost_centres);
            faults.known(&pointer("cost_centres"), &step.when.cost_centres, &cost_centres, "cost centre");
            faults.known(&pointer("projects"), &step.when.projects, &codes(&self.projects), "project");
        }
    }

    fn workflow(&self, faults: &mut Faults) {
        for (at, step) in self.steps.iter().enumerate() {
            faults.approvers(&format!("/steps/{at}/approvers"), &step.approvers);
            if let Some(target) = &step.escalate_to {
                faults.approvers(&format!("/steps/{at}/escalate_to"), target);
            }
            if matches!(step.mode, Mode::Quorum { of } if !(2..=20).contains(&of)) {
                faults.note(format!("/steps/{at}/quorum"), "range", "Must be from 2 to 20.");
            }
            if step
                .when
                .from_total
                .zip(step.when.below_total)
                .is_some_and(|(from, below)| from.minor() >= below.minor())
            {
                faults.note(format!("/steps/{at}/when/below_total"), "order", "Must be above from_total.");
            }
        }
        if let Some(fallback) = &self.fallback {
            faults.approvers("/fallback", fallback);
        }
    }
}
