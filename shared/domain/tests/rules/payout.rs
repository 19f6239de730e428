//! Payout accounts: validation, masking, and who may set one.

use outlay_domain::change::set_payout_account;
use outlay_domain::error::DomainError;
use outlay_domain::event::EventKind;
use outlay_domain::member::{Member, MemberKind, Role};
use outlay_domain::payout::{
    AccountNumber, IbanError, PayoutAccount, is_account_number, is_routing_number, next_version,
};
use outlay_domain::permission::{SetPayoutAccount, permit_member};
use proptest::prelude::*;

use crate::support::{People, member, now, text};

const IBANS: [&str; 8] = [
    "DE89370400440532013000",
    "GB82WEST12345698765432",
    "FR1420041010050500013M02606",
    "NL91ABNA0417164300",
    "ES9121000418450200051332",
    "NO9386011117947",
    "CH9300762011623852957",
    "MT84MALT011000012345MTLCAST001S",
];

fn iban(number: &str) -> PayoutAccount {
    PayoutAccount::new(text("Ana Silva"), AccountNumber::iban(number).ok().unwrap())
}

fn us(number: &str) -> PayoutAccount {
    PayoutAccount::new(text("Ana Silva"), AccountNumber::us("021000021", number).unwrap())
}

fn iban_error(text: &str) -> Option<IbanError> {
    AccountNumber::iban(text).err()
}

#[test]
fn iban_validates_length_form_and_check_digits() {
    for text in IBANS {
        assert_eq!(iban_error(text), None, "{text}");
    }
    for (text, error) in [
        ("", IbanError::Form),
        ("DE", IbanError::Form),
        ("DE8", IbanError::Form),
        ("DE88370400440532013000", IbanError::CheckDigits),
        ("DE8937040044053201300O", IbanError::CheckDigits),
        ("GB82WES112345698765432", IbanError::CheckDigits),
        ("XX82WEST12345698765432", IbanError::CheckDigits),
        ("89370400440532013000", IbanError::Form),
        ("DE89/3704/0044/0532/0130/00", IbanError::Form),
    ] {
        assert_eq!(iban_error(text), Some(error), "{text}");
    }
    for text in ["DE8937040044053201300", "DE893704004405320130000"] {
        assert!(iban_error(text).is_some(), "{text}");
    }
}

#[test]
fn pasted_account_number_is_normalised() {
    let plain = iban("DE89370400440532013000");
    for text in [
        "de89 3704 0044 0532 0130 00",
        " DE893704 00440532 013000 ",
        "DE89-3704-0044-0532-0130-00",
        "DE89\t370400440532013000\n",
        "DE89\u{A0}3704\u{A0}0044\u{A0}0532\u{A0}0130\u{A0}00",
        "DE89\u{2009}3704\u{202F}0044\u{2002}0532\u{3000}0130\u{205F}00",
        "\u{FEFF}DE89370400440532013000\u{200B}",
        "\u{202A}DE89370400440532013000\u{202C}",
        "ＤＥ８９３７０４００４４０５３２０１３０００",
    ] {
        assert!(iban(text) == plain, "{text:?}");
    }
    let plain = us("123456789");
    for (routing, account) in
        [("021\t000021", "1234\t56789"), ("021-000-021", "12 3456 789 "), ("\u{A0}021000021", "１２３４５６７８９\r\n")]
    {
        let pasted = PayoutAccount::new(text("Ana Silva"), AccountNumber::us(routing, account).unwrap());
        assert!(pasted == plain, "{routing:?} {account:?}");
    }
}

#[test]
fn routing_number_validates_checksum() {
    for text in ["021000021", "011401533", "122105155", "091000019", "322271627"] {
        assert!(is_routing_number(text), "{text}");
    }
    for text in
        ["", "02100002", "0210000210", "021000022", "123456789", "000000000", "02100002a", "02１0002", "021000021x"]
    {
        assert!(!is_routing_number(text), "{text}");
    }
    for text in ["1234", "12345678901234567"] {
        assert!(is_account_number(text) && AccountNumber::us("021000021", text).is_some(), "{text}");
    }
    for text in ["", "123", "123456789012345678", "12/345", "1234a"] {
        assert!(!is_account_number(text) && AccountNumber::us("021000021", text).is_none(), "{text}");
    }
    assert!(AccountNumber::us("021000022", "123456789").is_none());
}

