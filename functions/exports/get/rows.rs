//! Rows of exports: pages of the table go to the file one after the other, so memory does not grow with their number.

use std::io::Write;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use outlay_domain::batch::Batch;
use outlay_domain::ids::OrgId;
use outlay_domain::report::Report;
use outlay_exports::{
    CsvOptions, ExpenseCsvWriter, ExpenseRow, ExportError, ListWriter, MemberCsvWriter, PaymentCsvWriter,
    ReportCsvWriter,
};
use outlay_http::prelude::*;
use outlay_store::{PageRequest, ReportFilter, Store};

/// Items that are read at a time.
const PER_PAGE: i32 = 100;
/// Reports that are read at a time.
const AT_ONCE: usize = 8;
/// Time that storing the file may take.
const RESERVE: Duration = Duration::from_secs(5);

/// List that can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Reports,
    Expenses,
    Members,
    Payments,
}

impl List {
    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Reports, Self::Expenses, Self::Members, Self::Payments].into_iter().find(|list| list.name() == text)
    }

    /// Name in the path and of the file.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Reports => "reports",
            Self::Expenses => "expenses",
            Self::Members => "members",
            Self::Payments => "payments",
        }
    }
}

/// Where rows come from.
pub(super) struct Source<'a> {
    pub(super) store: &'a Store,
    pub(super) org: OrgId,
    pub(super) filter: ReportFilter,
    /// Time that is left for the request.
    pub(super) time_left: &'a (dyn Fn() -> Duration + Sync),
}

impl Source<'_> {
    /// Writes a list; returns the number of rows.
    pub(super) async fn write<W: Write>(self, list: List, options: CsvOptions, out: W) -> Result<u64, ApiError> {
        let summary = match list {
            List::Reports => {
                let mut writer = ReportCsvWriter::new(out, options).map_err(failed)?;
                self.each_report(|report| writer.write_row(report)).await?;
                writer.finish()
            }
            List::Expenses => {
                let mut writer = ExpenseCsvWriter::new(out, options).map_err(failed)?;
                self.each_report(|report| ExpenseRow::all(report).try_for_each(|row| writer.write_row(row))).await?;
                writer.finish()
            }
            List::Members => {
                let mut writer = MemberCsvWriter::new(out, options).map_err(failed)?;
                let mut page = PageRequest::internal(PER_PAGE);
                loop {
                    let members = self.store.list_members(self.org, &page).await?;
                    members.items.iter().try_for_each(|member| writer.write_row(member)).map_err(failed)?;
                    if !self.has_next(&mut page, members.next)? {
                        break;
                    }
                }
                writer.finish()
            }
            List::Payments => {
                let mut writer = PaymentCsvWriter::new(out, options).map_err(failed)?;
                let mut page = PageRequest::internal(PER_PAGE);
                loop {
                    let batches = self.store.list_batches(self.org, None, &page).await?;
                    for batch in &batches.items {
                        self.write_payments(batch, &mut writer).await?;
                    }
                    if !self.has_next(&mut page, batches.next)? {
                        break;
                    }
                }
                writer.finish()
            }
        };
        Ok(summary.map_err(failed)?.rows)
    }

    /// Gives each report that matches the filter, with its expenses, to a writer.
    async fn each_report(&self, mut write: impl FnMut(&Report) -> Result<(), ExportError>) -> Result<(), ApiError> {
        let mut page = PageRequest::internal(PER_PAGE);
        loop {
            let heads = self.store.list_reports(self.org, &self.filter, &page).await?;
            let ids = heads.items.into_iter().map(|head| head.id);
            let reports = stream::iter(ids).map(|id| self.store.report(self.org, id)).buffered(AT_ONCE);
            // A draft that was deleted meanwhile is left out.
            let mut reports = std::pin::pin!(reports.map_err(ApiError::from).try_filter_map(async |found| Ok(found)));
            while let Some(report) = reports.try_next().await? {
                write(&report).map_err(failed)?;
            }
            if !self.has_next(&mut page, heads.next)? {
                return Ok(());
            }
        }
    }

    async fn write_payments<W: Write>(&self, batch: &Batch, writer: &mut PaymentCsvWriter<W>) -> Result<(), ApiError> {
        let mut page = PageRequest::internal(PER_PAGE);
        loop {
            let payments = self.store.list_payments(self.org, batch.id, &page).await?;
            payments.items.iter().try_for_each(|payment| writer.write_row(payment)).map_err(failed)?;
            if !self.has_next(&mut page, payments.next)? {
                return Ok(());
            }
        }
    }

    /// Moves to the next page; false when there is none.
    ///
    /// # Errors
    /// [`ProblemType::DependencyUnavailable`] when too little time is left for more.
    fn has_next(&self, page: &mut PageRequest, next: Option<String>) -> Result<bool, ApiError> {
        page.cursor = next;
        if page.cursor.is_some() && (self.time_left)() < RESERVE {
            let detail = "The list is too long for one file. Export it in parts, by from and to.";
            return Err(Problem::new(ProblemType::DependencyUnavailable, detail).into());
        }
        Ok(page.cursor.is_some())
    }
}

fn failed(error: ExportError) -> ApiError {
    Problem::internal(error).into()
}
