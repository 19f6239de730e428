//! Access tokens: verification of signature and claims, and the issuer's keys. Functions verify each token completely
//! themselves: a misconfigured gateway must not grant access, and API Gateway's JWT authorizer accepts ID tokens. Rules
//! beyond the signature: RFC 8725 (best current practices), RFC 9068 (access tokens), RFC 7519, section 4.1 (claims).
//! Must not know HTTP.

mod claims;
mod fetch;
mod keys;
mod verifier;

pub use claims::{ExpectedClaims, MAX_SUBJECT, VERIFIED_EMAIL, is_subject};
pub use keys::{Rejection, UnverifiedJws, VerificationKeys, VerifiedJws};
pub use verifier::{TokenError, TokenVerifier};
