//! The secrets that deliveries are compared with.

use patchbay_connector::{
    definition::SecretEncoding,
    expr::{Bindings, Escape, Template},
};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{decode, request::Delivery};

/// The maximum number of secrets that a delivery is compared with.
const MAX_SECRETS: usize = 32;

/// The secrets that deliveries are compared with.
#[derive(Clone, Debug, Default)]
pub struct InboundSecrets<'a> {
    /// The objects behind `credentials`, tried in order: the profile's, with a captured secret, then the account's if the
    /// request came to the URL of its subscription.
    pub credentials: Vec<&'a Value>,
    /// The object behind `subscription`: the result of `setup.creation`, if the request came to the URL of a subscription.
    pub subscription: Option<&'a Value>,
}

impl InboundSecrets<'_> {
    /// Calls `visit` with the bindings for each object of credentials, until it returns a value.
    pub(super) fn find<T>(
        &self,
        delivery: &Delivery<'_>,
        templates: &[&Template],
        mut visit: impl FnMut(&Bindings<'_>) -> Option<T>,
    ) -> Option<T> {
        let roots = delivery.roots(templates);
        let none = [&Value::Null];
        let all = if self.credentials.is_empty() { &none[..] } else { &self.credentials };
        all.iter().find_map(|credentials| {
            let mut roots = roots.clone();
            roots.push(("credentials", credentials));
            roots.extend(self.subscription.map(|subscription| ("subscription", subscription)));
            visit(&Bindings { roots: &roots })
        })
    }

    /// Returns the values of templates that are not empty, in the order of the templates and then of the credentials.
    pub(super) fn values(&self, delivery: &Delivery<'_>, templates: &[Template]) -> Vec<Zeroizing<String>> {
        let mut found = Vec::new();
        for template in templates {
            self.find(delivery, &[template], |bindings| {
                // Without the field, the next one is tried.
                let value = template.eval_text(bindings, Escape::None).ok().flatten().filter(|text| !text.is_empty());
                found.extend(value.map(Zeroizing::new));
                None::<()>
            });
        }
        found.truncate(MAX_SECRETS);
        found
    }

    /// Returns the keys of templates, decoded; an empty or malformed key is left out, because anyone could sign with it.
    pub(super) fn keys(
        &self,
        delivery: &Delivery<'_>,
        templates: &[Template],
        encoding: SecretEncoding,
    ) -> Vec<Zeroizing<Vec<u8>>> {
        let decoded = |text: Zeroizing<String>| match encoding {
            SecretEncoding::Text => Some(text.as_bytes().to_vec()),
            SecretEncoding::Base64 => decode::base64(text.trim()),
            SecretEncoding::Hex => decode::hex(text.trim()),
        };
        let keys = self.values(delivery, templates).into_iter().filter_map(decoded);
        keys.filter(|key| !key.is_empty()).map(Zeroizing::new).collect()
    }
}
