### Messages of the mail in English. Every file here has the same messages with the same variables; a test compares them.
### Names, titles, dates and amounts are formatted already. $count, $overdue, $days, $more, $level and $of are numbers.

## Every message

greeting = Hello,
greeting-name = Hello { $name },
footer = Sent by Outlay to { $address }. This message was written automatically.
# Between a label and its value in the text part.
colon = :
# Name of a member whose data was erased.
former-member = A former member
# A moment, always in UTC.
moment = { $moment } UTC

## Labels

label-report = Report
label-total = Total
label-to-approve = To approve
label-reimbursed = To be reimbursed
label-base-total = In base currency
label-company-card = Paid by company card
label-not-reimbursed = Not reimbursed
label-repayable = To be repaid
label-number = Report number
label-owner = Owner
label-preparer = Entered by
label-payee = Paid to
label-expenses = Expenses
label-step = Step
label-due = Due
label-for = You decide for
label-why = Why
label-because = Reassigned because
label-asked = Asked now
label-amount = Amount
label-paid-on = Paid on
label-set-off = Set off
label-covers = Together for
label-execution-date = Payment date
label-held = On hold
label-member = Member
label-address = Address
label-changed = Changed
label-organisation = Organisation
label-inviter = Invited by
label-role = Your role
label-changed-by = Changed by
label-delegator = In place of
label-delegate = Delegate
label-first-day = First day
label-last-day = Last day
label-ceiling = Up to
label-member-role = Role
label-manager = Manager
label-approval-limit = Approval limit

## A report

line-by-company-card = { $category }, company card
violations-heading = { $count ->
    [one] { $count } policy violation
   *[other] { $count } policy violations
}
violations-more = And { $count } more; all of them are in Outlay.
lines-heading = { $count ->
    [one] { $count } expense
   *[other] { $count } expenses
}
lines-heading-some = { $count ->
    [one] { $shown } of { $count } expense
   *[other] { $shown } of { $count } expenses
}
granted = granted { $amount }

## Findings of the policy
## Variables have the names of the parameters in the API. $expense, $expenses and $scope are composed of several of them.

named-expense = { $amount } at { $merchant }
named-expense-converted = { $amount } ({ $base_amount }) at { $merchant }
excess-together = { $count ->
    [one] { $count } expense, { $actual }
   *[other] { $count } expenses, together { $actual }
}
excess-elsewhere = { $actual }, of which { $claimed_elsewhere } count from other reports
limit-paid-personally = paid personally
limit-paid-by-company-card = paid by company card
limit-grade = grade { $grade }
consequence-justification-needed = A justification is needed.
consequence-excess-not-reimbursed = The excess is not reimbursed.