#[test]
fn account_number_is_masked() {
    assert_eq!(iban("de89 3704 0044 0532 0130 00").masked(), "DE•• •••• 3000");
    assert_eq!(iban("MT84MALT011000012345MTLCAST001S").masked(), "MT•• •••• 001S");
    assert_eq!(us("123456789").masked(), "•••• 6789");
    // Of a short number, at most half of the digits are shown.
    assert_eq!([us("1234"), us("123456"), us("12345678")].map(|it| it.masked()), ["•••• 34", "•••• 456", "•••• 5678"]);
    assert_eq!([iban(IBANS[0]).kind(), us("123456789").kind()], ["iban", "us"]);
    let shown =
        format!("{:?} {:#?} {:?}", iban(IBANS[0]), us("123456789"), AccountNumber::iban(IBANS[0]).ok().unwrap());
    assert_eq!(shown, "PayoutAccount(…) PayoutAccount(…) AccountNumber(…)");
}

proptest! {
    #[test]
    fn iban_with_one_wrong_digit_is_rejected(which in 0..IBANS.len(), at in 2_usize..31, digit in 0_u8..10) {
        let right = IBANS[which];
        let at = at % right.len();
        prop_assume!(right.as_bytes()[at].is_ascii_digit() && right.as_bytes()[at] != b'0' + digit);
        let wrong = format!("{}{digit}{}", &right[..at], &right[at + 1..]);
        prop_assert!(iban_error(&wrong).is_some(), "{}", wrong);
    }

    #[test]
    fn routing_number_with_one_wrong_digit_is_rejected(at in 0_usize..9, digit in 0_u8..10) {
        let right = "122105155";
        prop_assume!(right.as_bytes()[at] != b'0' + digit);
        let wrong = format!("{}{digit}{}", &right[..at], &right[at + 1..]);
        prop_assert!(!is_routing_number(&wrong), "{}", wrong);
    }

    #[test]
    fn account_round_trips_and_mask_hides_half(number in "[0-9]{4,17}", holder in "\\PC{1,40}") {
        // Blank texts and control characters name no holder.
        let Ok(holder) = holder.parse() else { return Ok(()) };
        let account = PayoutAccount::new(holder, AccountNumber::us("021000021", &number).unwrap());
        prop_assert!(PayoutAccount::from_bytes(&account.to_bytes().unwrap()) == Some(account.clone()));
        let digits = account.masked().chars().filter(char::is_ascii_digit).count();
        prop_assert!(digits <= 4 && 2 * digits <= number.len());
        prop_assert!(number.ends_with(account.masked().trim_start_matches("•••• ")));
    }

    #[test]
    fn arbitrary_bytes_are_not_an_account(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        prop_assert!(PayoutAccount::from_bytes(&bytes).is_none());
    }
}

#[test]
fn payout_account_can_only_be_set_by_its_person() {
    let people = People::new();
    let service = Member { kind: MemberKind::Service, email: None, ..member(9, Role::Finance, None) };
    let may_set = |actor: &Member, target: &Member| permit_member::<SetPayoutAccount>(actor, Some(target)).map(drop);
    for actor in [&people.fiona, &people.ada, &service] {
        assert!(matches!(may_set(actor, &people.ana), Err(DomainError::Forbidden(_))), "{}", actor.name);
    }
    // A caller who cannot see the member does not learn that the member exists.
    assert_eq!(may_set(&people.marco, &people.ana), Err(DomainError::NotFound));
    assert!(matches!(may_set(&service, &service), Err(DomainError::Forbidden(_))));
    assert_eq!(may_set(&people.ana, &people.ana), Ok(()));
}

#[test]
fn account_version_increments_without_details_in_history() {
    let people = People::new();
    let mut ana = people.ana.clone();
    for version in 1..4 {
        let permit = permit_member::<SetPayoutAccount>(&ana, Some(&ana)).unwrap();
        assert_eq!(next_version(permit.target()), version);
        let change = set_payout_account(permit, vec![1, 2, 3], now());
        assert_eq!((change.account.version, change.member.after.payout_version), (version, Some(version)));
        assert_eq!((change.account.ciphertext.as_slice(), change.account.changed_at), (&[1, 2, 3][..], now()));
        let event = &change.member.event;
        assert_eq!(
            (&event.kind, event.changes.len(), event.seq),
            (&EventKind::PayoutAccountChanged {}, 0, version + 1)
        );
        assert_eq!(event.hash, change.member.after.last_hash);
        ana = change.member.after;
    }
    let stored = serde_json::to_value(EventKind::PayoutAccountChanged {}).unwrap();
    assert_eq!(stored, serde_json::json!({"type": "member.payout_account_changed", "data": {}}));
}
