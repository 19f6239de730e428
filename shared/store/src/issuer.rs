//! The verification keys of the token issuer, as they were last fetched. Not a record of the product: anybody who may reach the issuer
//! can fetch them again.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use serde::Deserialize;

use crate::digest::Stored;
use crate::items::{key_attributes, number, text};
use crate::{Store, StoreError, keys};

/// Keys as they were fetched.
#[derive(Clone, Debug, Deserialize)]
pub struct IssuerKeys {
    /// The JSON Web Key Set, as the issuer sent it.
    pub key_set: String,
    /// When, in seconds since 1970.
    pub fetched_at: i64,
}

impl Store {
    /// The keys of an issuer that were fetched last.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn issuer_keys(&self, issuer: &str) -> Result<Option<IssuerKeys>, StoreError> {
        #[derive(Deserialize)]
        struct Item {
            #[serde(flatten)]
            keys: Option<IssuerKeys>,
        }
        impl Stored for Item {
            // It is renewed in place.
            const HAS_DIGEST: bool = false;
        }
        Ok(self.get::<Item>(&keys::issuer(issuer)).await?.and_then(|item| item.keys))
    }

    /// Keeps the keys of an issuer.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn keep_issuer_keys(&self, issuer: &str, key_set: &str, now: i64) -> Result<(), StoreError> {
        let request =
            self.update_issuer(issuer).update_expression("SET key_set = :keys, fetched_at = :now, entity = :entity");
        let request = request.expression_attribute_values(":keys", text(key_set));
        request.expression_attribute_values(":now", number(now)).send().await?;
        Ok(())
    }

    /// Takes the right to fetch the keys of an issuer, which is given once in `seconds`, to whichever function asks first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn may_fetch(&self, issuer: &str, now: i64, seconds: i64) -> Result<bool, StoreError> {
        let request = self
            .update_issuer(issuer)
            .update_expression("SET tried_at = :now, entity = :entity")
            .condition_expression("attribute_not_exists(tried_at) OR tried_at <= :before")
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":before", number(now.saturating_sub(seconds)));
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_conditional_check_failed_exception() => Ok(false),
                _ => Err(error.into()),
            },
        }
    }

    #[expect(clippy::disallowed_methods, reason = "no decision of the rules")]
    fn update_issuer(&self, issuer: &str) -> UpdateItemFluentBuilder {
        let request = self.client.update_item().table_name(&self.table);
        let request = request.set_key(Some(key_attributes(&keys::issuer(issuer))));
        request.expression_attribute_values(":entity", text("issuer"))
    }
}
