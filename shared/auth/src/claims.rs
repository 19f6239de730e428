//! Claims of an access token whose signature is valid. Not checked with `jsonwebtoken::Validation`: it reads the system
//! clock, applies its leeway to `exp` too, ignores `iat`, and accepts several issuers in `iss`.

use jiff::Timestamp;
use outlay_aws::env::{ConfigError, required};
use outlay_input::decode;
use outlay_store::CallerIdentity;
use serde_json::{Map, Value};

use crate::keys::{Rejection, VerifiedJws};

/// Tolerance for `nbf` and `iat`, in seconds. `exp` has none.
const LEEWAY_SECS: i64 = 5;
/// Length limit of a subject, in characters (OpenID Connect Core 1.0, section 2).
pub const MAX_SUBJECT: usize = 255;

/// Claim with a verified mail address, set by `triggers-add-token-claims`.
pub const VERIFIED_EMAIL: &str = "verified_email";

/// Prefix of the issuer URL of Cognito user pools.
const COGNITO: &str = "https://cognito-idp.";

/// Issuer and audiences that are accepted in a token.
#[derive(Clone, Debug)]
pub struct ExpectedClaims {
    /// Issuer, exactly as in `iss`.
    pub issuer: String,
    /// Allowed audiences. One must be in `aud`, or be the `client_id` of a token without `aud`, such as one of Cognito.
    pub audiences: Vec<String>,
}

impl ExpectedClaims {
    /// Reads `JWT_ISSUER` and `JWT_AUDIENCES` (comma-separated, empty entries ignored).
    ///
    /// # Errors
    /// [`ConfigError::MissingVariable`]
    pub fn from_env() -> Result<Self, ConfigError> {
        let audiences = required("JWT_AUDIENCES")?;
        let audiences = audiences.split(',').filter(|audience| !audience.is_empty()).map(str::to_owned).collect();
        Ok(Self { issuer: required("JWT_ISSUER")?, audiences })
    }
}

/// Validates the claims of a token and returns the caller it identifies.
///
/// # Errors
/// [`Rejection`]
pub(crate) fn validate_claims(
    token: &VerifiedJws,
    expected: &ExpectedClaims,
    now: Timestamp,
) -> Result<CallerIdentity, Rejection> {
    let claims = decode::parse_object(&token.payload).map_err(|_| "its payload is not one JSON object")?;
    check_is_access_token(&token.header, &claims)?;
    check_times(&claims, now.as_second())?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(&expected.issuer) {
        return Err("it has another issuer");
    }
    let is_allowed = |audience: &Value| expected.audiences.iter().any(|allowed| audience == allowed);
    let has_audience = match claims.get("aud") {
        Some(Value::Array(audiences)) => audiences.iter().any(is_allowed),
        Some(audience) => is_allowed(audience),
        None => claims.get("client_id").is_some_and(is_allowed),
    };
    if !has_audience {
        return Err("it has another audience");
    }
    let subject = text("sub").filter(|subject| is_subject(subject)).ok_or("it names no subject")?;
    let is_verified = claims.get("email_verified").is_some_and(|it| *it == Value::Bool(true) || *it == "true");
    // Access tokens of Cognito have no `email`; `triggers-add-token-claims` adds this claim. It is ignored from other
    // issuers, which may let users set its value.
    let added = text(VERIFIED_EMAIL).filter(|_| expected.issuer.starts_with(COGNITO));
    let email = text("email").filter(|_| is_verified).or(added);
    let email = email.and_then(|email| email.parse().ok());
    let name = text("name").and_then(|name| name.parse().ok());
    Ok(CallerIdentity { issuer: expected.issuer.clone(), subject: subject.to_owned(), email, name })
}

/// True when a text can be the subject of a token: visible ASCII without `#`, which separates the parts of a key of the
/// table.
#[must_use]
pub fn is_subject(text: &str) -> bool {
    (1..=MAX_SUBJECT).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
}

