//! Scheduled, every 5 minutes: books approved reports and paid payments in the ledger, and reverses the entries of reports
//! that are no longer approved and of payments that came back. A repeated run books nothing twice.

use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::SignedDuration;
use lambda_runtime::Error;
use outlay_aws::env::{ConfigError, required};
use outlay_aws::log::{Level, log};
use outlay_domain::batch::Payment;
use outlay_domain::change::{BookingChange, Change, book_paid_payment, book_report, reverse_booking, reverse_payment};
use outlay_domain::ids::{OrgId, PaymentId, ReportId};
use outlay_domain::ledger::{BookingStep, LedgerError, LedgerSettings, PaymentStep, SettledValues};
use outlay_domain::money::Currency;
use outlay_domain::policy::Policy;
use outlay_store::journal::BookingRequest;

use outlay_store::{CommitError, PageRequest, Store};
use outlay_worker::schedule::serve;
use outlay_worker::{JobContext, PartialFailures, RunResult};

/// Time for which a closed organisation is booked: approvals just before the closing.
const AFTER_CLOSING: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Booking requests of an organisation that one run reads.
const MAX_REQUESTS: i32 = 1000;
/// Reports and payments of an organisation that one run books. The next run, five minutes later, takes more.
const MAX_PER_TURN: usize = 100;
/// Bookings of one report or payment in one run. Two are the most that one state needs.
const MAX_STEPS: usize = 4;
/// Reports of a payment that are read at a time.
const ENTRIES_PER_PAGE: i32 = 100;

/// What a booking is made with.
struct Books {
    settings: LedgerSettings,
    policy: Policy,
    /// Base currency.
    base: Currency,
}

async fn handler(store: Arc<Store>, job: JobContext) -> Result<(), Error> {
    // A failure in one organisation or of one report does not stop the others. The next run retries.
    let orgs = store.organisation_ids_open_at(job.now.saturating_sub(AFTER_CLOSING)?).await?;
    job.for_each_tenant(orgs, |org| book_organisation(&store, org, &job)).await.into_result()
}

/// Books the reports of an organisation whose bookings are out of date.
async fn book_organisation(store: &Store, org: OrgId, job: &JobContext) -> PartialFailures {
    let mut failures = PartialFailures::default();
    let requests = failures.record(org, store.booking_requests(org, MAX_REQUESTS).await).unwrap_or_default();
    if requests.is_empty() {
        return failures;
    }
    let Some(Some(books)) = failures.record(org, load_books(store, org).await) else { return failures };
    for request in job.rotated(requests).into_iter().take(MAX_PER_TURN) {
        let booked = async {
            job.ensure_time_left()?;
            book(store, org, &request, &books, job).await
        };
        failures.record(request.subject(), booked.await);
    }
    failures
}

/// Loads the books; none while the organisation has not set up its ledger. Its reports and payments wait.
async fn load_books(store: &Store, org: OrgId) -> Result<Option<Books>, Error> {
    let settings = store.ledger_settings(org).await?;
    if settings.version == 0 {
        return Ok(None);
    }
    let policy = store.policy(org).await?.ok_or("an organisation's policy is missing")?;
    let organisation = store.organisation(org).await?.ok_or("an organisation is missing")?;
    Ok(Some(Books { settings, policy, base: organisation.base_currency }))
}

/// What follows from one look at the bookings of a report or a payment.
enum Progress {
    /// A booking to make.
    Book(Box<BookingChange>),
    /// Everything is booked.
    Done,
    /// Later: an account is missing, or what was read is older than the request.
    Waits,
}

