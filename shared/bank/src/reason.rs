//! Reason codes of ISO 20022 in words.

/// Reasons of rejections and returns (external code sets `ExternalStatusReason1Code` and `ExternalReturnReason1Code`),
/// sorted by code.
const REASONS: &[(&str, &str)] = &[
    ("AB05", "The payment timed out at the bank of the creditor."),
    ("AB06", "The payment timed out at an instructed bank."),
    ("AB08", "The bank of the creditor is not online."),
    ("AC01", "The account number is wrong."),
    ("AC02", "The account number of the debtor is wrong."),
    ("AC03", "The account number of the creditor is wrong."),
    ("AC04", "The account is closed."),
    ("AC05", "The account of the debtor is closed."),
    ("AC06", "The account is blocked."),
    ("AC07", "The account of the creditor is closed."),
    ("AC13", "The account of the debtor is of the wrong kind."),
    ("AC14", "The account of the creditor is of the wrong kind."),
    ("AG01", "Credit transfers are not allowed on this account."),
    ("AG02", "The operation code of the bank is invalid."),
    ("AG03", "The bank does not support this kind of payment."),
    ("AG09", "The original payment was never received."),
    ("AG10", "A bank is suspended from the payment system."),
    ("AM01", "The amount is zero."),
    ("AM02", "The amount is above the maximum."),
    ("AM03", "The currency is not supported."),
    ("AM04", "The account has insufficient funds."),
    ("AM05", "The payment was sent twice."),
    ("AM06", "The amount is below the minimum."),
    ("AM07", "The amount is blocked by an authority."),
    ("AM09", "The amount is not the agreed or expected one."),
    ("AM10", "The sum of the payments differs from the control sum."),
    ("AM11", "The currency is invalid."),
    ("AM12", "The amount is invalid."),
    ("AM13", "The amount is above the limit of the clearing system."),
    ("AM14", "The amount is above the limit agreed with the bank."),
    ("AM16", "The control sum of the file is wrong."),
    ("AM17", "The control sum of a group of payments is wrong."),
    ("AM18", "The number of payments is wrong."),
    ("AM19", "The number of payments of the file is wrong."),
    ("AM20", "The number of payments of a group is wrong."),
    ("AM21", "The amount is above the limit agreed with the customer."),
    ("AM23", "The amount is above the settlement limit."),
    ("BE01", "The name does not match the account number."),
    ("BE04", "The address of the creditor is missing or incomplete."),
    ("BE05", "The creditor or the initiating party is not known."),
    ("BE06", "The customer is not known or no longer exists at this bank."),
    ("BE07", "The address of the debtor is missing or incomplete."),
    ("BE10", "The country of the debtor is invalid."),
    ("BE11", "The country of the creditor is invalid."),
    ("BE22", "The name of the creditor is missing."),
    ("CH03", "The execution date is too far in the future."),
    ("CH20", "The amount has more decimals than the currency."),
    ("CNOR", "The bank of the creditor is not registered with the clearing system."),
    ("CURR", "The currency of the payment is wrong."),
    ("CUST", "The customer asked for it."),
    ("DNOR", "The bank of the debtor is not registered with the clearing system."),
    ("DT01", "The date is invalid."),
    ("DT06", "The bank changed the execution date."),
    ("DU01", "The message identifier was used before."),
    ("DU02", "The identifier of a group of payments was used before."),
    ("DU03", "The transaction identifier was used before."),
    ("DU04", "The end-to-end identifier was used before."),
    ("DU05", "The instruction identifier was used before."),
    ("DUPL", "The payment was sent twice."),
    ("ED01", "Payments through a correspondent bank are not possible."),
    ("ED03", "The balance of the account was requested."),
    ("ED05", "The settlement failed."),
    ("ED06", "The settlement system is not available."),
    ("ERIN", "Extended remittance information is not supported."),
    ("FF01", "The file or the kind of payment has a wrong format."),
    ("FF03", "The kind of payment is missing or invalid."),
    ("FF04", "The service level is missing or invalid."),
    ("FF05", "The local instrument is missing or invalid."),
    ("FF06", "The category purpose is missing or invalid."),
    ("FF07", "The purpose is missing or invalid."),
    ("FF08", "The end-to-end identifier is missing or invalid."),
    ("FF10", "A technical problem at the bank prevented the payment."),
    ("FOCR", "The payment was returned after a request to cancel it."),
    ("FR01", "The payment was returned because of fraud."),
    ("MD01", "There is no mandate."),
    ("MD02", "Information on the mandate is missing or wrong."),
    ("MD05", "The payment was not due or not agreed."),
    ("MD06", "The customer asked for the money back."),
    ("MD07", "The account holder has died."),
    ("MS02", "The creditor refused the payment without a reason."),
    ("MS03", "The bank did not state a reason."),
    ("NARR", "The reason is in the text of the bank."),
    ("NOAS", "The customer did not answer."),
    ("NOCM", "The customer account does not comply with regulations."),
    ("NOOR", "The original payment was not received."),
    ("RC01", "The bank identifier (BIC) is wrong."),
    ("RC03", "The bank identifier of the debtor is wrong."),
    ("RC04", "The bank identifier of the creditor is wrong."),
    ("RC07", "The BIC of the creditor is wrong."),
    ("RC08", "The routing number is wrong."),
    ("RC11", "The intermediary bank is wrong."),
    ("RF01", "The transaction reference is not unique."),
    ("RR01", "The account or identification of the debtor is missing; regulations require it."),
    ("RR02", "The name or address of the debtor is missing; regulations require it."),
    ("RR03", "The name or address of the creditor is missing; regulations require it."),
    ("RR04", "Regulations do not allow the payment."),
    ("RR05", "The regulatory information is missing or wrong."),
    ("RR06", "Tax information is missing or wrong."),
    ("RR07", "The remittance information is missing or wrong."),
    ("RR08", "The remittance information is longer than allowed."),
    ("RR09", "The structured creditor reference is missing or wrong."),
    ("RR10", "The text has characters that the bank does not support."),
    ("RR11", "The identification of a service of the bank of the debtor is wrong."),
    ("RR12", "The identification of a party is missing or wrong."),
    ("RUTA", "The bank could not assign the payment."),
    ("SL01", "A service that the debtor chose at the bank prevented the payment."),
    ("SL02", "A service that the creditor chose at the bank prevented the payment."),
    ("SL11", "The creditor is not on the list that the debtor allows."),
    ("SL12", "The creditor is on the list that the debtor blocks."),
    ("SVNR", "The payment was returned because a service was not rendered."),
    ("TM01", "The file arrived after the cut-off time."),
    ("UPAY", "The payment was not due."),
];