finding-unknown-category = { $category } is not a category of the policy.
finding-inactive-category = The category { $category_name } is not in use on { $date }.
finding-unknown-cost-centre = { $cost_centre } is not a cost centre of the policy.
finding-unknown-project = { $project } is not a project of the policy.
finding-required-field = { $expense }: an expense of the category { $category_name } must state { $field ->
    [attendees] the attendees
    [project] the project
    [cost_centre] the cost centre
    [trip] the trip
   *[justification] a justification
}.
finding-expense-limit = { $expenses }: above the limit of { $limit } per expense{ $scope }.
finding-day-limit = { $expenses }: above the limit of { $limit } per day{ $scope }, on { $date }.
finding-month-limit = { $expenses }: above the limit of { $limit } per month{ $scope }, in { $month }.
finding-report-limit = { $expenses }: above the limit of { $limit } per report{ $scope }.
finding-trip-limit = { $expenses }: above the limit of { $limit } per trip{ $scope }, on the trip { $trip }.
finding-splitting = { $count } expenses at { $merchant } on { $date }, together { $actual }: above the limit of { $limit } per expense{ $scope }.
finding-splitting-without-receipt = { $count } expenses at { $merchant } on { $date }, together { $actual }: no receipt; one is required from { $receipt_required_from }.
finding-splitting-over-reports = { $count } expenses at { $merchant } on { $date }, together { $actual }, some of them in { $claimed_in }: with those the report is { $total_with_parts } and is approved as such.
finding-receipt-required = { $expense }: no receipt; one is required from { $receipt_required_from }.
finding-maximum-age = { $expense }: { $days ->
    [one] { $days } day
   *[other] { $days } days
} old; the policy allows { $maximum_days }.
finding-non-working-day = { $expense } on { $date }: { $day ->
    [holiday] a holiday
   *[weekend] a weekend
}.
finding-duplicate = { $expense } on { $date }: claimed { $count } times in this report.
finding-duplicate-elsewhere = { $expense } on { $date }: already claimed in { $claimed_in }.
finding-receipt-pending = { $expense }: the receipt { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(and { $more } more)
} has not been uploaded or checked yet.
finding-receipt-refused = { $expense }: the receipt { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(and { $more } more)
} was rejected. { $reason ->
    [empty] The file is empty.
    [other_size] The size of the file differs from the declared size.
    [other_bytes] The SHA-256 of the file differs from the declared one.
    [unknown_type] The file is not a PDF, JPEG, PNG, HEIC or WebP file.
    [other_type] The media type of the file differs from the declared type.
    [damaged] The file is damaged or incomplete. Save, scan or photograph it again.
    [too_large] The file has too many pixels, pages or parts. Print it to a new PDF, or take a photograph of it.
    [active] The file contains a script, a program or another file. Print it to a new PDF.
    [locked] The file does not open without a password. Print it to a new PDF without one.
   *[harmful] The file contains known malware.
}
finding-duplicate-receipt = { $expense }: the receipt { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(and { $more } more)
} is also on another report.
finding-duplicate-receipt-here = { $expense }: the receipt { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(and { $more } more)
} is also behind another expense of this report.
finding-refund = { $expense }: the refund is larger than the { $refundable } that can be refunded.
finding-rate-age = { $expense }: converted at the rate of { $rate_date }, { $days ->
    [one] { $days } day
   *[other] { $days } days
} before; the policy allows { $maximum_days }.

## Reasons of a step

approvers-one = { $approvers ->
    [manager] the owner’s manager
    [manager_of_level] the owner’s manager of level { $level }
    [cost_centre_owner] an owner of its cost centres
    [project_owner] an owner of its projects
    [finance] a member with the role finance
    [admin] a member with the role administrator
   *[members] a member the workflow names
}
approvers-many = { $approvers ->
    [manager] the owner’s manager
    [manager_of_level] the owner’s manager of level { $level }
    [cost_centre_owner] the owners of its cost centres
    [project_owner] the owners of its projects
    [finance] members with the role finance
    [admin] members with the role administrator
   *[members] the members the workflow names
}
reason-total-reaches = The total of { $total } reaches { $from_total }.
reason-total-below = The total of { $total } is below { $below_total }.
reason-category = An expense is in the category { $category_name }.
reason-cost-centre = An expense is on the cost centre { $cost_centre }.
reason-project = An expense is on the project { $project }.
reason-grade = The owner has the grade { $grade }.
reason-currency = An expense was paid in { $currency }.
reason-violations-found = The policy found violations.
reason-no-violations = The policy found no violations.
reason-every-report = This step applies to every report.
reason-no-step-applies = No step of the workflow applies to this report.
reason-decided-by = It is decided by { $approvers }.
reason-decided-by-all = It is decided by { $approvers }; each of them has to agree.
reason-decided-by-quorum = It is decided by { $approvers }; { $of } of them have to agree.
reason-assigned-to = It is for { $approvers }.
reason-next-manager = An approver { $excluded ->
    [cannot_approve] cannot approve
    [separation_of_duties] may not decide on this report (separation of duties)
    [other_step] decides at another step of it
   *[limit] has an approval limit below the total
}, so the next manager up decides.
reason-fallback = No other approver is eligible, so the fallback approvers decide.
reason-other-admins = A member with a part in this report has suspended an approver, so other admins decide.
reason-reassigned = An admin has reassigned it.
reason-escalated-overdue = It was overdue, so other approvers decide.
reason-escalated-unreachable = Mail to an approver bounced, so other approvers decide.
reason-escalated-unable = An approver can no longer decide, so other approvers decide.

