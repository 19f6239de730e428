//! Columns of a posting batch, version 13: names in order, and which of them are text.

/// Number of columns.
pub(super) const COLUMN_COUNT: usize = 125;

const BEFORE_INFO: &str = "\
    Umsatz (ohne Soll/Haben-Kz);Soll/Haben-Kennzeichen;WKZ Umsatz;Kurs;Basis-Umsatz;WKZ Basis-Umsatz;Konto;\
    Gegenkonto (ohne BU-Schlüssel);BU-Schlüssel;Belegdatum;Belegfeld 1;Belegfeld 2;Skonto;Buchungstext;Postensperre;\
    Diverse Adressnummer;Geschäftspartnerbank;Sachverhalt;Zinssperre;Beleglink";
const BETWEEN_INFO: &str = "\
    KOST1 - Kostenstelle;KOST2 - Kostenstelle;Kost-Menge;EU-Land u. UStID (Bestimmung);EU-Steuersatz (Bestimmung);\
    Abw. Versteuerungsart;Sachverhalt L+L;Funktionsergänzung L+L;BU 49 Hauptfunktionstyp;BU 49 Hauptfunktionsnummer;\
    BU 49 Funktionsergänzung";
const AFTER_INFO: &str = "\
    Stück;Gewicht;Zahlweise;Forderungsart;Veranlagungsjahr;Zugeordnete Fälligkeit;Skontotyp;Auftragsnummer;Buchungstyp;\
    USt-Schlüssel (Anzahlungen);EU-Land (Anzahlungen);Sachverhalt L+L (Anzahlungen);EU-Steuersatz (Anzahlungen);\
    Erlöskonto (Anzahlungen);Herkunft-Kz;Buchungs GUID;KOST-Datum;SEPA-Mandatsreferenz;Skontosperre;Gesellschaftername;\
    Beteiligtennummer;Identifikationsnummer;Zeichnernummer;Postensperre bis;Bezeichnung SoBil-Sachverhalt;\
    Kennzeichen SoBil-Buchung;Festschreibung;Leistungsdatum;Datum Zuord. Steuerperiode;Fälligkeit;Generalumkehr (GU);\
    Steuersatz;Land;Abrechnungsreferenz;BVV-Position;EU-Land u. UStID (Ursprung);EU-Steuersatz (Ursprung);\
    Abw. Skontokonto";

/// Names of the columns. Document info has eight pairs, additional info twenty.
pub(super) fn column_names() -> Vec<String> {
    let listed = |names: &str| names.split(';').map(str::to_owned).collect::<Vec<_>>();
    let document = (1..=8).flat_map(|at| [format!("Beleginfo - Art {at}"), format!("Beleginfo - Inhalt {at}")]);
    let additional =
        (1..=20).flat_map(|at| [format!("Zusatzinformation - Art {at}"), format!("Zusatzinformation- Inhalt {at}")]);
    let mut names = listed(BEFORE_INFO);
    names.extend(document);
    names.extend(listed(BETWEEN_INFO));
    names.extend(additional);
    names.extend(listed(AFTER_INFO));
    names
}

/// True for a column, counted from 1, whose values are in quotes even when they are empty.
pub(super) const fn is_text(number: usize) -> bool {
    matches!(
        number,
        2 | 3 | 6 | 9 | 11 | 12 | 14 | 16 | 20..=38 | 40 | 42 | 48..=87 | 91 | 95 | 96 | 98 | 102 | 103 | 105 | 107 | 109
            | 110 | 112 | 118 | 120 | 121 | 123
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_their_positions() {
        let names = column_names();
        assert_eq!(names.len(), COLUMN_COUNT);
        let at = [1, 7, 8, 9, 10, 11, 14, 37, 38, 48, 49, 88, 114, 125].map(|number: usize| names[number - 1].as_str());
        let expected = [
            "Umsatz (ohne Soll/Haben-Kz)",
            "Konto",
            "Gegenkonto (ohne BU-Schlüssel)",
            "BU-Schlüssel",
            "Belegdatum",
            "Belegfeld 1",
            "Buchungstext",
            "KOST1 - Kostenstelle",
            "KOST2 - Kostenstelle",
            "Zusatzinformation - Art 1",
            "Zusatzinformation- Inhalt 1",
            "Stück",
            "Festschreibung",
            "Abw. Skontokonto",
        ];
        assert_eq!(at, expected);
    }
}
