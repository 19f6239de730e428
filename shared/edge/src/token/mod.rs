//! Who has signed in: the access token of a request, verified here and completely, whatever stands before the function. A gateway
//! that was set up wrongly must not open the door, and API Gateway's JWT authorizer cannot tell an ID token from an access token.
//! Rules beyond the signature: RFC 8725 (best current practices), RFC 9068 (access tokens), RFC 7519, section 4.1 (claims).

mod fetch;
mod issuer;
mod keys;

use jiff::Timestamp;
use outlay_store::Identity;
use serde_json::{Map, Value};

pub use issuer::{Issuer, Unverified};
pub use keys::{Keys, MAX_TOKEN, Signed, Token, Why};

use crate::{checks, decode};

/// How far ahead the issuer's clock may be, in seconds. A token that has expired has expired.
const LEEWAY: i64 = 5;
/// The longest subject, in characters; it becomes part of keys of the table.
pub const MAX_SUBJECT: usize = 128;

/// The claim with an address that `triggers-claims` has found verified.
pub const VERIFIED_EMAIL: &str = "verified_email";

/// The issuers of user pools begin with this.
const COGNITO: &str = "https://cognito-idp.";

/// What a token must have been issued for.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The issuer, exactly as in `iss`.
    pub issuer: String,
    /// The audiences, one of which must be in `aud`, or be the `client_id` of a token without `aud`, as Cognito's are.
    pub audiences: Vec<String>,
}

/// The person or machine that a verified token speaks of.
///
/// # Errors
/// Why the token is refused, for the log.
pub fn identity(signed: &Signed, expected: &Expected, now: Timestamp) -> Result<Identity, Why> {
    let claims = decode::object(&signed.payload).map_err(|_| "its payload is not one JSON object")?;
    is_access_token(&signed.header, &claims)?;
    in_time(&claims, now.as_second())?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(&expected.issuer) {
        return Err("it is of another issuer");
    }
    let meant = |audience: &Value| audience.as_str().is_some_and(|it| expected.audiences.iter().any(|one| one == it));
    let for_us = match claims.get("aud") {
        Some(Value::Array(several)) => several.iter().any(meant),
        Some(one) => meant(one),
        None => claims.get("client_id").is_some_and(meant),
    };
    if !for_us {
        return Err("it is for another audience");
    }
    let subject = text("sub").filter(|subject| is_subject(subject)).ok_or("it names no subject")?;
    let verified = claims.get("email_verified").is_some_and(|it| *it == Value::Bool(true) || *it == "true");
    // Access tokens of Cognito carry no address; `triggers-claims` puts it there. Of another issuer that claim would be anybody's.
    let of_trigger = text(VERIFIED_EMAIL).filter(|_| expected.issuer.starts_with(COGNITO));
    let email = text("email").filter(|_| verified).or(of_trigger);
    let email = email.filter(|email| checks::email(email).is_ok());
    Ok(Identity {
        subject: subject.to_owned(),
        email: email.map(str::to_ascii_lowercase),
        name: text("name").map(str::to_owned),
    })
}

/// Whether a text can be the subject of a token here: visible ASCII without `#`, which separates the parts of a key.
#[must_use]
pub fn is_subject(text: &str) -> bool {
    (1..=MAX_SUBJECT).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
}

/// An ID token tells an application who somebody is, a refresh token is for the issuer; neither is meant for an API. Nothing may say that
/// it is one of these, and something must say that it is not: an ID token of a flow without a nonce bears no mark of its own.
fn is_access_token(header: &Map<String, Value>, claims: &Map<String, Value>) -> Result<(), Why> {
    let is = |value: &Value, allowed: &[&str]| {
        value.as_str().is_some_and(|it| allowed.iter().any(|one| it.eq_ignore_ascii_case(one)))
    };
    let (typ, token_use, claimed) = (header.get("typ"), claims.get("token_use"), claims.get("typ"));
    // `token_use` is Cognito's, the claim `typ` Keycloak's; the last three are what OpenID Connect puts into ID tokens.
    let contradicted = typ.is_some_and(|it| !is(it, &["JWT", "at+jwt", "application/at+jwt"]))
        || token_use.is_some_and(|it| !is(it, &["access"]))
        || claimed.is_some_and(|it| !is(it, &["Bearer", "at+jwt"]))
        || ["nonce", "at_hash", "c_hash"].iter().any(|name| claims.contains_key(*name));
    // What was granted to whom is for an API to know.
    let marked = typ.is_some_and(|it| is(it, &["at+jwt", "application/at+jwt"]))
        || token_use.is_some()
        || claimed.is_some()
        || ["scope", "scp", "client_id"].iter().any(|name| claims.contains_key(*name));
    if marked && !contradicted { Ok(()) } else { Err("it is not an access token") }
}