## Who decided

by-instead = { $name } (in place of { $away })
by-policy = The policy for reports below { $below }

## Approval

approval-subject = Approve: { $title }, { $total } ({ $owner })
approval-label = Approval needed
approval-headline = { $owner } asks for your approval
approval-preheader = { $summary }, due { $due }
approval-intro = Please approve, return or reject report { $number } in Outlay.
approval-intro-due = Please approve, return or reject report { $number } in Outlay by { $due }.
away = { $name }, who is away

escalated-headline = A report by { $owner } has come to you
escalated-overdue = { $count ->
    [0] It was not decided in time.
   *[other] { $names } did not decide in time.
}
escalated-unreachable = { $count ->
    [0] Mail to the approvers comes back.
   *[other] Mail to { $names } comes back.
}
escalated-unable = { $count ->
    [0] The approvers can no longer decide on it.
   *[other] { $names } can no longer decide on it.
}

passed-subject = Escalated: { $title }, { $total }
passed-label = Escalated
passed-headline = A report no longer waits for you
passed-overdue = It was not decided in time, so others are asked. You do not need to do anything.
passed-unreachable = Mail to your address comes back, so others are asked. You do not need to do anything for this report; please ask your administrator to look after your address.
passed-unable = You can no longer decide on it, so others are asked. You do not need to do anything.

## Decisions

approved-subject = Approved: { $title }, { $total }
approved-label = Approved
approved-headline = Your report is approved
approved-intro = { $by } approved it. You do not need to do anything.
approved-repay-intro = { $by } approved it, but not all that was paid by company card. Please pay back the amount below.
approved-policy = The policy approves reports below { $below } by itself. You do not need to do anything.
approved-comment = Comment from { $by }

returned-subject = Returned: { $title }, { $total }
returned-label = Returned
returned-headline = Your report needs changes
returned-intro = { $by } returned it to you. Please change what is asked for below and submit it again in Outlay.

rejected-subject = Rejected: { $title }, { $total }
rejected-label = Rejected
rejected-headline = Your report was rejected
rejected-intro = { $by } rejected it. This is final: it will not be paid and cannot be submitted again.

reason-from = Reason from { $by }

## Payment

paid-subject = Paid: { $title }, { $amount }
paid-label = Paid
paid-headline = Your expenses were paid
paid-intro = { $amount } was paid to you on { $date }. You do not need to do anything.
paid-other-intro = { $amount } was paid to { $payee } on { $date }. You do not need to do anything.
payment-reports = { $count } reports

set-off-subject = Set off: { $title }, { $amount }
set-off-label = Set off
set-off-headline = Your expenses were set off
set-off-intro = What you get back was set off on { $date } against what you have to repay. Nothing was paid out. You do not need to do anything.

unpaid-subject = Payment failed: { $title }, { $amount }
unpaid-label = Payment failed
unpaid-headline = Your expenses could not be paid
unpaid-intro = { $amount } could not be paid to you. Please check your payout account in Outlay and tell your finance team.
unpaid-other-intro = { $amount } could not be paid to { $payee }. Your finance team knows of it. You do not need to do anything.
unpaid-reason = Reason

payee-unpaid-subject = Payment failed: { $name }, { $amount }
payee-unpaid-headline = A payment to { $name } has failed
payee-unpaid-intro = { $count ->
    [one] { $count } report is approved again and can be paid by another batch. Please check the payout account with the payee first.
   *[other] { $count } reports are approved again and can be paid by another batch. Please check the payout account with the payee first.
}

batch-label = Release
batch-headline = { $count ->
    [one] { $count } payment waits for its release
   *[other] { $count } payments wait for their release
}
batch-intro = { $count ->
    [one] { $by } made up a batch of { $count } report. Please check it in Outlay and release it.
   *[other] { $by } made up a batch of { $count } reports. Please check it in Outlay and release it.
}
batch-held = { $count ->
    [one] { $count } payment, because the account has changed. Please look at the account before the release.
   *[other] { $count } payments, because the accounts have changed. Please look at the accounts before the release.
}

