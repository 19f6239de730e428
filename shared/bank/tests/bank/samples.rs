//! Orders for the tests. Their account numbers are those of examples in public documents.

use jiff::Timestamp;
use jiff::civil::date;
use outlay_bank::{AchOriginator, CreditTransfer, CreditorAddress, Debtor, OrderReference, PaymentOrder};
use outlay_domain::money::{Currency, Money};
use outlay_domain::payout::{AccountNumber, PayoutAccount};

/// IBANs of the registry's examples (SWIFT), of SEPA countries.
pub const SEPA_IBANS: [&str; 5] = [
    "DE89370400440532013000",
    "FR1420041010050500013M02606",
    "NL91ABNA0417164300",
    "AT611904300234573201",
    "ES9121000418450200051332",
];
/// IBAN of a country outside SEPA.
pub const OTHER_IBAN: &str = "SA0380000000608010167519";

pub fn money(minor: i64, code: &str) -> Money {
    Money::from_minor(minor, Currency::stored(code).unwrap())
}

pub fn reference(text: &str) -> OrderReference {
    text.parse().unwrap()
}

pub fn iban_account(holder: &str, iban: &str) -> PayoutAccount {
    PayoutAccount::new(holder.parse().unwrap(), AccountNumber::iban(iban).unwrap())
}

pub fn us_account(holder: &str, routing_number: &str, account_number: &str) -> PayoutAccount {
    let number = AccountNumber::us(routing_number, account_number).unwrap();
    PayoutAccount::new(holder.parse().unwrap(), number)
}

pub fn payment(id: &str, account: PayoutAccount, amount: Money) -> CreditTransfer {
    CreditTransfer {
        end_to_end_id: reference(id),
        account,
        amount,
        remittance: format!("Expenses {id}"),
        address: None,
    }
}

fn order(debtor: Debtor, payments: Vec<CreditTransfer>) -> PaymentOrder {
    PaymentOrder {
        message_id: reference("BAT01JD8H3Q5VFX8R9K2M7N4P6S0T"),
        created_at: "2026-11-30T09:15:42.123Z".parse::<Timestamp>().unwrap(),
        execution_date: date(2026, 12, 1),
        debtor,
        is_batch_booked: true,
        payments,
    }
}

/// Order of a debtor with an IBAN.
pub fn iban_order(payments: Vec<CreditTransfer>) -> PaymentOrder {
    let debtor = Debtor {
        name: "Müller & Söhne Großhandel GmbH".to_owned(),
        account: AccountNumber::iban("DE75512108001245126199").unwrap(),
        bank: Some("SOGEDEFFXXX".parse().unwrap()),
        ach: None,
    };
    order(debtor, payments)
}

/// Order of a debtor with a US account.
pub fn us_order(payments: Vec<CreditTransfer>) -> PaymentOrder {
    let debtor = Debtor {
        name: "Acme Trading, Inc.".to_owned(),
        account: AccountNumber::us("021000021", "9876543210").unwrap(),
        bank: None,
        ach: Some(AchOriginator {
            company_id: "1123456789".parse().unwrap(),
            bank_name: "JPMorgan Chase Bank".to_owned(),
        }),
    };
    order(debtor, payments)
}

/// Payments in every script, currency and kind of account.
pub fn mixed_payments() -> Vec<CreditTransfer> {
    let mut payments = vec![
        payment("PAY0001", iban_account("Jörg Weiß", SEPA_IBANS[0]), money(12_345, "EUR")),
        payment("PAY0002", iban_account("Élodie Gagné", SEPA_IBANS[1]), money(1, "EUR")),
        payment("PAY0003", iban_account("Ελένη Παπαδοπούλου", SEPA_IBANS[2]), money(99_999_999_999, "EUR")),
        payment("PAY0004", iban_account("Иван Жуков", SEPA_IBANS[3]), money(50_000, "EUR")),
        payment("PAY0005", iban_account("محمد علي", OTHER_IBAN), money(75_000, "EUR")),
        payment("PAY0006", iban_account("山田太郎", SEPA_IBANS[4]), money(15_000, "JPY")),
        payment("PAY0007", iban_account("Łukasz <Nowak>", SEPA_IBANS[0]), money(1_234, "KWD")),
        payment("PAY0008", us_account("Jane O'Neil", "121000358", "001234567"), money(8_050, "USD")),
    ];
    payments[0].remittance = String::from("Reise nach Köln & zurück; Beleg #12 \"Taxi\" – danke 👍");
    payments[1].remittance = "x".repeat(300);
    payments[2].remittance = String::new();
    payments[4].address = Some(CreditorAddress {
        street: Some("King Fahd Road".to_owned()),
        building_number: Some("12".to_owned()),
        postal_code: Some("11564".to_owned()),
        town: "Riyadh".to_owned(),
        country: "SA".parse().unwrap(),
    });
    payments
}

/// SEPA payments only.
pub fn sepa_payments() -> Vec<CreditTransfer> {
    let names = ["Jörg Weiß", "Élodie Gagné", "Jan de Vries", "Łukasz Gruber", "María Núñez"];
    let amounts = [12_345, 1, 250_000, 999, 4_210];
    let rows = names.into_iter().zip(SEPA_IBANS).zip(amounts).zip(1..);
    rows.map(|(((name, iban), minor), at)| {
        payment(&format!("SEPA000{at}"), iban_account(name, iban), money(minor, "EUR"))
    })
    .collect()
}

/// Payments to US accounts.
pub fn us_payments() -> Vec<CreditTransfer> {
    let mut payments = vec![
        payment(
            "pay-01jd8h3q5vfx8r9k2m7n4p6s0a",
            us_account("Jane O'Neil", "121000358", "001234567"),
            money(8_050, "USD"),
        ),
        payment(
            "pay-01jd8h3q5vfx8r9k2m7n4p6s0b",
            us_account("José Muñoz-Hernández y Castellanos", "021000021", "4567"),
            money(1, "USD"),
        ),
        payment("PAY3", us_account("Zoë Kravitz", "122105155", "12345678901234567"), money(9_999_999_999, "USD")),
        payment("PAY4", us_account("Ann Lee", "091000019", "555666777"), money(120_000, "USD")),
        payment("PAY5", us_account("Bo Li", "322271627", "88990011"), money(4_500, "USD")),
    ];
    payments[3].remittance = String::new();
    payments
}
