//! Limits: which one counts for a line, what is counted together, and what a cap leaves.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use super::{Grounds, Visits, at, shown, unless_justified, violation};
use crate::conversion::ConversionFault;
use crate::expense::{Expense, PaymentMethod};
use crate::money::{Currency, Money};
use crate::policy::{Effect, Field, Limit, Measure, Period, Rule, Severity, Violation};
use crate::spending::{BucketKey, Claim, month_of, trip_key};

/// Judges lines by the limits, and writes caps into them.
pub(super) fn judge(
    lines: &mut [Expense],
    visits: &Visits<'_>,
    grounds: &Grounds<'_>,
) -> Result<Vec<Violation>, ConversionFault> {
    if grounds.policy.limits.is_empty() {
        return Ok(Vec::new());
    }
    let selection = Selection::new(grounds);
    let mut groups: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
    for (position, line) in lines.iter().enumerate() {
        for period in Period::ALL {
            if let Some(key) = group(period, line, position)
                && let Some(at) = selection.of(period, &line.facts.category, line.facts.payment_method)
            {
                groups.entry((at, key)).or_default().push(position);
            }
        }
    }
    let limits = || {
        let limits = grounds.policy.limits.iter().enumerate();
        limits.map(|(at, limit)| Counted { limit, at, grounds, selection: &selection })
    };
    let mut violations = Vec::new();
    // Caps first: what they take off does not count towards the other limits, here as in other reports.
    for caps in [true, false] {
        for counted in limits().filter(|counted| (counted.limit.effect == Effect::Cap) == caps) {
            for (_, positions) in groups.range((counted.at, String::new())..(counted.at + 1, String::new())) {
                violations.extend(counted.judge(lines, positions.clone())?);
            }
            if counted.limit.period == Period::Expense && grounds.policy.splitting {
                violations.extend(counted.split(lines, visits)?);
            }
        }
    }
    Ok(violations)
}

/// The position of the limit that counts, by category.
type ByCategory = HashMap<String, Option<usize>>;

/// Which limit counts for a line: looked up once for all lines that are alike in what limits ask.
struct Selection<'a> {
    grounds: &'a Grounds<'a>,
    known: RefCell<BTreeMap<(Period, PaymentMethod), ByCategory>>,
}

impl<'a> Selection<'a> {
    const fn new(grounds: &'a Grounds<'a>) -> Self {
        Self { grounds, known: RefCell::new(BTreeMap::new()) }
    }

    /// The limit of the policy with most restrictions; of several the first.
    fn of(&self, period: Period, category: &str, method: PaymentMethod) -> Option<usize> {
        let mut known = self.known.borrow_mut();
        let known = known.entry((period, method)).or_default();
        if let Some(found) = known.get(category) {
            return *found;
        }
        let found = self.search(period, category, method);
        known.insert(category.to_owned(), found);
        found
    }

    fn search(&self, period: Period, category: &str, method: PaymentMethod) -> Option<usize> {
        let open = |list: &[String], value: Option<&str>| {
            list.is_empty() || value.is_some_and(|value| list.iter().any(|known| known == value))
        };
        let matching = self.grounds.policy.limits.iter().enumerate().filter(|(_, limit)| {
            limit.period == period
                && open(&limit.categories, Some(category))
                && open(&limit.grades, self.grounds.grade)
                && (limit.payment_methods.is_empty() || limit.payment_methods.contains(&method))
        });
        // Of equals `max_by_key` takes the last, so the order is turned round.
        matching.rev().max_by_key(|(_, limit)| limit.restrictions()).map(|(at, _)| at)
    }
}

/// What a line is counted together with.
fn group(period: Period, line: &Expense, position: usize) -> Option<String> {
    match period {
        Period::Expense => Some(position.to_string()),
        Period::Day => Some(line.facts.date.to_string()),
        Period::Month => Some(month_of(line.facts.date)),
        Period::Report => Some(String::new()),
        Period::Trip => line.facts.trip.as_deref().map(trip_key),
    }
}

/// A limit and the lines it counts.
#[derive(Clone, Copy)]
struct Counted<'a> {
    limit: &'a Limit,
    at: usize,
    grounds: &'a Grounds<'a>,
    selection: &'a Selection<'a>,
}

