//! Converts amounts at the rates of a file of the European Central Bank, for the comparison with another
//! implementation. Usage: `convert <file.xml>`, with lines `<day> <base> <amount> <from> <to>` on standard input. Prints
//! for each line amount, rate, day and source.

use std::io::BufRead as _;

use outlay_domain::conversion::RateBook;
use outlay_domain::money::{Currency, Money};
use outlay_rates::parse_rates_file;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let path = std::env::args().nth(1).ok_or("usage: convert <file.xml>")?;
    let days = parse_rates_file(&std::fs::read_to_string(path)?)?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let parts: Vec<&str> = line.split(' ').collect();
        let [day, base, amount, from, to] = parts[..] else { return Err("a line has five values".into()) };
        let book = RateBook::new(Currency::stored(base)?, []).with_reference_days(days.clone());
        let amount = Money::parse(amount, Currency::stored(from)?)?;
        let none = Money::zero(amount.currency());
        let converted = book.convert(amount, none, Currency::stored(to)?, day.parse()?)?;
        let converted = converted.ok_or("the currencies are the same")?;
        println!("{} {} {} {}", converted.amount, converted.rate, converted.date, converted.source);
    }
    Ok(())
}
