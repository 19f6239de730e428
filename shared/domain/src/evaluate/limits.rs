//! Spending limits: the limit that counts for an expense, the expenses that count together, and caps.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use super::context::{EvaluationContext, MerchantDays, Verdict, lines_at, named_expense};
use crate::conversion::ConversionError;
use crate::equality::equality_digest;
use crate::expense::{Expense, PaymentMethod};
use crate::money::{Currency, Money};
use crate::policy::{
    ExpenseField, Finding, LimitEffect, LimitExcess, LimitPeriod, LimitTerms, RuleEffect, SpendingLimit, SplitBill,
    Violation,
};
use crate::spending::{ClaimedExpense, SpendingBucketKey};
use crate::text::CategoryCode;
use crate::today::month_of;

/// Evaluates expenses by the limits, and sets their caps. Refunds do not count.
pub(super) fn evaluate(
    lines: &mut [Expense],
    merchant_days: &MerchantDays<'_>,
    context: &EvaluationContext<'_>,
) -> Result<Vec<Violation>, ConversionError> {
    if context.policy.limits.is_empty() {
        return Ok(Vec::new());
    }
    let selection = Selection::new(context);
    let mut groups: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
    for (position, line) in lines.iter().enumerate().filter(|(_, line)| !line.facts.is_refund()) {
        for &period in LimitPeriod::ALL {
            if let Some(key) = group_key(period, line, position)
                && let Some(at) = selection.of(period, &line.facts.category, line.facts.payment_method)
            {
                groups.entry((at, key)).or_default().push(position);
            }
        }
    }
    let limits = || {
        let limits = context.policy.limits.iter().enumerate();
        limits.map(|(at, limit)| LimitEvaluation { limit, at, context, selection: &selection })
    };
    let mut violations = Vec::new();
    // Caps first: what they take off does not count towards the other limits, here as in other reports.
    for caps in [true, false] {
        for counted in limits().filter(|counted| (counted.limit.effect == LimitEffect::Cap) == caps) {
            for (_, positions) in groups.range((counted.at, String::new())..(counted.at + 1, String::new())) {
                violations.extend(counted.evaluate(lines, positions.clone())?);
            }
            if counted.limit.period == LimitPeriod::Expense && context.policy.splitting {
                violations.extend(counted.split_bills(lines, merchant_days)?);
            }
        }
    }
    Ok(violations)
}

/// Position of the limit that counts, by category.
type ByCategory = HashMap<CategoryCode, Option<usize>>;

/// The limit that counts for an expense, searched once for each period, category and payment method.
struct Selection<'a> {
    context: &'a EvaluationContext<'a>,
    known: RefCell<BTreeMap<(LimitPeriod, PaymentMethod), ByCategory>>,
}

impl<'a> Selection<'a> {
    const fn new(context: &'a EvaluationContext<'a>) -> Self {
        Self { context, known: RefCell::new(BTreeMap::new()) }
    }

    /// Finds the policy's limit with most restrictions; of several, the first.
    fn of(&self, period: LimitPeriod, category: &CategoryCode, method: PaymentMethod) -> Option<usize> {
        let mut known = self.known.borrow_mut();
        let known = known.entry((period, method)).or_default();
        if let Some(found) = known.get(category) {
            return *found;
        }
        let found = self.search(period, category, method);
        known.insert(category.clone(), found);
        found
    }

    fn search(&self, period: LimitPeriod, category: &CategoryCode, method: PaymentMethod) -> Option<usize> {
        fn matches<Code: PartialEq>(list: &[Code], value: Option<&Code>) -> bool {
            list.is_empty() || value.is_some_and(|value| list.contains(value))
        }
        let matching = self.context.policy.limits.iter().enumerate().filter(|(_, limit)| {
            limit.period == period
                && matches(&limit.categories, Some(category))
                && matches(&limit.grades, self.context.grade)
                && (limit.payment_methods.is_empty() || limit.payment_methods.contains(&method))
        });
        // `max_by_key` takes the last of equals, so the order is reversed.
        matching.rev().max_by_key(|(_, limit)| limit.restriction_count()).map(|(at, _)| at)
    }
}

/// Key of the group of expenses that count together.
fn group_key(period: LimitPeriod, line: &Expense, position: usize) -> Option<String> {
    match period {
        LimitPeriod::Expense => Some(position.to_string()),
        LimitPeriod::Day => Some(line.facts.date.to_string()),
        LimitPeriod::Month => Some(month_of(line.facts.date)),
        LimitPeriod::Report => Some(String::new()),
        LimitPeriod::Trip => line.facts.trip.as_deref().map(equality_digest),
    }
}

