//! Imports of a handler: declaration and answer of an endpoint.

pub use outlay_aws::RunResult;
pub use outlay_domain::rate_limit::RequestClass;
pub use outlay_input::{FieldErrors, parse};

pub use crate::context::{Context, SignedInContext};
pub use crate::endpoint::{Checked, DailyQuotaOf, EmptyObject, Endpoint, Idempotency, Input, NoBody, Precondition};
pub use crate::error::ApiError;
pub use crate::limits::DailyQuota;
pub use crate::openapi::Declared;
pub use crate::problem::{Problem, ProblemType};
pub use crate::queries::{self, SubmissionContext};
pub use crate::query::{NoQuery, PageQuery, Query, QueryParameters};
pub use crate::response::{HandlerResult, Reply};
pub use crate::runtime::{serve, serve_signed_in};
pub use crate::target::{
    OnBatch, OnLedger, OnMember, OnOrganisation, OnOrganisationRecord, OnPayment, OnPolicy, OnReport, SignedIn,
};
