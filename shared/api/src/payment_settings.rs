//! Settings for payments over the API. Account numbers are never returned in clear.

use outlay_domain::payment_settings::{IbanDebtor, PaymentSettings, UsDebtor};
use outlay_domain::payout::{AccountNumber, is_account_number, is_routing_number};
use outlay_http::endpoint::Input;
use outlay_input::FieldErrors;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Settings for payments to store: an account with an IBAN, an account in the United States, or both.
#[derive(Deserialize, Validate, ToSchema)]
#[schema(as = PaymentSettingsInput)]
#[serde(deny_unknown_fields)]
pub struct PaymentSettingsIn {
    /// Name of the organisation, as its bank knows it; 1 to 200 characters.
    #[schema(example = "Acme GmbH")]
    debtor_name: String,
    /// IBAN that pain.001 files debit, in any case; blanks and hyphens are dropped.
    #[schema(example = "DE89 3704 0044 0532 0130 00")]
    iban: Option<String>,
    /// BIC of its bank. Banks find it by the IBAN when it is absent.
    #[schema(example = "COBADEFFXXX")]
    bic: Option<String>,
    /// Account at a bank in the United States, which NACHA files debit.
    us: Option<UsDebtorIn>,
    /// True, the default, when the bank books one debit per file and currency; false when it books each payment.
    batch_booking: Option<bool>,
}

/// Account at a bank in the United States, with the agreement on ACH files.
#[derive(Deserialize, Validate, ToSchema)]
#[schema(as = UsDebtorInput)]
#[serde(deny_unknown_fields)]
struct UsDebtorIn {
    /// Routing number; nine digits. Blanks and hyphens are dropped.
    #[schema(example = "021000021")]
    routing_number: String,
    /// Account number; 4 to 17 digits. Blanks and hyphens are dropped.
    #[schema(example = "123456789")]
    account_number: String,
    /// Company ID that the bank has assigned; 10 letters and digits.
    #[schema(example = "1123456789")]
    company_id: String,
    /// Name of the bank; 1 to 200 characters.
    bank_name: String,
}

impl UsDebtorIn {
    fn check(self, errors: &mut FieldErrors) -> Option<UsDebtor> {
        // The sentences must not repeat what was sent.
        if !is_routing_number(&self.routing_number) {
            let detail = "Must be a routing number: nine digits, the last of which checks the others.";
            errors.push("routing_number", "routing-number", detail);
        }
        if !is_account_number(&self.account_number) {
            errors.push("account_number", "account-number", "Must be 4 to 17 digits.");
        }
        let (company_id, bank_name) =
            (errors.parse("company_id", self.company_id), errors.parse("bank_name", self.bank_name));
        let account = AccountNumber::us(&self.routing_number, &self.account_number);
        Some(UsDebtor { account: account?, company_id: company_id?, bank_name: bank_name? })
    }
}

impl Input for PaymentSettingsIn {
    type Checked = PaymentSettings;

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<PaymentSettings> {
        let debtor_name = errors.parse("debtor_name", self.debtor_name);
        let account = self.iban.as_deref().map(AccountNumber::iban);
        if let Some(Err(error)) = &account {
            errors.push("iban", "iban", error.to_string());
        }
        let bank = errors.parse_optional("bic", self.bic);
        let us = match self.us {
            Some(us) => errors.within("us", |errors| us.check(errors)).map(Some),
            None => Some(None),
        };
        let iban = match account {
            Some(account) => account.ok().zip(bank).map(|(account, bank)| Some(IbanDebtor { account, bank })),
            None if bank.is_some_and(|bank| bank.is_some()) => {
                errors.push("bic", "one-kind", "Must be given with an IBAN only.");
                None
            }
            None => Some(None),
        };
        if matches!((&iban, &us), (Some(None), Some(None))) {
            errors.push("iban", "required", "Is required, unless us is given.");
        }
        let is_batch_booked = self.batch_booking.unwrap_or(true);
        Some(PaymentSettings { debtor_name: debtor_name?, iban: iban?, us: us?, is_batch_booked })
    }
}

/// Settings for payments. Account numbers are masked.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PaymentSettings)]
pub struct PaymentSettingsOut {
    /// Name of the organisation, as its bank knows it.
    pub debtor_name: String,
    /// IBAN, masked; null when there is none.
    #[schema(example = "DE•• •••• 3000")]
    pub iban: Option<String>,
    /// BIC of its bank.
    pub bic: Option<String>,
    /// Account at a bank in the United States; null when there is none.
    pub us: Option<UsDebtorOut>,
    /// True when the bank books one debit per file and currency.
    pub batch_booking: bool,
}

/// Account at a bank in the United States.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = UsDebtor)]
pub struct UsDebtorOut {
    /// Masked account number.
    #[schema(example = "•••• 6789")]
    pub masked: String,
    /// Company ID that the bank has assigned.
    pub company_id: String,
    /// Name of the bank.
    pub bank_name: String,
}

impl From<&PaymentSettings> for PaymentSettingsOut {
    fn from(settings: &PaymentSettings) -> Self {
        let us = |us: &UsDebtor| UsDebtorOut {
            masked: us.account.masked(),
            company_id: us.company_id.to_string(),
            bank_name: us.bank_name.to_string(),
        };
        let bank = settings.iban.as_ref().and_then(|iban| iban.bank.as_ref());
        Self {
            debtor_name: settings.debtor_name.to_string(),
            iban: settings.iban.as_ref().map(|iban| iban.account.masked()),
            bic: bank.map(ToString::to_string),
            us: settings.us.as_ref().map(us),
            batch_booking: settings.is_batch_booked,
        }
    }
}
