//! Text that a payment shows to its payee: the numbers of its reports, and the name of the organisation.

use outlay_bank::to_bank_text;

/// Largest number of characters of the text (pain.001, `Ustrd`).
const MAX_REMITTANCE: usize = 140;
/// Largest number of characters of the organisation's name in it.
const MAX_NAME: usize = 60;
/// Characters that are kept for the number of reports that are not named, such as ` +9999`.
const COUNT_LENGTH: usize = 6;

/// Most report numbers that a text has room for.
pub(crate) const MAX_NUMBERS: usize = 20;

/// Text for the payee, such as `R-1042, R-1043 +3 Acme GmbH`: at most 140 characters of the character set of banks.
/// `numbers` are those of the first reports, `reports` counts all.
pub(crate) fn remittance_text(organisation: &str, numbers: &[String], reports: usize) -> String {
    let name = to_bank_text(organisation, MAX_NAME);
    let room = MAX_REMITTANCE.saturating_sub(name.len()).saturating_sub(1);
    let (mut text, mut named) = (String::new(), 0_usize);
    for number in numbers.iter().take(MAX_NUMBERS).map(|number| to_bank_text(number, MAX_REMITTANCE)) {
        let separator = if text.is_empty() { "" } else { ", " };
        let is_last = named.saturating_add(1) >= reports;
        let reserved = if is_last { 0 } else { COUNT_LENGTH };
        let length = text.len().saturating_add(separator.len()).saturating_add(number.len());
        if length.saturating_add(reserved) > room {
            break;
        }
        text.push_str(separator);
        text.push_str(&number);
        named = named.saturating_add(1);
    }
    let others = reports.saturating_sub(named);
    if others > 0 {
        let separator = if text.is_empty() { "" } else { " " };
        text = format!("{text}{separator}+{others}");
    }
    to_bank_text(&format!("{text} {name}"), MAX_REMITTANCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Vec<String> {
        (1..=count).map(|number| format!("R-2026-{number:05}")).collect()
    }

    #[test]
    fn text_names_reports_and_organisation() {
        assert_eq!(remittance_text("Müller & Söhne", &numbers(2), 2), "R-2026-00001, R-2026-00002 Mueller + Soehne");
        assert_eq!(remittance_text("Acme", &numbers(1), 4), "R-2026-00001 +3 Acme");
        assert_eq!(remittance_text("Acme", &[], 2), "+2 Acme");
    }

    #[test]
    fn text_counts_what_has_no_room() {
        for (name, reports) in [("Acme", 9), ("Acme", 10), ("Acme", 11), (&*"x".repeat(200), 10_000)] {
            let text = remittance_text(name, &numbers(MAX_NUMBERS), reports);
            assert!(text.len() <= MAX_REMITTANCE, "{text}");
            let named = text.matches("R-2026-").count();
            let counted = text.split_once('+').map_or(0, |(_, rest)| rest.split(' ').next().unwrap().parse().unwrap());
            assert!(named > 0, "{text}");
            assert_eq!(named + counted, reports, "{text}");
            assert!(text.ends_with(&name[..name.len().min(60)]), "{text}");
        }
    }
}
