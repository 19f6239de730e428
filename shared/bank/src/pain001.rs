//! pain.001.001.09, customer credit transfer initiation (ISO 20022, version of 2019).

use std::collections::BTreeMap;
use std::io::Write;

use outlay_domain::money::{Currency, Money};
use outlay_domain::payout::{AccountNumber, PlainNumber};
use outlay_domain::text::BankIdentifier;

use crate::error::PaymentFileError;
use crate::order::{CreditTransfer, CreditorAddress, PaymentOrder};
use crate::text::to_bank_text;

/// Namespace, which names the version.
const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";
/// Largest number of characters of a name (EPC132-08; the schema allows 140).
const MAX_NAME: usize = 70;
/// Largest number of characters of an unstructured remittance text (`Max140Text`).
const MAX_REMITTANCE: usize = 140;
/// Largest number of characters of a street (`Max70Text`), and in SEPA too.
const MAX_STREET: usize = 70;
/// Largest number of characters of a building number and a postal code (`Max16Text`).
const MAX_SHORT: usize = 16;
/// Largest number of characters of a town (`Max35Text`).
const MAX_TOWN: usize = 35;
/// Largest amount of a SEPA payment, in cents (EPC132-08, AT-T002).
const MAX_SEPA_MINOR: i64 = 99_999_999_999;
/// Digits of a control sum (`DecimalNumber`, 18 digits), as the first number that has more.
const CONTROL_SUM_END: i128 = 1_000_000_000_000_000_000;
/// Most decimals of any currency in the history of ISO 4217.
const MAX_DECIMALS: u32 = 4;
/// Characters of the message identifier that the identifier of a group repeats; its suffix has at most five.
const MAX_ID_STEM: usize = 30;
/// Countries of the SEPA schemes by the first letters of their IBANs (EPC409-09).
const SEPA_COUNTRIES: &str = "\
    AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE SI SK \
    SM VA";

/// Group of payments in a file, with one currency and one service level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentInformation {
    /// Identifier of the group, which answers repeat: [`payment_information_id`].
    pub id: String,
    /// Currency of all its payments.
    pub currency: Currency,
    /// `true` for SEPA credit transfers.
    pub is_sepa: bool,
    /// Number of payments.
    pub payments: usize,
    /// Sum of the payments.
    pub total: Money,
}

/// Identifier of the group that a payment of the order is in: the first 30 characters of the message identifier, and
/// `-SEPA` or the currency, such as `-USD`.
#[must_use]
pub fn payment_information_id(order: &PaymentOrder, payment: &CreditTransfer) -> String {
    group_id(order, payment.amount.currency(), is_sepa(order, payment))
}

fn group_id(order: &PaymentOrder, currency: Currency, is_sepa: bool) -> String {
    let stem = order.message_id.as_str();
    let stem = stem.get(..MAX_ID_STEM).unwrap_or(stem);
    if is_sepa { format!("{stem}-SEPA") } else { format!("{stem}-{currency}") }
}

/// True for euro from one account of a SEPA country to another. Everything else is sent with shared charges.
fn is_sepa(order: &PaymentOrder, payment: &CreditTransfer) -> bool {
    payment.amount.currency().code() == "EUR"
        && is_sepa_account(&order.debtor.account)
        && is_sepa_account(payment.account.number())
}

fn is_sepa_account(number: &AccountNumber) -> bool {
    match number.reveal() {
        PlainNumber::Iban(iban) => SEPA_COUNTRIES.split(' ').any(|country| iban.starts_with(country)),
        PlainNumber::Us { .. } => false,
    }
}