/// Evaluation of one limit.
#[derive(Clone, Copy)]
struct LimitEvaluation<'a> {
    limit: &'a SpendingLimit,
    at: usize,
    context: &'a EvaluationContext<'a>,
    selection: &'a Selection<'a>,
}

impl LimitEvaluation<'_> {
    const fn currency(&self) -> Currency {
        self.limit.amount.currency()
    }

    /// True when this limit is the one that counts for such an expense.
    fn applies_to(&self, category: &CategoryCode, method: PaymentMethod) -> bool {
        self.selection.of(self.limit.period, category, method) == Some(self.at)
    }

    /// Amount in the limit's currency: as it was paid, or converted from the base currency at today's rate.
    fn measured(&self, paid: Money, in_base: Money) -> Result<Money, ConversionError> {
        if paid.currency() == self.currency() {
            return Ok(paid);
        }
        let zero = Money::zero(in_base.currency());
        let converted = self.context.rates.convert(in_base, zero, self.currency(), self.context.today)?;
        Ok(converted.map_or(in_base, |conversion| conversion.amount))
    }

    /// Amount granted of an expense so far.
    fn granted(&self, line: &Expense) -> Result<Money, ConversionError> {
        self.measured(line.granted(), line.granted_of(line.amount_in_base()))
    }

    /// Adds the amounts granted of `lines` so far to `sum`.
    fn add_granted(&self, sum: Money, lines: &[&Expense]) -> Result<Money, ConversionError> {
        lines.iter().try_fold(sum, |sum, line| add(sum, self.granted(line)?))
    }

    /// Sum that the owner has claimed in other reports and that counts towards the same limit.
    fn claimed_elsewhere(&self, line: &Expense) -> Result<Money, ConversionError> {
        let keys = match self.limit.period {
            LimitPeriod::Day | LimitPeriod::Month => vec![SpendingBucketKey::month(line.facts.date)],
            LimitPeriod::Trip => match &line.facts.trip {
                Some(trip) => vec![SpendingBucketKey::trip(trip), SpendingBucketKey::former_trip(trip)],
                None => return Ok(Money::zero(self.currency())),
            },
            LimitPeriod::Expense | LimitPeriod::Report => return Ok(Money::zero(self.currency())),
        };
        let same_day = |claim: &ClaimedExpense| self.limit.period != LimitPeriod::Day || claim.date == line.facts.date;
        let mut sum = Money::zero(self.currency());
        let others = |key| self.context.spending.claims_of_other_reports(key, self.context.report);
        let counts = |claim: &ClaimedExpense| !claim.is_refund() && same_day(claim);
        for (_, claim) in keys.iter().flat_map(others).filter(|(_, claim)| counts(claim)) {
            if self.applies_to(&claim.category, claim.payment_method) {
                sum = add(sum, self.measured(claim.granted, claim.granted_in_base)?)?;
            }
        }
        Ok(sum)
    }

    fn evaluate(self, lines: &mut [Expense], positions: Vec<usize>) -> Result<Option<Violation>, ConversionError> {
        let members = lines_at(lines, &positions);
        let Some(first) = members.first() else { return Ok(None) };
        let claimed_elsewhere = self.claimed_elsewhere(first)?;
        let actual = self.add_granted(claimed_elsewhere, &members)?;
        if actual.minor() <= self.limit.amount.minor() {
            return Ok(None);
        }
        let found = self.violation(&members, actual, claimed_elsewhere);
        if self.limit.effect == LimitEffect::Cap {
            self.cap(lines, positions, claimed_elsewhere)?;
        }
        Ok(found)
    }

    fn violation(&self, lines: &[&Expense], actual: Money, claimed_elsewhere: Money) -> Option<Violation> {
        let facts = &lines.first()?.facts;
        let verdict = self.verdict(lines);
        let claimed_elsewhere = Some(claimed_elsewhere).filter(|amount| amount.minor() != 0);
        let excess = LimitExcess {
            expense: match lines {
                [line] if claimed_elsewhere.is_none() => Some(named_expense(line)),
                _ => None,
            },
            count: lines.len(),
            actual,
            claimed_elsewhere,
            terms: self.terms(),
            consequence: verdict.consequence,
        };
        let finding = match self.limit.period {
            LimitPeriod::Expense => Finding::ExpenseLimit(excess),
            LimitPeriod::Day => Finding::DayLimit { excess, date: facts.date },
            LimitPeriod::Month => Finding::MonthLimit { excess, month: month_of(facts.date) },
            LimitPeriod::Report => Finding::ReportLimit(excess),
            LimitPeriod::Trip => Finding::TripLimit { excess, trip: facts.trip.clone()? },
        };
        Some(verdict.on(lines, finding))
    }

    /// The limit and its restrictions, as findings name them.
    fn terms(&self) -> LimitTerms {
        LimitTerms {
            limit: self.limit.amount,
            category_names: self.limit.categories.iter().map(|code| self.context.policy.category_name(code)).collect(),
            payment_method: match self.limit.payment_methods.as_slice() {
                [method] => Some(*method),
                _ => None,
            },
            grade: self.context.grade.filter(|_| !self.limit.grades.is_empty()).cloned(),
        }
    }

    fn verdict(&self, lines: &[&Expense]) -> Verdict {
        match self.limit.effect {
            LimitEffect::Block => Verdict::of(RuleEffect::Block.into(), lines, ExpenseField::Amount),
            LimitEffect::Warn => Verdict::of(RuleEffect::Warn.into(), lines, ExpenseField::Amount),
            LimitEffect::Cap => Verdict::cap(),
        }
    }

    /// Caps expenses so that their sum is at most the limit, in the order of their contents.
    fn cap(
        self,
        lines: &mut [Expense],
        mut positions: Vec<usize>,
        claimed_elsewhere: Money,
    ) -> Result<(), ConversionError> {
        let content_key = |at: &usize| {
            let line = lines.get(*at)?;
            // Expenses with equal contents are interchangeable.
            let rest = serde_json::to_string(&(&line.facts, &line.base)).ok();
            Some((line.facts.date, line.facts.category.clone(), line.facts.amount.minor(), rest))
        };
        positions.sort_by_cached_key(content_key);
        let mut room = self.limit.amount.minor().saturating_sub(claimed_elsewhere.minor()).max(0);
        for at in positions {
            let Some(line) = lines.get_mut(at) else { continue };
            let claimed = self.measured(line.facts.amount, line.amount_in_base())?;
            let granted = self.granted(line)?;
            let left = granted.minor().min(room);
            if left < granted.minor() {
                // Rounded down to a minor unit of the line's currency.
                let share = i128::from(line.facts.amount.minor()) * i128::from(left);
                let minor = share.checked_div(i128::from(claimed.minor())).and_then(|minor| i64::try_from(minor).ok());
                line.cap = Some(Money::from_minor(minor.unwrap_or(0), line.facts.amount.currency()));
            }
            room -= left;
        }
        Ok(())
    }

    /// Violations of several lines of one day at one merchant that exceed the limit of an expense together. This
    /// includes lines that exceed the limit alone; otherwise they would hide the others.
    fn split_bills(
        self,
        lines: &mut [Expense],
        merchant_days: &MerchantDays<'_>,
    ) -> Result<Vec<Violation>, ConversionError> {
        let mut violations = Vec::new();
        for ((date, _), merchant_day) in merchant_days.iter().filter(|(_, merchant_day)| merchant_day.has_several()) {
            let applies = |at: &usize| {
                let facts = lines.get(*at).map(|line| &line.facts);
                facts.is_some_and(|facts| self.applies_to(&facts.category, facts.payment_method))
            };
            let positions: Vec<usize> = merchant_day.lines.iter().copied().filter(applies).collect();
            let members = lines_at(lines, &positions);
            let Some(first) = members.first() else { continue };
            let mut claimed_elsewhere = Money::zero(self.currency());
            let mut parts = members.len();
            for (_, claim) in
                merchant_day.claims.iter().filter(|(_, claim)| self.applies_to(&claim.category, claim.payment_method))
            {
                claimed_elsewhere = add(claimed_elsewhere, self.measured(claim.granted, claim.granted_in_base)?)?;
                parts += 1;
            }
            let sum = self.add_granted(claimed_elsewhere, &members)?;
            if parts < 2 || sum.minor() <= self.limit.amount.minor() {
                continue;
            }
            let verdict = self.verdict(&members);
            let bill = SplitBill::OverLimit {
                merchant: first.facts.merchant.clone(),
                date: *date,
                count: parts,
                actual: sum,
                terms: self.terms(),
                consequence: verdict.consequence,
            };
            violations.push(verdict.on(&members, Finding::Splitting(bill)));
            if self.limit.effect == LimitEffect::Cap {
                self.cap(lines, positions, claimed_elsewhere)?;
            }
        }
        Ok(violations)
    }
}

fn add(one: Money, other: Money) -> Result<Money, ConversionError> {
    one.plus(other).map_err(|_| ConversionError::TooLarge)
}
