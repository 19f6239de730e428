//! Batches and payments as targets of requests.

use std::marker::PhantomData;

use outlay_domain::batch::{Batch, BatchStatus, Involvements};
use outlay_domain::error::DomainError;
use outlay_domain::permission::{
    BatchAction, BatchActionType, BatchPermit, BatchRelation, PaymentPermit, authorize_batch, involvement_keys,
    permit_batch, permit_payment,
};
use outlay_domain::policy::PaymentRules;
use outlay_domain::today::Today;

use super::Target;
use crate::error::ApiError;
use crate::queries::{self, LoadedPayment};
use crate::request::{Caller, RequestContext};

/// The batch in the path, for the action `A`.
#[derive(Debug)]
pub struct OnBatch<A>(PhantomData<A>);

/// A batch with what the permission on it depends on.
#[derive(Debug)]
pub struct LoadedBatch {
    /// Batch.
    pub batch: Batch,
    /// Parts of the caller, and of the admins who set the caller's role, in its reports. Empty for a read.
    pub involved: Involvements,
    /// Rules for payments of the policy in force.
    pub rules: PaymentRules,
}

/// True when the action changes nothing, so that the part of the caller in the batch does not matter.
const fn only_reads(action: BatchAction) -> bool {
    matches!(action, BatchAction::Read | BatchAction::Download)
}

/// True when the role allows the action on some batch.
fn is_allowed_by_role<A: BatchActionType>(caller: &Caller) -> bool {
    let is_allowed = |status| authorize_batch(caller.member.role, BatchRelation::Unrelated, status, A::ACTION).is_ok();
    BatchStatus::ALL.iter().copied().any(is_allowed)
}

impl<A: BatchActionType> Target for OnBatch<A> {
    type Loaded = LoadedBatch;
    type Permit<'a> = BatchPermit<'a, A>;
    const ABSENT_BODY_IS_EMPTY: bool = true;
    const IS_FORBIDDEN_TO_SOME: bool = !matches!(A::ACTION, BatchAction::Read);
    const SHOWS_MORE_THAN_VERSION: bool = true;
    const NAME: &'static str = "batch";

    fn is_allowed_by_role(caller: &Caller) -> bool {
        is_allowed_by_role::<A>(caller)
    }

    async fn load(request: &RequestContext) -> Result<Option<LoadedBatch>, ApiError> {
        let (store, org, id) = (request.store(), request.org()?, request.id("batch")?);
        let batch = async { Ok::<_, ApiError>(store.batch(org, id).await?) };
        let involved = async {
            if only_reads(A::ACTION) {
                return Ok(Involvements::new());
            }
            // The membership is read beside the target, so it is not known here yet.
            let Some(caller) = store.membership_for(org, request.identity()).await? else {
                return Ok(Involvements::new());
            };
            Ok::<_, ApiError>(store.involvements(org, id, &involvement_keys(&caller.member)).await?)
        };
        // The policy is that of the organisation in the path: without it there is no batch either.
        let policy = async { Ok::<_, ApiError>(store.policy(org).await?) };
        let (batch, involved, policy) = tokio::try_join!(batch, involved, policy)?;
        let rules = policy.map(|policy| policy.payments).unwrap_or_default();
        Ok(batch.map(|batch| LoadedBatch { batch, involved, rules }))
    }

    fn authorize<'a>(
        caller: &'a Caller,
        loaded: Option<&'a LoadedBatch>,
        _: Today,
    ) -> Result<BatchPermit<'a, A>, DomainError> {
        let LoadedBatch { batch, involved, rules } = loaded.ok_or(DomainError::NotFound)?;
        permit_batch(&caller.member, batch, involved, rules)
    }

    fn version(_: &Caller, loaded: &LoadedBatch) -> Option<u64> {
        Some(loaded.batch.version)
    }
}

/// The payment in the path, for the action `A`.
#[derive(Debug)]
pub struct OnPayment<A>(PhantomData<A>);

impl<A: BatchActionType> Target for OnPayment<A> {
    type Loaded = LoadedPayment;
    type Permit<'a> = PaymentPermit<'a, A>;
    const ABSENT_BODY_IS_EMPTY: bool = true;
    const IS_FORBIDDEN_TO_SOME: bool = !matches!(A::ACTION, BatchAction::Read);
    const NAME: &'static str = "payment";

    fn is_allowed_by_role(caller: &Caller) -> bool {
        is_allowed_by_role::<A>(caller)
    }

    async fn load(request: &RequestContext) -> Result<Option<LoadedPayment>, ApiError> {
        let (org, batch, payment) = (request.org()?, request.id("batch")?, request.id("payment")?);
        queries::payment(request.store(), org, batch, payment).await
    }

    fn authorize<'a>(
        caller: &'a Caller,
        loaded: Option<&'a LoadedPayment>,
        _: Today,
    ) -> Result<PaymentPermit<'a, A>, DomainError> {
        let LoadedPayment { batch, payment } = loaded.ok_or(DomainError::NotFound)?;
        permit_payment(&caller.member, batch, payment)
    }

    fn version(_: &Caller, loaded: &LoadedPayment) -> Option<u64> {
        Some(loaded.payment.version)
    }
}
