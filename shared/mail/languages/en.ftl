### What mail says in English. Every file here has the same messages with the same variables; a test compares them.
### Names, titles, dates and amounts arrive ready to be shown; $count and $overdue are numbers and choose the plural.

## Every message

greeting = Hello,
greeting-name = Hello { $name },
footer = Sent by Outlay to { $address }. This message was written automatically.
# Between a label and its value in the text part.
colon = :
# Of who is no longer known.
nobody = A former member
# A moment, always in UTC.
moment = { $moment } UTC

## Labels

label-report = Report
label-total = Total
label-number = Report number
label-owner = Owner
label-expenses = Expenses
label-step = Step
label-due = Due
label-for = You decide for
label-why = Why
label-because = Reassigned because
label-asked = Asked now
label-amount = Amount
label-paid-on = Paid on
label-member = Member
label-address = Address
label-changed = Changed
label-organisation = Organisation
label-inviter = Invited by
label-role = Your role

## A report

base-total = { $amount } in base currency
not-reimbursed = { $amount } of it is not reimbursed
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

passed-subject = Escalated: { $title }, { $total }
passed-label = Escalated
passed-headline = A report no longer waits for you
passed-overdue = It was not decided in time, so others are asked. You do not need to do anything.
passed-unreachable = Mail to your address comes back, so others are asked. You do not need to do anything for this report; please ask your administrator to look after your address.

## Decisions

approved-subject = Approved: { $title }, { $total }
approved-label = Approved
approved-headline = Your report is approved
approved-intro = { $by } approved it. You do not need to do anything.
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

unpaid-subject = Payment failed: { $title }, { $amount }
unpaid-label = Payment failed
unpaid-headline = Your expenses could not be paid
unpaid-intro = { $amount } could not be paid to you. Please check your payout account in Outlay and tell your finance team.
unpaid-reason = Reason

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