/// Writes the order as pain.001.001.09 in UTF-8: one group (`PmtInf`) per currency and service level, SEPA first within
/// a currency. Texts are transliterated by [`to_bank_text`], names cut to 70 and remittance texts to 140 characters.
/// Addresses are structured. Returns the groups in the order of the file.
///
/// # Errors
/// [`PaymentFileError`]
pub fn write_pain001(order: &PaymentOrder, out: &mut impl Write) -> Result<Vec<PaymentInformation>, PaymentFileError> {
    order.check()?;
    let groups = group(order)?;
    let control_sum = control_sum(groups.iter().map(|group| group.total))?;
    let debtor_name = to_bank_text(&order.debtor.name, MAX_NAME);
    if debtor_name.is_empty() {
        return Err(PaymentFileError::DebtorName);
    }
    for payment in &order.payments {
        check_texts(payment)?;
    }
    let mut xml = XmlWriter { out };
    xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
    xml.raw(&format!("<Document xmlns=\"{NAMESPACE}\">\n<CstmrCdtTrfInitn>\n"))?;
    xml.open("GrpHdr")?;
    xml.text("MsgId", order.message_id.as_str())?;
    xml.text("CreDtTm", &order.created_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())?;
    xml.text("NbOfTxs", &order.payments.len().to_string())?;
    xml.text("CtrlSum", &control_sum)?;
    xml.open("InitgPty")?;
    xml.text("Nm", &debtor_name)?;
    xml.close_all(&["InitgPty", "GrpHdr"])?;
    xml.raw("\n")?;
    for information in &groups {
        write_group(&mut xml, order, information, &debtor_name)?;
    }
    xml.raw("</CstmrCdtTrfInitn>\n</Document>\n")?;
    Ok(groups)
}

fn group(order: &PaymentOrder) -> Result<Vec<PaymentInformation>, PaymentFileError> {
    let mut groups: BTreeMap<(Currency, bool), PaymentInformation> = BTreeMap::new();
    for payment in &order.payments {
        let (currency, is_sepa) = (payment.amount.currency(), is_sepa(order, payment));
        if is_sepa && payment.amount.minor() > MAX_SEPA_MINOR {
            return Err(PaymentFileError::AmountTooLarge(payment.end_to_end_id.clone()));
        }
        // SEPA sorts before the rest of the euro.
        let group = groups.entry((currency, !is_sepa)).or_insert_with(|| PaymentInformation {
            id: group_id(order, currency, is_sepa),
            currency,
            is_sepa,
            payments: 0,
            total: Money::zero(currency),
        });
        group.payments = group.payments.saturating_add(1);
        group.total = group.total.plus(payment.amount).map_err(|_| PaymentFileError::SumTooLarge)?;
    }
    Ok(groups.into_values().collect())
}

/// Sum of amounts whatever their currencies are, with as many decimals as the currency with the most (ISO 20022: "total
/// of all individual amounts included in the message, irrespective of currencies").
fn control_sum(amounts: impl Iterator<Item = Money>) -> Result<String, PaymentFileError> {
    let (mut sum, mut decimals) = (0_i128, 0);
    for amount in amounts {
        let exponent = amount.currency().exponent();
        let missing = MAX_DECIMALS.checked_sub(exponent).ok_or(PaymentFileError::SumTooLarge)?;
        let scaled = 10_i128.checked_pow(missing).and_then(|factor| factor.checked_mul(i128::from(amount.minor())));
        sum = scaled.and_then(|scaled| sum.checked_add(scaled)).ok_or(PaymentFileError::SumTooLarge)?;
        decimals = decimals.max(exponent);
    }
    let too_large = PaymentFileError::SumTooLarge;
    let unused = MAX_DECIMALS.checked_sub(decimals).and_then(|unused| 10_i128.checked_pow(unused));
    let Some(digits) = unused.and_then(|unused| sum.checked_div(unused)).filter(|sum| *sum < CONTROL_SUM_END) else {
        return Err(too_large);
    };
    let unit = 10_i128.checked_pow(decimals).ok_or(PaymentFileError::SumTooLarge)?;
    let (whole, rest) = (digits.checked_div(unit), digits.checked_rem(unit));
    let (Some(whole), Some(rest)) = (whole, rest) else { return Err(too_large) };
    let width = usize::try_from(decimals).unwrap_or(0);
    Ok(if decimals == 0 { whole.to_string() } else { format!("{whole}.{rest:0width$}") })
}

/// Checks that the texts that a payment needs have characters that can be written.
fn check_texts(payment: &CreditTransfer) -> Result<(), PaymentFileError> {
    if to_bank_text(payment.account.holder(), MAX_NAME).is_empty() {
        return Err(PaymentFileError::CreditorName(payment.end_to_end_id.clone()));
    }
    match &payment.address {
        Some(address) if to_bank_text(&address.town, MAX_TOWN).is_empty() => {
            Err(PaymentFileError::Town(payment.end_to_end_id.clone()))
        }
        _ => Ok(()),
    }
}

