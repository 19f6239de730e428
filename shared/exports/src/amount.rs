//! Amounts and dates as text.

use jiff::civil::Date;
use outlay_domain::money::Money;

/// Decimal text with this separator and at least `decimals` decimals.
pub(crate) fn decimal(amount: Money, separator: char, decimals: usize) -> String {
    let text = amount.amount();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.is_empty() && decimals == 0 {
        return whole.to_owned();
    }
    format!("{whole}{separator}{fraction:0<decimals$}")
}

/// Date as `YYYYMMDD`.
pub(crate) fn compact_date(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_follow_the_currency() {
        let money = |minor, code: &str| Money::from_minor(minor, code.parse().unwrap());
        assert_eq!(decimal(money(-1205, "EUR"), ',', 2), "-12,05");
        assert_eq!(decimal(money(7, "JPY"), ',', 2), "7,00");
        assert_eq!(decimal(money(7, "JPY"), '.', 0), "7");
        assert_eq!(decimal(money(1234, "KWD"), '.', 2), "1.234");
        assert_eq!(compact_date(jiff::civil::date(987, 6, 5)), "09870605");
    }
}