/// Reason of a rejection or a return in English: one sentence. `None` for a code that is not listed, such as a bank's
/// own; show it with the text of the bank.
#[must_use]
pub fn reason_text(code: &str) -> Option<&'static str> {
    let at = REASONS.binary_search_by(|(known, _)| (*known).cmp(code)).ok()?;
    REASONS.get(at).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_sorted_sentences() {
        assert!(REASONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (code, text) in REASONS {
            assert_eq!(reason_text(code), Some(*text));
            assert!(code.len() == 4 && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()), "{code}");
            assert!(text.ends_with('.') && text.starts_with(char::is_uppercase), "{text}");
        }
    }

    #[test]
    fn frequent_codes_have_a_reason() {
        let codes = "AC01 AC03 AC04 AC06 AG01 AG02 \
                     AM01 AM02 AM03 AM04 AM05 AM06 AM07 AM09 BE01 BE04 BE05 BE06 BE07 CUST \
                     DNOR ED05 FF01 MD01 MD06 MD07 MS02 MS03 NARR RC01 RR01 RR02 RR03 RR04 SL01 TM01 DUPL FOCR UPAY";
        for code in codes.split_whitespace() {
            assert!(reason_text(code).is_some(), "{code}");
        }
        assert_eq!(reason_text("XX99"), None);
        assert_eq!(reason_text("ac04"), None);
    }
}
