//! `POST /v1/orgs/{org}/bank-answers`: records what a bank answers about payments.

use outlay_api::bank_answer::{BankAnswerOut, record_answer};
use outlay_api::common::OrgPath;
use outlay_bank::read_answer;
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::RecordBankAnswers;
use outlay_http::endpoint::XmlFile;
use outlay_http::prelude::*;

#[derive(Debug)]
struct RecordBankAnswer;

impl Endpoint for RecordBankAnswer {
    type Target = OnOrganisation<RecordBankAnswers>;
    type Preload = Organisation;
    type Query = NoQuery;
    type Body = XmlFile;
    type Resource = ();
    const COST: RequestClass = RequestClass::Costly;
    // Each entry is recorded once, however often the file is sent.
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[ProblemType::OrganisationClosed];
}

/// Record an answer of a bank.
///
/// Allowed for finance and admins. The body is a pain.002, camt.053 or camt.054 file of at most 1 MiB; split a larger
/// statement by day. An entry settles the payment that it names by its end-to-end identifier, if amount and currency
/// are those of the payment. Every other entry is listed with the reason, and changes nothing. The same file can be
/// sent again: what is recorded already is not recorded twice. Do that when entries are `not_processed`.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/bank-answers",
    operation_id = "batchesBankAnswer",
    tag = "batches",
    params(OrgPath, Declared<RecordBankAnswer>),
    request_body(content = String, content_type = "application/xml", description = "pain.002, camt.053 or camt.054"),
    responses(
        (status = 200, description = "What was recorded, by entry.", body = BankAnswerOut),
        Declared<RecordBankAnswer>,
    )
)]
async fn handler(context: Context<'_, RecordBankAnswer>, file: Vec<u8>) -> HandlerResult {
    if context.preloaded.is_closed() {
        let detail = "This organisation was closed. Its records can be read, and nothing can be changed any more.";
        return Err(Problem::new(ProblemType::OrganisationClosed, detail).into());
    }
    let answer = read_answer(&file).map_err(|error| FieldErrors::one("", "bank-answer", sentence(error)))?;
    Ok(Reply::ok(&record_answer(&context, &answer).await?)?)
}

/// Cause of an unreadable file as a sentence.
fn sentence(error: outlay_bank::BankAnswerError) -> String {
    format!("Nothing was recorded: {error}.")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
