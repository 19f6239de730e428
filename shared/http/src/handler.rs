//! Functions that answer the requests of an endpoint, once the pipeline has checked them.

use crate::context::{Context, SignedInContext};
use crate::endpoint::{Body, Checked, Endpoint};
use crate::response::HandlerResult;

/// Handler of an endpoint. `Signature` is [`TakesBody`] or [`WithoutBody`]; it keeps the two implementations apart.
pub trait Handler<'a, E: Endpoint, Signature>: Send + Sync {
    /// The answer.
    type Future: Future<Output = HandlerResult> + Send + 'a;

    /// Answers a request that has passed all checks.
    fn call(&self, context: Context<'a, E>, body: Checked<E>) -> Self::Future;
}

/// Signature of a handler that takes the body.
#[derive(Debug)]
pub enum TakesBody {}

impl<'a, E: Endpoint, F, Answer> Handler<'a, E, TakesBody> for F
where
    F: Fn(Context<'a, E>, Checked<E>) -> Answer + Send + Sync,
    Answer: Future<Output = HandlerResult> + Send + 'a,
{
    type Future = Answer;

    fn call(&self, context: Context<'a, E>, body: Checked<E>) -> Answer {
        self(context, body)
    }
}

/// Signature of a handler without a body. It is only for endpoints whose body has no fields, so no body is forgotten.
#[derive(Debug)]
pub enum WithoutBody {}

impl<'a, E: Endpoint<Body: Body<Checked = ()>>, F, Answer> Handler<'a, E, WithoutBody> for F
where
    F: Fn(Context<'a, E>) -> Answer + Send + Sync,
    Answer: Future<Output = HandlerResult> + Send + 'a,
{
    type Future = Answer;

    fn call(&self, context: Context<'a, E>, (): ()) -> Answer {
        self(context)
    }
}

/// Handler of an endpoint for signed-in persons.
pub trait SignedInHandler<'a, E: Endpoint>: Send + Sync {
    /// The answer.
    type Future: Future<Output = HandlerResult> + Send + 'a;

    /// Answers a request that has passed all checks.
    fn call(&self, context: SignedInContext<'a>, body: Checked<E>) -> Self::Future;
}

impl<'a, E: Endpoint, F, Answer> SignedInHandler<'a, E> for F
where
    F: Fn(SignedInContext<'a>, Checked<E>) -> Answer + Send + Sync,
    Answer: Future<Output = HandlerResult> + Send + 'a,
{
    type Future = Answer;

    fn call(&self, context: SignedInContext<'a>, body: Checked<E>) -> Answer {
        self(context, body)
    }
}