impl Counted<'_> {
    const fn currency(&self) -> Currency {
        self.limit.amount.currency()
    }

    /// Whether this limit is the one for such a line.
    fn counts(&self, category: &str, method: PaymentMethod) -> bool {
        self.selection.of(self.limit.period, category, method) == Some(self.at)
    }

    /// An amount in the limit's currency: as it was paid, or by way of the base currency at today's rate.
    fn measured(&self, paid: Money, in_base: Money) -> Result<Money, ConversionFault> {
        if paid.currency() == self.currency() {
            return Ok(paid);
        }
        let zero = Money::zero(in_base.currency());
        let converted = self.grounds.rates.convert(in_base, zero, self.currency(), self.grounds.today)?;
        Ok(converted.map_or(in_base, |conversion| conversion.amount))
    }

    /// What is granted of a line so far.
    fn granted(&self, line: &Expense) -> Result<Money, ConversionFault> {
        self.measured(line.granted(), line.granted_of(line.amount_in_base()))
    }

    /// The sum with what is granted of lines so far.
    fn with(&self, sum: Money, lines: &[&Expense]) -> Result<Money, ConversionFault> {
        lines.iter().try_fold(sum, |sum, line| add(sum, self.granted(line)?))
    }

    /// What the owner has claimed elsewhere that counts towards the same limit as these lines.
    fn elsewhere(&self, line: &Expense) -> Result<Money, ConversionFault> {
        let key = match self.limit.period {
            Period::Day | Period::Month => BucketKey::month(line.facts.date),
            Period::Trip => match &line.facts.trip {
                Some(trip) => BucketKey::trip(trip),
                None => return Ok(Money::zero(self.currency())),
            },
            Period::Expense | Period::Report => return Ok(Money::zero(self.currency())),
        };
        let same_day = |claim: &Claim| self.limit.period != Period::Day || claim.date == line.facts.date;
        let mut sum = Money::zero(self.currency());
        for (_, claim) in self.grounds.spending.others(&key, self.grounds.report).filter(|(_, claim)| same_day(claim)) {
            if self.counts(&claim.category, claim.payment_method) {
                sum = add(sum, self.measured(claim.granted, claim.granted_in_base)?)?;
            }
        }
        Ok(sum)
    }

    fn judge(self, lines: &mut [Expense], positions: Vec<usize>) -> Result<Option<Violation>, ConversionFault> {
        let members = at(lines, &positions);
        let Some(first) = members.first() else { return Ok(None) };
        let before = self.elsewhere(first)?;
        let actual = self.with(before, &members)?;
        if actual.minor() <= self.limit.amount.minor() {
            return Ok(None);
        }
        let found = self.told(&members, actual, before);
        if self.limit.effect == Effect::Cap {
            self.cap(lines, positions, before)?;
        }
        Ok(Some(found))
    }

    fn told(&self, lines: &[&Expense], actual: Money, before: Money) -> Violation {
        let what = match lines {
            [line] if before.minor() == 0 => format!("{} is", shown(line)),
            _ if before.minor() == 0 => format!("{} expenses, together {actual}, are", lines.len()),
            _ => format!("{actual}, of which {before} count from other reports, is"),
        };
        let limit = self.limit;
        let (rule, over) = match limit.period {
            Period::Expense => (Rule::ExpenseLimit, "expense"),
            Period::Day => (Rule::DayLimit, "day"),
            Period::Month => (Rule::MonthLimit, "month"),
            Period::Report => (Rule::ReportLimit, "report"),
            Period::Trip => (Rule::TripLimit, "trip"),
        };
        let sentence =
            format!("{what} above the limit of {} per {over}{}{}", limit.amount, self.scope(), self.when(lines));
        measured(rule, lines, limit, actual, &sentence)
    }

    /// What the limit is restricted to, in words.
    fn scope(&self) -> String {
        let name = |code: &String| self.grounds.policy.category(code).map_or(code.clone(), |found| found.name.clone());
        let categories: Vec<String> = self.limit.categories.iter().map(name).collect();
        let grade = self.grounds.grade.filter(|_| !self.limit.grades.is_empty());
        let categories = if categories.is_empty() { String::new() } else { format!(" for {}", categories.join(", ")) };
        let methods = match self.limit.payment_methods.as_slice() {
            [PaymentMethod::Personal] => ", paid personally",
            [PaymentMethod::CompanyCard] => ", paid by company card",
            _ => "",
        };
        let grade = grade.map_or_else(String::new, |grade| format!(", grade {grade}"));
        format!("{categories}{methods}{grade}")
    }

    /// Which day, month or trip it is, in words.
    fn when(&self, lines: &[&Expense]) -> String {
        let Some(facts) = lines.first().map(|line| &line.facts) else { return String::new() };
        match self.limit.period {
            Period::Expense | Period::Report => String::new(),
            Period::Day => format!(", on {}", facts.date),
            Period::Month => format!(", in {}", month_of(facts.date)),
            Period::Trip => format!(", on the trip {}", facts.trip.as_deref().unwrap_or_default()),
        }
    }

    /// Leaves the lines what fits under the limit, in the order of what they say.
    fn cap(self, lines: &mut [Expense], mut positions: Vec<usize>, before: Money) -> Result<(), ConversionFault> {
        let said = |at: &usize| {
            let line = lines.get(*at)?;
            // Lines that say the same and are worth the same are interchangeable.
            let rest = serde_json::to_string(&(&line.facts, &line.base)).ok();
            Some((line.facts.date, line.facts.category.clone(), line.facts.amount.minor(), rest))
        };
        positions.sort_by_cached_key(said);
        let mut room = self.limit.amount.minor().saturating_sub(before.minor()).max(0);
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

    /// Several lines of one day at one merchant that are above the limit of an expense together. One of them may be so by itself: else
    /// it would shelter the others.
    fn split(self, lines: &mut [Expense], visits: &Visits<'_>) -> Result<Vec<Violation>, ConversionFault> {
        let mut violations = Vec::new();
        for ((day, _), visit) in visits.iter().filter(|(_, visit)| visit.lines.len() + visit.claims.len() > 1) {
            let counts = |at: &usize| {
                let facts = lines.get(*at).map(|line| &line.facts);
                facts.is_some_and(|facts| self.counts(&facts.category, facts.payment_method))
            };
            let positions: Vec<usize> = visit.lines.iter().copied().filter(counts).collect();
            let members = at(lines, &positions);
            let Some(first) = members.first() else { continue };
            let mut before = Money::zero(self.currency());
            let mut parts = members.len();
            for (_, claim) in
                visit.claims.iter().filter(|(_, claim)| self.counts(&claim.category, claim.payment_method))
            {
                before = add(before, self.measured(claim.granted, claim.granted_in_base)?)?;
                parts += 1;
            }
            let sum = self.with(before, &members)?;
            if parts < 2 || sum.minor() <= self.limit.amount.minor() {
                continue;
            }
            let sentence = format!(
                "{parts} expenses at {} on {day} are {sum} together, above the limit of {} per expense{}",
                first.facts.merchant,
                self.limit.amount,
                self.scope()
            );
            violations.push(measured(Rule::Splitting, &members, self.limit, sum, &sentence));
            if self.limit.effect == Effect::Cap {
                self.cap(lines, positions, before)?;
            }
        }
        Ok(violations)
    }
}

fn add(one: Money, other: Money) -> Result<Money, ConversionFault> {
    one.plus(other).map_err(|_| ConversionFault::TooLarge)
}

fn measured(rule: Rule, lines: &[&Expense], limit: &Limit, actual: Money, sentence: &str) -> Violation {
    let (severity, field) = match limit.effect {
        Effect::Block => (Severity::Block, Field::Amount),
        Effect::Warn => unless_justified(lines, Field::Amount),
        Effect::Cap => (Severity::Warn, Field::Amount),
    };
    let end = match (limit.effect, field) {
        (Effect::Cap, _) => "; the excess is not reimbursed.",
        (_, Field::Justification) => "; a justification is needed.",
        _ => ".",
    };
    let found = violation(rule, lines, severity, field, format!("{sentence}{end}"));
    Violation { limit: Some(Measure::Money(limit.amount)), actual: Some(Measure::Money(actual)), ..found }
}