/// Rejects ID and refresh tokens, which are not meant for an API. A header or claim must mark the token as an access
/// token, and none may mark it as another kind. The absence of a mark is not enough: an ID token without a nonce has
/// none.
fn check_is_access_token(header: &Map<String, Value>, claims: &Map<String, Value>) -> Result<(), Rejection> {
    let is_one_of = |value: &Value, allowed: &[&str]| {
        value.as_str().is_some_and(|it| allowed.iter().any(|one| it.eq_ignore_ascii_case(one)))
    };
    let has_any = |names: &[&str]| names.iter().any(|name| claims.contains_key(*name));
    // `token_use` is Cognito's claim, the claim `typ` is Keycloak's, `idtyp` is Entra's.
    let (header_typ, token_use, claim_typ) = (header.get("typ"), claims.get("token_use"), claims.get("typ"));
    let is_at_jwt = header_typ.is_some_and(|it| is_one_of(it, &["at+jwt", "application/at+jwt"]));
    let is_bearer = claim_typ.is_some_and(|it| is_one_of(it, &["Bearer", "at+jwt"]));
    // OpenID Connect puts these into ID tokens. Keycloak also copies the nonce into access tokens, which it marks.
    let is_id_token = has_any(&["at_hash", "c_hash"]) || (has_any(&["nonce"]) && !is_bearer && !is_at_jwt);
    let is_other_token = header_typ.is_some_and(|it| !is_at_jwt && !is_one_of(it, &["JWT"]))
        || token_use.is_some_and(|it| !is_one_of(it, &["access"]))
        || (claim_typ.is_some() && !is_bearer)
        || claims.get("idtyp").is_some_and(|it| !is_one_of(it, &["app", "user"]))
        || is_id_token;
    let is_marked = is_at_jwt
        || token_use.is_some()
        || claim_typ.is_some()
        || has_any(&["scope", "scp", "client_id"])
        || is_marked_by_vendor(claims);
    if is_marked && !is_other_token { Ok(()) } else { Err("it is not an access token") }
}

/// True for claims that only access tokens of one vendor have. Tokens of the client-credentials grant may have no other
/// mark. `azp` and `roles` alone are none: ID tokens have them too.
fn is_marked_by_vendor(claims: &Map<String, Value>) -> bool {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    // Entra: `appid` (v1) or `azpacr` (v2) in each access token, `idtyp` on demand. In the ID token of a user, `sub` is
    // pairwise and never the object identifier; in the token of an application it is.
    let is_entra_app =
        text("tid").is_some() && text("azp").is_some() && text("oid").is_some_and(|oid| text("sub") == Some(oid));
    is_entra_app
        || ["appid", "appidacr", "azpacr", "idtyp"].iter().any(|name| claims.contains_key(*name))
        // Auth0: the grant.
        || text("gty").is_some()
}

fn check_times(claims: &Map<String, Value>, now: i64) -> Result<(), Rejection> {
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => numeric_date(value).map(Some).ok_or("a time in it is not a number of seconds"),
    };
    if time("exp")?.ok_or("it does not expire")? <= now {
        return Err("it has expired");
    }
    let latest = now.saturating_add(LEEWAY_SECS);
    if time("nbf")?.is_some_and(|it| it > latest) || time("iat")?.is_some_and(|it| it > latest) {
        return Err("it is not valid yet");
    }
    Ok(())
}

