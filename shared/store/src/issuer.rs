//! Verification keys of the token issuer: a cache that all functions share. They can be fetched again at any time.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use serde::Deserialize;

use crate::attributes::{key_attributes, number, text};
use crate::client::Store;
use crate::error::{StoreError, is_condition_failure};
use crate::integrity::Stored;
use crate::keys;

/// Fetched verification keys.
#[derive(Clone, Debug, Deserialize)]
pub struct IssuerKeys {
    /// JSON Web Key Set as the issuer sent it.
    pub key_set: String,
    /// Fetch time, seconds since the epoch.
    pub fetched_at: i64,
}

/// Item of an issuer. It has no keys while the first fetch is under way.
#[derive(Deserialize)]
struct IssuerItem {
    #[serde(flatten)]
    keys: Option<IssuerKeys>,
}

impl Stored for IssuerItem {
    // It is updated in place.
    const HAS_DIGEST: bool = false;
}

impl Store {
    /// Reads the keys of an issuer that were fetched last.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn issuer_keys(&self, issuer: &str) -> Result<Option<IssuerKeys>, StoreError> {
        Ok(self.get::<IssuerItem>(&keys::issuer_keys(issuer)).await?.and_then(|item| item.keys))
    }

    /// Stores the keys of an issuer, fetched at `now` (seconds since the epoch).
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn put_issuer_keys(&self, issuer: &str, key_set: &str, now: i64) -> Result<(), StoreError> {
        let request =
            self.update_issuer(issuer).update_expression("SET key_set = :keys, fetched_at = :now, entity = :entity");
        let request = request.expression_attribute_values(":keys", text(key_set));
        request.expression_attribute_values(":now", number(now)).send().await?;
        Ok(())
    }

    /// Acquires the right to fetch the keys of an issuer. All functions together get it once in `seconds`; others get
    /// `false`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn acquire_issuer_fetch(&self, issuer: &str, now: i64, seconds: i64) -> Result<bool, StoreError> {
        let request = self
            .update_issuer(issuer)
            .update_expression("SET tried_at = :now, entity = :entity")
            .condition_expression("attribute_not_exists(tried_at) OR tried_at <= :before")
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":before", number(now.saturating_sub(seconds)));
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failure(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a cache is no decision of the domain")]
    fn update_issuer(&self, issuer: &str) -> UpdateItemFluentBuilder {
        let request = self.client.update_item().table_name(&self.table);
        let request = request.set_key(Some(key_attributes(&keys::issuer_keys(issuer))));
        request.expression_attribute_values(":entity", text("issuer"))
    }
}