/// Makes the bookings that a request asks for. The request stays while an account is missing.
async fn book(
    store: &Store,
    org: OrgId,
    request: &BookingRequest,
    books: &Books,
    job: &JobContext,
) -> Result<(), Error> {
    for _ in 0..MAX_STEPS {
        let next = match *request {
            BookingRequest::Report { report_id, last_event } => {
                next_of_report(store, org, (report_id, last_event), books, job).await
            }
            BookingRequest::Payment { payment_id, .. } => next_of_payment(store, org, payment_id, books, job).await,
        };
        let change = match next {
            Ok(Progress::Book(change)) => change,
            Ok(Progress::Done) => return Ok(store.finish_booking_request(org, request).await?),
            Ok(Progress::Waits) => return Ok(()),
            Err(error) => return wait_for_account(org, request, error),
        };
        match store.commit(&[Change::Booking(change)], None).await {
            Ok(()) => {}
            // Another run was first, or the settings have changed. The next run looks again.
            Err(CommitError::Conflict(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Passes an error on, except that an account is missing: GET /ledger shows finance which, and how much waits for it.
fn wait_for_account(org: OrgId, request: &BookingRequest, error: Error) -> Result<(), Error> {
    let Some(LedgerError::MissingAccount(missing)) = error.downcast_ref() else { return Err(error) };
    let reason = format!("not booked: missing {}", missing.name());
    log(Level::Warn, &reason, &[("subject", &request.subject()), ("organisation", &org)]);
    Ok(())
}

/// Next booking that a report's history requires.
async fn next_of_report(
    store: &Store,
    org: OrgId,
    (id, last_event): (ReportId, u64),
    books: &Books,
    job: &JobContext,
) -> Result<Progress, Error> {
    let Books { settings, policy, .. } = books;
    let bookings = store.bookings(org, id).await?;
    let report = store.report(org, id).await?;
    // Up to the state that was read, so that status and events agree.
    let through = report.as_ref().map_or(last_event, |report| report.last_event);
    let events = store.booking_events(org, id, bookings.booked_through, through).await?;
    let Some(step) = bookings.next_step(&events, report.as_ref().map(|report| report.status)) else {
        return Ok(if through >= last_event { Progress::Done } else { Progress::Waits });
    };
    let change = match (step, &report, bookings.open) {
        (BookingStep::Book(_), Some(report), _) => book_report(&bookings, step, report, settings, policy, job.now)?,
        (BookingStep::Reverse(_), _, Some(place)) => {
            let entry = store.journal_entry(org, &place).await?;
            reverse_booking(&bookings, step, &entry, settings, job.now)?
        }
        (BookingStep::Book(_), None, _) | (BookingStep::Reverse(_), _, None) => {
            return Err("the report or the entry of a booking is missing".into());
        }
    };
    Ok(Progress::Book(Box::new(change)))
}

/// Next booking that the state of a payment requires.
async fn next_of_payment(
    store: &Store,
    org: OrgId,
    id: PaymentId,
    books: &Books,
    job: &JobContext,
) -> Result<Progress, Error> {
    let bookings = store.payment_bookings(org, id).await?;
    let payment = store.payment_by_id(org, id).await?.ok_or("a payment to book is missing")?;
    let Some(step) = bookings.next_step(&payment) else { return Ok(Progress::Done) };
    let change = match step {
        PaymentStep::Book => {
            let values = settled_values(store, &payment, books.base).await?;
            book_paid_payment(&bookings, &payment, values, &books.settings, job.now)?
        }
        PaymentStep::Reverse(place) => {
            let entry = store.journal_entry(org, &place).await?;
            reverse_payment(&bookings, step, &entry, &books.settings, job.now)?
        }
    };
    Ok(Progress::Book(Box::new(change)))
}

/// Values in the books of what a payment settles. Reports in another currency are read one by one.
async fn settled_values(store: &Store, payment: &Payment, base: Currency) -> Result<SettledValues, Error> {
    if payment.currency() == base {
        return Ok(SettledValues::of_payment(payment));
    }
    let mut values = SettledValues::zero(base);
    let mut page = PageRequest::internal(ENTRIES_PER_PAGE);
    loop {
        let entries = store.list_entries(payment.org, payment.batch, payment.id, &page).await?;
        for entry in &entries.items {
            let report = store.report(payment.org, entry.report).await?;
            let report = report.ok_or("a report of a payment is missing")?;
            let of_entry = SettledValues::of_entry(entry, &report)?;
            values = values.plus(of_entry)?;
        }
        match entries.next {
            Some(next) => page.cursor = Some(next),
            None => return Ok(values),
        }
    }
}

fn open_store(sdk: &SdkConfig) -> Result<Store, ConfigError> {
    Ok(Store::connect(sdk, &required("TABLE_NAME")?))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(open_store, handler).await
}