/// Reads a `NumericDate`: seconds since the epoch, fractions dropped, up to the end of the year 9999.
fn numeric_date(value: &Value) -> Option<i64> {
    let number = value.as_number()?;
    let whole = number.as_i64().or_else(|| {
        let text = number.to_string();
        let (whole, fraction) = text.split_once('.')?;
        fraction.bytes().all(|b| b.is_ascii_digit()).then(|| whole.parse().ok())?
    })?;
    (0..=253_402_300_799).contains(&whole).then_some(whole)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_795_000_000;

    fn outcome(header: &Value, claims: &Value) -> Result<CallerIdentity, Rejection> {
        let header = header.as_object().unwrap().clone();
        let signed = VerifiedJws { header, payload: claims.to_string().into_bytes() };
        let issuer =
            claims["iss"].as_str().filter(|issuer| issuer.starts_with(COGNITO)).unwrap_or("https://idp.example.com");
        let expected = ExpectedClaims { issuer: issuer.to_owned(), audiences: vec!["outlay".to_owned()] };
        validate_claims(&signed, &expected, Timestamp::from_second(NOW).unwrap())
    }

    /// Claims of a valid token with these changes; null removes a claim.
    fn claims_with(changes: &Value) -> Value {
        let mut claims = json!({
            "iss": "https://idp.example.com", "aud": "outlay", "sub": "5f7c2b1e",
            "exp": NOW + 600, "nbf": NOW, "iat": NOW, "token_use": "access",
            "email": "Ana@Example.com", "email_verified": true, "name": "Ana Silva",
        });
        let members = claims.as_object_mut().unwrap();
        members.extend(changes.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        claims
    }

    #[test]
    fn valid_token_identifies_its_subject() {
        let caller = outcome(&json!({"alg": "RS256", "typ": "JWT"}), &claims_with(&json!({}))).unwrap();
        assert_eq!((caller.subject.as_str(), caller.email.as_deref()), ("5f7c2b1e", Some("ana@example.com")));
        let valid = [
            json!({"aud": ["other", "outlay"]}),
            json!({"aud": null, "client_id": "outlay"}),
            json!({"nbf": null, "iat": null}),
            json!({"exp": NOW + 1, "nbf": NOW + LEEWAY_SECS, "iat": NOW + LEEWAY_SECS}),
            json!({"exp": 1_795_000_600.5}),
            json!({"token_use": null, "typ": "Bearer"}),
            json!({"sub": "a".repeat(MAX_SUBJECT)}),
        ];
        for changes in valid {
            outcome(&json!({"alg": "RS256"}), &claims_with(&changes))
                .unwrap_or_else(|reason| panic!("{changes}: {reason}"));
        }
        assert!(outcome(&json!({"typ": "at+jwt"}), &claims_with(&json!({}))).is_ok());
    }

    #[test]
    fn unmarked_token_is_rejected() {
        let bare = claims_with(&json!({"token_use": null}));
        let jwt = json!({"alg": "RS256", "typ": "JWT"});
        assert_eq!(outcome(&jwt, &bare).err(), Some("it is not an access token"));
        assert!(outcome(&json!({}), &bare).is_err());
        for typ in ["at+jwt", "application/at+jwt", "AT+JWT"] {
            assert!(outcome(&json!({"typ": typ}), &bare).is_ok(), "{typ}");
        }
        let marks = [
            json!({"token_use": "access"}),
            json!({"token_use": null, "typ": "Bearer"}),
            json!({"token_use": null, "scope": "reports"}),
            json!({"token_use": null, "scp": ["reports"]}),
            json!({"token_use": null, "client_id": "web"}),
        ];
        for mark in marks {
            assert!(outcome(&jwt, &claims_with(&mark)).is_ok(), "{mark}");
            // A mark of an ID token outweighs any mark of an access token, except Keycloak's for the nonce.
            for other in ["nonce", "at_hash", "c_hash"] {
                let mut claims = claims_with(&mark);
                claims[other] = json!("n-0S6_WzA2Mj");
                let is_keycloak = other == "nonce" && mark["typ"] == "Bearer";
                assert_eq!(outcome(&jwt, &claims).is_ok(), is_keycloak, "{claims}");
            }
        }
    }

    /// Claims that the vendors document for access tokens of machine clients, and for ID tokens.
    #[test]
    fn machine_token_of_each_vendor_is_accepted_and_id_token_is_not() {
        let token = |claims: Value| {
            let mut changes =
                json!({"token_use": null, "email": null, "email_verified": null, "name": null, "nbf": null});
            changes.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
            let all = claims_with(&changes);
            outcome(&json!({"alg": "RS256", "typ": "JWT"}), &all).map(|caller| caller.subject)
        };
        let (app, oid) = ("7f5d6c1e-0000-4000-8000-000000000001", "8b2f1c3d-0000-4000-8000-000000000002");
        let entra =
            json!({"tid": "9c3a0000-0000-4000-8000-000000000003", "oid": oid, "sub": oid, "uti": "x", "rh": "0.A"});
        let with = |mut base: Value, more: Value| {
            base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            base
        };
        for (claims, subject) in [
            (
                with(entra.clone(), json!({"ver": "1.0", "appid": app, "appidacr": "1", "roles": ["Reports.Write"]})),
                oid,
            ),
            (with(entra.clone(), json!({"ver": "2.0", "azp": app, "azpacr": "1", "roles": ["Reports.Write"]})), oid),
            (with(entra.clone(), json!({"ver": "2.0", "azp": app})), oid),
            (with(entra.clone(), json!({"ver": "2.0", "idtyp": "app"})), oid),
            (json!({"sub": "q2R8@clients", "azp": "q2R8", "gty": "client-credentials"}), "q2R8@clients"),
            (json!({"sub": "q2R8@clients", "client_id": "q2R8", "scope": "reports"}), "q2R8@clients"),
            (
                json!({"sub": oid, "typ": "Bearer", "azp": "import", "preferred_username": "service-account-import"}),
                oid,
            ),
            (json!({"sub": oid, "typ": "Bearer", "azp": "web", "nonce": "n-0S6_WzA2Mj", "session_state": "s"}), oid),
            (
                json!({"aud": null, "sub": "1example", "client_id": "outlay", "scope": "a/b", "token_use": "access"}),
                "1example",
            ),
        ] {
            assert_eq!(token(claims.clone()).as_deref(), Ok(subject), "{claims}");
        }
        for claims in [
            // Entra: a user's ID token, with application roles.
            json!({"ver": "2.0", "tid": "t", "oid": oid, "sub": "pairwise", "roles": ["Approver"], "rh": "0.A"}),
            json!({"ver": "2.0", "tid": "t", "oid": oid, "sub": "pairwise", "azp": app}),
            with(entra, json!({"idtyp": "device", "azp": app})),
            // Google and Auth0: ID tokens name the client in `azp`.
            json!({"azp": "123.apps.googleusercontent.com", "hd": "example.com"}),
            json!({"azp": "q2R8", "sid": "s"}),
            json!({"typ": "ID", "azp": "web", "nonce": "n-0S6_WzA2Mj"}),
            json!({"azp": "web", "gty": "client-credentials", "nonce": "n-0S6_WzA2Mj"}),
        ] {
            assert!(token(claims.clone()).is_err(), "{claims}");
        }
    }

    #[test]
    fn only_verified_address_is_returned() {
        let email = |changes: Value| outcome(&json!({}), &claims_with(&changes)).unwrap().email;
        assert_eq!(email(json!({"email_verified": "true"})).as_deref(), Some("ana@example.com"));
        assert_eq!(email(json!({"email_verified": null})), None);
        assert_eq!(email(json!({"email_verified": false})), None);
        assert_eq!(email(json!({"email": "a@b"})), None);
        let mut claims = json!({"email": null, "email_verified": null, VERIFIED_EMAIL: "ana@example.com"});
        assert_eq!(email(claims.clone()), None);
        claims["iss"] = json!("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_example");
        assert_eq!(email(claims).as_deref(), Some("ana@example.com"));
    }

    #[test]
    fn token_for_other_use_is_rejected() {
        let invalid = [
            json!({"exp": null}),
            json!({"exp": NOW}),
            json!({"exp": NOW - 1}),
            json!({"exp": (NOW + 600).to_string()}),
            json!({"exp": -1}),
            json!({"exp": 1e300}),
            json!({"nbf": NOW + LEEWAY_SECS + 1}),
            json!({"nbf": "soon"}),
            json!({"iat": NOW + 86_400}),
            json!({"iss": null}),
            json!({"iss": "https://idp.example.com/"}),
            json!({"aud": null}),
            json!({"aud": "other"}),
            json!({"aud": "other", "client_id": "outlay"}),
            json!({"aud": {"outlay": true}}),
            json!({"sub": null}),
            json!({"sub": ""}),
            json!({"sub": "a#b"}),
            json!({"sub": "a b"}),
            json!({"sub": "a".repeat(MAX_SUBJECT + 1)}),
            json!({"sub": 7}),
            json!({"token_use": "id"}),
            json!({"token_use": 1}),
            json!({"typ": "ID"}),
            json!({"typ": "Refresh"}),
            json!({"nonce": "n-0S6_WzA2Mj"}),
            json!({"at_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng"}),
        ];
        for changes in invalid {
            assert!(outcome(&json!({"alg": "RS256"}), &claims_with(&changes)).is_err(), "{changes}");
        }
        assert!(outcome(&json!({"typ": "logout+jwt"}), &claims_with(&json!({}))).is_err());
        let duplicate = br#"{"sub":"a","sub":"b"}"#.to_vec();
        let expected = ExpectedClaims { issuer: String::new(), audiences: Vec::new() };
        let signed = VerifiedJws { header: Map::new(), payload: duplicate };
        assert!(validate_claims(&signed, &expected, Timestamp::from_second(NOW).unwrap()).is_err());
    }
}
