//! People, reports and days to test the rules with.

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::change::{self, NewReport, ReportChange};
use outlay_domain::conversion::RateBook;
use outlay_domain::expense::{ExpenseFacts, PaymentMethod};
use outlay_domain::ids::{OrgId, Seed};
use outlay_domain::member::{Member, MemberStatus, Role};
use outlay_domain::money::{Currency, Money};
use outlay_domain::permission::permit_org;
use outlay_domain::report::Report;
use outlay_domain::route::Directory;

pub fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn eur() -> Currency {
    "EUR".parse().unwrap()
}

pub fn money(amount: &str) -> Money {
    Money::parse(amount, eur()).unwrap()
}

pub fn seed(number: u8) -> Seed {
    Seed::new(now(), [number, 0, 0, 0, 0, 0, 0, 0, 0, 0])
}

pub fn member(number: u8, role: Role, manager: Option<&Member>) -> Member {
    Member {
        id: seed(number).draw(),
        org: OrgId::from_uuid(uuid::Uuid::from_u128(7)),
        name: format!("Member {number}"),
        email: format!("m{number}@example.com"),
        role,
        status: MemberStatus::Active,
        manager_id: manager.map(|manager| manager.id),
        subject: None,
        version: 1,
        created_at: now(),
    }
}

/// Ana, her manager Marco, Fiona from finance and Ada the admin.
pub struct People {
    pub ana: Member,
    pub marco: Member,
    pub fiona: Member,
    pub ada: Member,
}

impl People {
    pub fn new() -> Self {
        let marco = member(2, Role::Employee, None);
        Self {
            ana: member(1, Role::Employee, Some(&marco)),
            marco,
            fiona: member(3, Role::Finance, None),
            ada: member(4, Role::Admin, None),
        }
    }

    /// Whom a report of `owner` may be routed to.
    pub fn directory(&self, owner: &Member) -> Directory {
        let manager = owner.manager_id.filter(|id| *id == self.marco.id).map(|_| self.marco.clone());
        Directory { manager, officers: vec![self.fiona.clone(), self.ada.clone()] }
    }

    pub fn all(&self) -> [&Member; 4] {
        [&self.ana, &self.marco, &self.fiona, &self.ada]
    }
}

pub fn facts(amount: Money) -> ExpenseFacts {
    ExpenseFacts {
        date: day("2026-11-12"),
        category: "travel".to_owned(),
        merchant: "SNCF".to_owned(),
        amount,
        tax: Money::zero(amount.currency()),
        payment_method: PaymentMethod::Personal,
        note: None,
        justification: None,
        receipt_reference: None,
    }
}

pub fn no_rates() -> RateBook {
    RateBook::new(eur(), [])
}

pub fn created(owner: &Member, amounts: &[Money]) -> ReportChange {
    let new =
        NewReport { title: "Lyon".to_owned(), currency: eur(), expenses: amounts.iter().copied().map(facts).collect() };
    change::create(permit_org(owner).unwrap(), new, &no_rates(), &mut seed(9), now()).unwrap()
}

pub fn draft(owner: &Member, amounts: &[Money]) -> Report {
    created(owner, amounts).after
}
