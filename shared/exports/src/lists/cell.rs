//! Cells and columns of lists.

use std::borrow::Cow;
use std::fmt::Display;

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::conversion::Rate;
use outlay_domain::money::{Currency, Money};
use outlay_domain::tax::LineTax;

use crate::amount::decimal;
use crate::csv::CsvCell;

/// Separator of several values in one cell.
const BETWEEN_VALUES: &str = "; ";

/// List with its columns. Columns are only ever added at the end, and never renamed: programs read them.
pub trait List: Sized + 'static {
    /// Source of a row.
    type Row<'a>;
    /// Columns in order.
    const COLUMNS: &'static [Column<Self>];
}

/// Column of a list.
pub struct Column<L: List> {
    /// Name in the first row.
    pub name: &'static str,
    /// Reads the cell of a row.
    pub cell: for<'a, 'r> fn(&'a L::Row<'r>) -> Cell<'a>,
}

/// Content of a cell.
pub enum Cell<'a> {
    /// No content.
    Empty,
    /// Text.
    Text(Cow<'a, str>),
    /// Amount without its currency.
    Amount(Money),
    /// Number.
    Number(u64),
    /// Date.
    Date(Date),
    /// Exchange rate.
    Rate(Rate),
    /// Taxes in one cell.
    Taxes(&'a [LineTax]),
}

impl<'a> Cell<'a> {
    /// Text of a value.
    pub fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// Value as it displays itself, such as an identifier.
    pub fn display(value: impl Display) -> Self {
        Self::Text(Cow::Owned(value.to_string()))
    }

    /// Code of a currency.
    pub fn currency(currency: Currency) -> Self {
        Self::display(currency)
    }

    /// Time in UTC with milliseconds, as in the API.
    pub fn time(at: Timestamp) -> Self {
        Self::Text(Cow::Owned(format!("{at:.3}")))
    }

    /// Number of things.
    pub fn count(count: usize) -> Self {
        Self::Number(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// Several texts in one cell.
    pub fn joined<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut joined = String::new();
        for (at, text) in texts.into_iter().enumerate() {
            if at > 0 {
                joined.push_str(BETWEEN_VALUES);
            }
            joined.push_str(text.as_ref());
        }
        Self::Text(Cow::Owned(joined))
    }

    /// Cell of a value that may be absent.
    pub fn optional<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Empty, cell)
    }

    /// The cell with its text written out, except for what [`CsvCell`] writes.
    pub(super) fn with_separator(self, decimal_separator: char) -> Self {
        match self {
            Self::Rate(rate) => Self::Text(Cow::Owned(localized(&rate.to_string(), decimal_separator))),
            Self::Taxes(taxes) => Self::joined(taxes.iter().map(|tax| tax_text(tax, decimal_separator))),
            cell => cell,
        }
    }

    /// The cell for a [`crate::CsvWriter`], after [`Cell::with_separator`].
    pub(super) fn as_csv(&self) -> CsvCell<'_> {
        match self {
            Self::Text(text) if !text.is_empty() => CsvCell::Text(text),
            Self::Amount(amount) => CsvCell::Amount(*amount),
            Self::Number(number) => CsvCell::Number(*number),
            Self::Date(date) => CsvCell::Date(*date),
            Self::Text(_) | Self::Empty | Self::Rate(_) | Self::Taxes(_) => CsvCell::Empty,
        }
    }
}

/// Decimal number with this separator.
fn localized(number: &str, decimal_separator: char) -> String {
    number.chars().map(|c| if c == '.' { decimal_separator } else { c }).collect()
}

/// Tax for people, such as `VAT 19 %: 19.00`.
fn tax_text(tax: &LineTax, decimal_separator: char) -> String {
    let rate = tax.rate.map(|rate| format!("{} %", localized(&rate.to_string(), decimal_separator)));
    let words: Vec<&str> = tax.name.as_deref().into_iter().chain(rate.as_deref()).collect();
    let name = if words.is_empty() { "tax".to_owned() } else { words.join(" ") };
    format!("{name}: {}", decimal(tax.amount, decimal_separator, 0))
}