fn write_group<W: Write>(
    xml: &mut XmlWriter<'_, W>,
    order: &PaymentOrder,
    group: &PaymentInformation,
    debtor_name: &str,
) -> Result<(), PaymentFileError> {
    xml.open("PmtInf")?;
    xml.text("PmtInfId", &group.id)?;
    xml.text("PmtMtd", "TRF")?;
    xml.text("BtchBookg", if order.is_batch_booked { "true" } else { "false" })?;
    xml.text("NbOfTxs", &group.payments.to_string())?;
    xml.text("CtrlSum", &group.total.amount())?;
    if group.is_sepa {
        xml.raw("<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf>")?;
    }
    xml.open("ReqdExctnDt")?;
    xml.text("Dt", &order.execution_date.to_string())?;
    xml.close_all(&["ReqdExctnDt"])?;
    xml.open("Dbtr")?;
    xml.text("Nm", debtor_name)?;
    xml.close_all(&["Dbtr"])?;
    write_account(xml, "DbtrAcct", &order.debtor.account)?;
    write_agent(xml, "DbtrAgt", &order.debtor.account, order.debtor.bank.as_ref())?;
    xml.text("ChrgBr", if group.is_sepa { "SLEV" } else { "SHAR" })?;
    xml.raw("\n")?;
    let is_member = |payment: &&CreditTransfer| {
        payment.amount.currency() == group.currency && is_sepa(order, payment) == group.is_sepa
    };
    for payment in order.payments.iter().filter(is_member) {
        write_payment(xml, payment)?;
    }
    xml.close_all(&["PmtInf"])?;
    xml.raw("\n")
}

fn write_payment<W: Write>(xml: &mut XmlWriter<'_, W>, payment: &CreditTransfer) -> Result<(), PaymentFileError> {
    xml.open("CdtTrfTxInf")?;
    xml.open("PmtId")?;
    xml.text("EndToEndId", payment.end_to_end_id.as_str())?;
    xml.close_all(&["PmtId"])?;
    let (amount, currency) = (payment.amount.amount(), payment.amount.currency());
    xml.raw(&format!("<Amt><InstdAmt Ccy=\"{currency}\">{amount}</InstdAmt></Amt>"))?;
    if let PlainNumber::Us { .. } = payment.account.number().reveal() {
        write_agent(xml, "CdtrAgt", payment.account.number(), None)?;
    }
    xml.open("Cdtr")?;
    xml.text("Nm", &to_bank_text(payment.account.holder(), MAX_NAME))?;
    if let Some(address) = &payment.address {
        write_address(xml, address)?;
    }
    xml.close_all(&["Cdtr"])?;
    write_account(xml, "CdtrAcct", payment.account.number())?;
    let remittance = to_bank_text(&payment.remittance, MAX_REMITTANCE);
    if !remittance.is_empty() {
        xml.open("RmtInf")?;
        xml.text("Ustrd", &remittance)?;
        xml.close_all(&["RmtInf"])?;
    }
    xml.close_all(&["CdtTrfTxInf"])?;
    xml.raw("\n")
}

fn write_address<W: Write>(xml: &mut XmlWriter<'_, W>, address: &CreditorAddress) -> Result<(), PaymentFileError> {
    xml.open("PstlAdr")?;
    for (name, value, limit) in [
        ("StrtNm", &address.street, MAX_STREET),
        ("BldgNb", &address.building_number, MAX_SHORT),
        ("PstCd", &address.postal_code, MAX_SHORT),
    ] {
        let value = to_bank_text(value.as_deref().unwrap_or_default(), limit);
        if !value.is_empty() {
            xml.text(name, &value)?;
        }
    }
    xml.text("TwnNm", &to_bank_text(&address.town, MAX_TOWN))?;
    xml.text("Ctry", &address.country)?;
    xml.close_all(&["PstlAdr"])
}

