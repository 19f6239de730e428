//! List of members. It has nothing of their payout accounts.

use outlay_domain::member::Member;

use crate::lists::cell::{Cell, Column, List};
use crate::lists::writer::ListCsvWriter;

/// Writer of members as CSV, one row each.
pub type MemberCsvWriter<W> = ListCsvWriter<MemberList, W>;

/// See [`MemberCsvWriter`].
#[derive(Debug)]
pub enum MemberList {}

impl List for MemberList {
    type Row<'a> = &'a Member;

    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "id", cell: |member| Cell::display(member.id) },
        Column { name: "name", cell: |member| Cell::text(&member.name) },
        Column { name: "kind", cell: |member| Cell::text(member.kind.name()) },
        Column { name: "email", cell: |member| Cell::optional(member.email.as_deref(), Cell::text) },
        Column { name: "role", cell: |member| Cell::text(member.role.name()) },
        Column { name: "status", cell: |member| Cell::text(member.status.name()) },
        Column { name: "manager_id", cell: |member| Cell::optional(member.manager_id, Cell::display) },
        Column { name: "grade", cell: |member| Cell::optional(member.grade.as_deref(), Cell::text) },
        Column { name: "cost_centre", cell: |member| Cell::optional(member.cost_centre.as_deref(), Cell::text) },
        Column { name: "approval_limit", cell: |member| Cell::optional(member.approval_limit, Cell::Amount) },
        Column {
            name: "currency",
            cell: |member| Cell::optional(member.approval_limit, |limit| Cell::currency(limit.currency())),
        },
        Column { name: "language", cell: |member| Cell::text(member.language.tag()) },
        Column { name: "time_zone", cell: |member| Cell::optional(member.time_zone.as_deref(), Cell::text) },
        Column { name: "created_at", cell: |member| Cell::time(member.created_at) },
    ];
}