## Reminder

reminder-subject = { $count ->
    [one] { $count } report waits for your decision
   *[other] { $count } reports wait for your decision
}
reminder-label = Reminder
reminder-intro = { $count ->
    [one] Please approve, return or reject it in Outlay today.
   *[other] Please approve, return or reject them in Outlay today.
}
reminder-overdue = { $overdue ->
    [one] { $overdue } is overdue.
   *[other] { $overdue } are overdue.
}
reminder-heading = { $count ->
    [one] { $count } report
   *[other] { $count } reports
}
reminder-heading-some = { $count ->
    [one] { $shown } of { $count } report
   *[other] { $shown } of { $count } reports
}
task-overdue = Overdue since { $due }
task-due = Due { $due }

## Addresses

bounced-subject = Mail to { $name } comes back
bounced-label = Address
bounced-intro = Nothing more is sent to this address, and others are asked to decide in place of { $name }. Once mail arrives there again, clear the mark on this member in Outlay.
complained-subject = { $name } does not want mail
complained-intro = { $name } marked mail from Outlay as unwanted. Reminders are no longer sent there. Please ask whether that was meant; if it was not, clear the mark on this member in Outlay.

## Accounts

account-subject = Your payout account was changed
account-label = Payout account
account-preheader = If it was not you, tell your administrator
account-intro = The account that your expenses are paid to was changed in Outlay. If it was you, you do not need to do anything. If it was not you, tell your administrator at once.

invited-subject = You are invited to { $organisation } on Outlay
invited-label = Invitation
invited-headline = You are invited to { $organisation }
invited-preheader = { $inviter } invited you to Outlay
invited-intro = { $inviter } invited you to Outlay, where { $organisation } hands in, approves and pays expense reports. Please sign in with { $address } to join. If you did not expect this invitation, you can ignore it.
role-employee = employee
role-finance = finance
role-admin = administrator
role-auditor = auditor

## Comments

commented-subject = Comment: { $title } ({ $author })
commented-label = Comment
commented-headline = { $count ->
    [one] A new comment on an expense report
   *[other] { $count } new comments on an expense report
}
commented-intro = You can answer with a comment on the report in Outlay.
commented-heading = Comment by { $by }
commented-heading-some = Comments

## Closing

label-closed-by = Closed by
closed-subject = { $organisation } was closed on Outlay
closed-label = Closed
closed-intro = { $by } closed the organisation. Its reports, receipts and history can still be read; nothing can be changed any more.

## Reports in the name of another member

prepared-subject = In your name: { $title }, { $total }
prepared-label = In your name
prepared-headline = { $by } has entered a report in your name
prepared-intro = It lists expenses as yours. If they are not yours, delete the report in Outlay and tell your administrator.
prepared-headline-submitted = { $by } has submitted a report in your name
prepared-intro-submitted = It claims expenses as yours and is with its approvers now. If they are not yours, recall the report in Outlay and tell your administrator.

## Delegation

delegation-label = Delegation
delegation-subject = You decide for { $name }
delegation-intro = You can decide on reports in Outlay in place of { $name }, from { $from } to { $until }. If you do not want that, end the delegation in Outlay.
delegated-subject = { $name } decides for you
delegated-intro = { $name } can decide on reports in Outlay in your place, from { $from } to { $until }. You can still decide yourself. If you do not want that, end the delegation in Outlay.
delegation-ended-subject = You no longer decide for { $name }
delegation-ended-intro = The delegation has ended. You do not need to do anything.
delegated-ended-subject = { $name } no longer decides for you
delegated-ended-intro = The delegation has ended. Reports that wait for you wait for your own decision.

## Members, for administrators

authority-label = Members
authority-subject = Role, manager or limit changed: { $name }
authority-new-subject = New member with further rights: { $name }
authority-intro = { $by } changed what determines who approves reports. Please check it if you did not expect this.
authority-new-intro = { $by } added a member with the rights of this role. Please check it if you did not expect this.
changed-value = { $old } → { $new }
no-value = none
no-limit = unlimited
