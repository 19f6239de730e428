//! Payout accounts: which numbers can be right, how little of them is shown, and who may name one.

use outlay_domain::change::set_payout_account;
use outlay_domain::event::EventKind;
use outlay_domain::member::{Member, MemberKind, Role};
use outlay_domain::payout::{self, AccountNumber, PayoutAccount, is_account_number, is_iban, is_routing_number};
use outlay_domain::refusal::Refusal;
use proptest::prelude::*;

use crate::support::{People, member, now};

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

fn iban(text: &str) -> PayoutAccount {
    PayoutAccount::new("Ana Silva".to_owned(), AccountNumber::iban(text).unwrap())
}

fn us(number: &str) -> PayoutAccount {
    PayoutAccount::new("Ana Silva".to_owned(), AccountNumber::us("021000021", number).unwrap())
}

#[test]
fn an_iban_is_right_in_its_length_its_form_and_its_check_digits() {
    for text in IBANS {
        assert!(is_iban(text), "{text}");
    }
    assert!(is_iban("de89 3704 0044 0532 0130 00") && is_iban(" DE893704 00440532 013000 "));
    for text in [
        "",
        "DE",
        "DE89",
        "DE88370400440532013000",
        "DE8937040044053201300",
        "DE893704004405320130000",
        "DE8937040044053201300O",
        "XX82WEST12345698765432",
        "GB82WES112345698765432",
        "89370400440532013000",
        "DE89-3704-0044-0532-0130-00",
        "DE89\t370400440532013000",
        "DE８９370400440532013000",
    ] {
        assert!(!is_iban(text) && AccountNumber::iban(text).is_none(), "{text}");
    }
}

#[test]
fn a_routing_number_is_right_in_its_checksum() {
    for text in ["021000021", "011401533", "122105155", "091000019", "322271627"] {
        assert!(is_routing_number(text), "{text}");
    }
    for text in ["", "02100002", "0210000210", "021000022", "123456789", "000000000", "02100002a", "02１0002"] {
        assert!(!is_routing_number(text), "{text}");
    }
    for text in ["1234", "12345678901234567"] {
        assert!(is_account_number(text) && AccountNumber::us("021000021", text).is_some(), "{text}");
    }
    for text in ["", "123", "123456789012345678", "12 345", "1234a", "１２３４"] {
        assert!(!is_account_number(text) && AccountNumber::us("021000021", text).is_none(), "{text}");
    }
    assert!(AccountNumber::us("021000022", "123456789").is_none());
}

#[test]
fn little_of_an_account_is_shown() {
    assert_eq!(iban("de89 3704 0044 0532 0130 00").masked(), "DE•• •••• 3000");
    assert_eq!(iban("MT84MALT011000012345MTLCAST001S").masked(), "MT•• •••• 001S");
    assert_eq!(us("123456789").masked(), "•••• 6789");
    // Of a number so short that its end would be all of it, half.
    assert_eq!([us("1234"), us("123456"), us("12345678")].map(|it| it.masked()), ["•••• 34", "•••• 456", "•••• 5678"]);
    assert_eq!([iban(IBANS[0]).kind(), us("123456789").kind()], ["iban", "us"]);
    let shown = format!("{:?} {:#?} {:?}", iban(IBANS[0]), us("123456789"), AccountNumber::iban(IBANS[0]).unwrap());
    assert_eq!(shown, "PayoutAccount(…) PayoutAccount(…) AccountNumber(…)");
}

proptest! {
    #[test]
    fn one_wrong_digit_is_noticed(which in 0..IBANS.len(), at in 2_usize..31, digit in 0_u8..10) {
        let right = IBANS[which];
        let at = at % right.len();
        prop_assume!(right.as_bytes()[at].is_ascii_digit() && right.as_bytes()[at] != b'0' + digit);
        let wrong = format!("{}{digit}{}", &right[..at], &right[at + 1..]);
        prop_assert!(!is_iban(&wrong), "{}", wrong);
    }

    #[test]
    fn one_wrong_digit_of_a_routing_number_is_noticed(at in 0_usize..9, digit in 0_u8..10) {
        let right = "122105155";
        prop_assume!(right.as_bytes()[at] != b'0' + digit);
        let wrong = format!("{}{digit}{}", &right[..at], &right[at + 1..]);
        prop_assert!(!is_routing_number(&wrong), "{}", wrong);
    }

    #[test]
    fn what_is_sealed_is_what_comes_out_and_the_mask_keeps_half_of_it(number in "[0-9]{4,17}", holder in "\\PC{1,40}") {
        let account = PayoutAccount::new(holder, AccountNumber::us("021000021", &number).unwrap());
        prop_assert!(PayoutAccount::from_bytes(&account.to_bytes().unwrap()) == Some(account.clone()));
        let digits = account.masked().chars().filter(char::is_ascii_digit).count();
        prop_assert!(digits <= 4 && 2 * digits <= number.len() && number.ends_with(account.masked().trim_start_matches("•••• ")));
    }

    #[test]
    fn other_bytes_are_no_account(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        prop_assert!(PayoutAccount::from_bytes(&bytes).is_none());
    }
}

#[test]
fn a_member_names_his_account_himself_and_a_service_none() {
    let people = People::new();
    let service = Member { kind: MemberKind::Service, email: None, ..member(9, Role::Finance, None) };
    for actor in [&people.marco, &people.fiona, &people.ada, &service] {
        assert!(matches!(payout::permit(actor, people.ana.id), Err(Refusal::Forbidden(_))), "{}", actor.name);
    }
    assert!(matches!(payout::permit(&service, service.id), Err(Refusal::Forbidden(_))));
    assert!(payout::permit(&people.ana, people.ana.id).is_ok());
}

#[test]
fn each_account_has_the_next_number_and_the_history_says_nothing_of_it() {
    let people = People::new();
    let mut ana = people.ana.clone();
    for version in 1..4 {
        let permit = payout::permit(&ana, ana.id).unwrap();
        assert_eq!(permit.version(), version);
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
    let told = serde_json::to_value(EventKind::PayoutAccountChanged {}).unwrap();
    assert_eq!(told, serde_json::json!({"type": "member.payout_account_changed", "data": {}}));
}