fn write_account<W: Write>(
    xml: &mut XmlWriter<'_, W>,
    name: &str,
    number: &AccountNumber,
) -> Result<(), PaymentFileError> {
    match number.reveal() {
        PlainNumber::Iban(iban) => xml.raw(&format!("<{name}><Id><IBAN>{iban}</IBAN></Id></{name}>")),
        PlainNumber::Us { account_number, .. } => {
            xml.raw(&format!("<{name}><Id><Othr><Id>{account_number}</Id></Othr></Id></{name}>"))
        }
    }
}

/// Writes a bank: a US bank by its routing number, another by its BIC or as `NOTPROVIDED`.
fn write_agent<W: Write>(
    xml: &mut XmlWriter<'_, W>,
    name: &str,
    number: &AccountNumber,
    bank: Option<&BankIdentifier>,
) -> Result<(), PaymentFileError> {
    let identification = match (number.reveal(), bank) {
        // USABA: routing numbers of the American Bankers Association (external code set of clearing systems).
        (PlainNumber::Us { routing_number, .. }, _) => {
            format!("<ClrSysMmbId><ClrSysId><Cd>USABA</Cd></ClrSysId><MmbId>{routing_number}</MmbId></ClrSysMmbId>")
        }
        (PlainNumber::Iban(_), Some(bank)) => format!("<BICFI>{}</BICFI>", bank.as_str()),
        (PlainNumber::Iban(_), None) => "<Othr><Id>NOTPROVIDED</Id></Othr>".to_owned(),
    };
    xml.raw(&format!("<{name}><FinInstnId>{identification}</FinInstnId></{name}>"))
}

/// Writes elements piece by piece. Every value is in the character set of payments, which has nothing that XML escapes.
struct XmlWriter<'a, W> {
    out: &'a mut W,
}

impl<W: Write> XmlWriter<'_, W> {
    fn raw(&mut self, text: &str) -> Result<(), PaymentFileError> {
        Ok(self.out.write_all(text.as_bytes())?)
    }

    fn open(&mut self, name: &str) -> Result<(), PaymentFileError> {
        Ok(write!(self.out, "<{name}>")?)
    }

    fn text(&mut self, name: &str, value: &str) -> Result<(), PaymentFileError> {
        Ok(write!(self.out, "<{name}>{value}</{name}>")?)
    }

    fn close_all(&mut self, names: &[&str]) -> Result<(), PaymentFileError> {
        names.iter().try_for_each(|name| Ok(write!(self.out, "</{name}>")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::from_minor(minor, Currency::stored(code).unwrap())
    }

    fn stored(amount: &str, currency: &str) -> Money {
        serde_json::from_str(&format!("{{\"amount\":\"{amount}\",\"currency\":\"{currency}\"}}")).unwrap()
    }

    #[test]
    fn control_sum_has_decimals_of_the_finest_currency() {
        for (amounts, expected) in [
            (vec![money(1000, "JPY")], "1000"),
            (vec![money(1, "EUR"), money(5, "EUR")], "0.06"),
            (vec![money(1000, "JPY"), money(1050, "EUR"), money(1, "KWD")], "1010.501"),
            // Only stored amounts have four decimals: no currency in use has.
            (vec![money(1, "KWD"), stored("0.0001", "CLF")], "0.0011"),
            (vec![money(999_999_999_999_999_999, "EUR")], "9999999999999999.99"),
        ] {
            assert_eq!(control_sum(amounts.into_iter()).unwrap(), expected);
        }
        let too_large = [money(999_999_999_999_999_999, "EUR"), money(1, "EUR")];
        assert!(matches!(control_sum(too_large.into_iter()), Err(PaymentFileError::SumTooLarge)));
    }

    proptest! {
        #[test]
        fn control_sum_equals_sum_of_minor_units(
            amounts in prop::collection::vec(
                (1_i64..1_000_000_000_000, prop::sample::select(vec!["JPY", "EUR", "KWD"])),
                1..50,
            ),
        ) {
            let printed = control_sum(amounts.iter().map(|(minor, code)| money(*minor, code))).unwrap();
            // Thousandths, computed by another way: from the text of each amount.
            let thousandths = |text: &str| {
                let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
                format!("{whole}{decimals:0<3}").parse::<i128>().unwrap()
            };
            let sum: i128 = amounts.iter().map(|(minor, code)| thousandths(&money(*minor, code).amount())).sum();
            prop_assert_eq!(thousandths(&printed), sum);
        }
    }
}