fn in_time(claims: &Map<String, Value>, now: i64) -> Result<(), Why> {
    let moment = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => seconds(value).map(Some).ok_or("a time in it is not a number of seconds"),
    };
    let expires = moment("exp")?.ok_or("it does not expire")?;
    if expires <= now {
        return Err("it has expired");
    }
    let later = now.saturating_add(LEEWAY);
    if moment("nbf")?.is_some_and(|it| it > later) || moment("iat")?.is_some_and(|it| it > later) {
        return Err("it is not valid yet");
    }
    Ok(())
}

/// A `NumericDate`: seconds since 1970, of which fractions are dropped. The largest is the last second of the year 9999.
fn seconds(value: &Value) -> Option<i64> {
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

    fn outcome(header: &Value, claims: &Value) -> Result<Identity, Why> {
        let header = header.as_object().unwrap().clone();
        let signed = Signed { header, payload: claims.to_string().into_bytes() };
        let issuer =
            claims["iss"].as_str().filter(|issuer| issuer.starts_with(COGNITO)).unwrap_or("https://idp.example.com");
        let expected = Expected { issuer: issuer.to_owned(), audiences: vec!["outlay".to_owned()] };
        identity(&signed, &expected, Timestamp::from_second(NOW).unwrap())
    }

    /// The claims of a good token with some in place of its own; null takes one out.
    fn with(changes: &Value) -> Value {
        let mut claims = json!({
            "iss": "https://idp.example.com", "aud": "outlay", "sub": "5f7c2b1e", "exp": NOW + 600, "nbf": NOW, "iat": NOW,
            "token_use": "access", "email": "Ana@Example.com", "email_verified": true, "name": "Ana Silva",
        });
        let members = claims.as_object_mut().unwrap();
        members.extend(changes.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        claims
    }

    #[test]
    fn a_good_token_names_its_subject() {
        let found = outcome(&json!({"alg": "RS256", "typ": "JWT"}), &with(&json!({}))).unwrap();
        assert_eq!((found.subject.as_str(), found.email.as_deref()), ("5f7c2b1e", Some("ana@example.com")));
        let good = [
            json!({"aud": ["other", "outlay"]}),
            json!({"aud": null, "client_id": "outlay"}),
            json!({"nbf": null, "iat": null}),
            json!({"exp": NOW + 1, "nbf": NOW + LEEWAY, "iat": NOW + LEEWAY}),
            json!({"exp": 1_795_000_600.5}),
            json!({"token_use": null, "typ": "Bearer"}),
            json!({"sub": "a".repeat(MAX_SUBJECT)}),
        ];
        for changes in good {
            outcome(&json!({"alg": "RS256"}), &with(&changes)).unwrap_or_else(|why| panic!("{changes}: {why}"));
        }
        assert!(outcome(&json!({"typ": "at+jwt"}), &with(&json!({}))).is_ok());
    }

    #[test]
    fn something_says_that_a_token_is_an_access_token() {
        let bare = with(&json!({"token_use": null}));
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
            assert!(outcome(&jwt, &with(&mark)).is_ok(), "{mark}");
            // However it is marked, what says that it is another token counts.
            for other in ["nonce", "at_hash", "c_hash"] {
                let mut claims = with(&mark);
                claims[other] = json!("n-0S6_WzA2Mj");
                assert!(outcome(&jwt, &claims).is_err(), "{claims}");
            }
        }
    }

    #[test]
    fn an_address_counts_when_it_is_verified() {
        let email = |changes: Value| outcome(&json!({}), &with(&changes)).unwrap().email;
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
    fn a_token_that_is_not_for_this_api_is_refused() {
        let bad = [
            json!({"exp": null}),
            json!({"exp": NOW}),
            json!({"exp": NOW - 1}),
            json!({"exp": (NOW + 600).to_string()}),
            json!({"exp": -1}),
            json!({"exp": 1e300}),
            json!({"nbf": NOW + LEEWAY + 1}),
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
        for changes in bad {
            assert!(outcome(&json!({"alg": "RS256"}), &with(&changes)).is_err(), "{changes}");
        }
        assert!(outcome(&json!({"typ": "logout+jwt"}), &with(&json!({}))).is_err());
        let twice = br#"{"sub":"a","sub":"b"}"#.to_vec();
        let expected = Expected { issuer: String::new(), audiences: Vec::new() };
        let signed = Signed { header: Map::new(), payload: twice };
        assert!(identity(&signed, &expected, Timestamp::from_second(NOW).unwrap()).is_err());
    }
}
