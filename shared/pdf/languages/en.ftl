### Messages of the PDF in English. Every file here has the same messages with the same variables; a test compares them.
### The sentences of findings are those of the mail. Names, dates and amounts are formatted already; $count, $page, $pages
### and $step are numbers.

## Every page

pdf-report = Expense report
pdf-page = Page { $page } of { $pages }
pdf-state-at = State at { $moment }

## Summary

pdf-summary = Summary
pdf-owner = Expenses of
pdf-preparer = Entered by
pdf-payee = Paid to
pdf-period = Period
pdf-range = { $from } – { $until }
pdf-trips = { $count ->
    [one] Trip
   *[other] Trips
}
pdf-cost-centre = Cost centre
pdf-submitted = Submitted
pdf-policy = Policy
pdf-policy-version = Version { $version }
pdf-identifier = Identifier
pdf-status = Status
pdf-status-value = { $status ->
    [draft] Draft
    [submitted] Submitted
    [approved] Approved
    [returned] Returned
   *[rejected] Rejected
}
pdf-total = Total
pdf-net = Net
pdf-tax = Tax
pdf-granted = Granted
pdf-to-reimburse = To be reimbursed
pdf-paid-by-owner = Paid personally
pdf-paid-by-card = Paid by company card
pdf-not-reimbursed = Not reimbursed
pdf-repayable = To be repaid
pdf-base-total = In base currency

## Lines

pdf-lines = Lines
pdf-column-line = No.
pdf-column-date = Date
pdf-column-merchant = Merchant
pdf-column-amount = Amount paid
pdf-column-converted = In { $currency }
pdf-column-tax = Tax included
pdf-column-receipt = Receipt
pdf-rate = at { $rate }
pdf-percent = { $rate } %
pdf-mark-personal = reimbursable
pdf-mark-card = company card
pdf-cost-centre-value = Cost centre { $name }
pdf-project-value = Project { $name }
pdf-trip-value = Trip { $name }
pdf-purpose = Purpose: { $text }
pdf-justification = Justification: { $text }
pdf-attendees = Attendees: { $names }
pdf-receipt-reference = Receipt kept at: { $text }
pdf-granted-by-approver = Granted: { $granted } of { $amount }, by { $name }: { $reason }
pdf-granted-by-cap = Granted: { $granted } of { $amount }, by a limit of the policy
pdf-finding = Finding: { $text }
pdf-no-lines = The report has no lines.

## Findings

pdf-findings = Findings
pdf-no-findings = The policy found nothing.
pdf-on-lines = { $count ->
    [one] Line { $lines }
   *[other] Lines { $lines }
}

## Decisions

pdf-decisions = Decisions
pdf-no-decisions = There are no decisions yet.
pdf-column-when = Time (UTC)
pdf-column-who = Who
pdf-column-what = What
pdf-column-comment = Comment
pdf-automatic = Outlay
pdf-on-behalf = for { $name }
pdf-at-step = { $step }. { $name }
pdf-event-submitted = Submitted
pdf-event-auto-approved = Approved automatically, below { $below }
pdf-event-agreed = Agreed
pdf-event-step-approved = Step approved
pdf-event-approved = Report approved
pdf-event-returned = Returned
pdf-event-rejected = Rejected
pdf-event-recalled = Recalled
pdf-event-reassigned = Reassigned: { $from } to { $to }
pdf-event-escalated = { $reason ->
    [overdue] Escalated, overdue: { $from } to { $to }
    [unreachable] Escalated, mail bounced: { $from } to { $to }
   *[unable] Escalated, cannot decide: { $from } to { $to }
}
pdf-event-commented = Commented
pdf-event-pending = Decision pending
pdf-event-waiting = Waits for the step before
pdf-open = open

## Receipts

pdf-file-page = page { $page } of { $pages }
pdf-bytes = { $bytes } bytes
pdf-attachment = Attachment
pdf-attached-heic = HEIC pictures cannot be shown here. The file is attached to this PDF.
pdf-attached-picture = The picture cannot be shown. The file is attached to this PDF.
pdf-attached-pdf = The pages of this PDF cannot be shown. The file is attached to this PDF.
pdf-attached-too = Form fields or annotations of this PDF are not shown. The file is attached to this PDF.
pdf-missing-pending = The file has not been uploaded or checked yet.
pdf-missing-refused = The file was rejected by the inspection and deleted.
pdf-missing-gone = The file could not be found.
