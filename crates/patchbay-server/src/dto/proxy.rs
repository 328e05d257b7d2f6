//! The raw proxy.

use std::collections::BTreeMap;

use bytes::Bytes;
use patchbay_connector::definition::HttpMethod;
use patchbay_engine::{Error, ProxyOutcome, ProxyRequest, ReservedBuffer, memory_spent, reserved};
use patchbay_model::{AccountId, MemorySpent};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, SchemaType, Type},
    },
};

use super::problems::invalid;
use crate::error::after_call;

/// A request to the provider's own host.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "method": "get", "path": "/contract_types/" }))]
pub(crate) struct SendProxied {
    /// A base URL on the connector's host, in place of the connector's own.
    #[serde(default)]
    #[schema(format = "uri")]
    url: Option<String>,
    /// The method, in upper or lower case; `get` if absent.
    #[serde(default)]
    #[schema(value_type = Option<ProxyMethod>)]
    method: Option<String>,
    /// The path with its query; `/` if absent.
    #[serde(default)]
    #[schema(pattern = "^/", example = "/contracts?limit=10")]
    path: Option<String>,
    /// Headers to add. Null is ignored.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, ProxyHeader>>)]
    headers: Option<Map<String, Value>>,
    /// The body. It is sent unchanged as JSON, unless the header `content-type` names another type: an object is then sent
    /// as the form that the type names, and a string as it is. Null sends none.
    #[serde(default)]
    #[schema(value_type = Value)]
    body: Option<Box<RawValue>>,
}

/// A method of a proxied request.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema of a member that is read in any case")]
pub(crate) enum ProxyMethod {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// The value of a header, which is sent as a string. Null is ignored.
pub(crate) enum ProxyHeader {}

impl PartialSchema for ProxyHeader {
    fn schema() -> RefOr<Schema> {
        let types = [Type::String, Type::Number, Type::Boolean, Type::Null];
        let description = "The value of a header, which is sent as a string. Null is ignored.";
        ObjectBuilder::new().schema_type(SchemaType::from_iter(types)).description(Some(description)).into()
    }
}

impl ToSchema for ProxyHeader {}

impl SendProxied {
    /// Returns the headers to add.
    pub(crate) fn headers(&self) -> Option<&Map<String, Value>> {
        self.headers.as_ref()
    }

    /// Returns the engine's request.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for another method and for a header's value that is a list or an object; 503 `ServerBusyError` if
    /// the process has no memory left for the body.
    pub(crate) fn into_request(self, account_id: AccountId) -> Result<ProxyRequest, Error> {
        let method = match self.method.as_deref().unwrap_or("get").to_ascii_lowercase().as_str() {
            "get" => HttpMethod::Get,
            "post" => HttpMethod::Post,
            "put" => HttpMethod::Put,
            "patch" => HttpMethod::Patch,
            "delete" => HttpMethod::Delete,
            _ => return Err(invalid("method", "method must be get, post, put, patch or delete")),
        };
        let mut headers = Vec::new();
        for (name, value) in self.headers.unwrap_or_default() {
            match value {
                Value::Null => {}
                Value::String(text) => headers.push((name, text)),
                Value::Number(_) | Value::Bool(_) => headers.push((name, value.to_string())),
                Value::Array(_) | Value::Object(_) => {
                    return Err(invalid(&format!("headers.{name}"), "a header's value must be a string"));
                }
            }
        }
        let body =
            self.body.map(|raw| Bytes::from(Box::<str>::from(raw).into_string())).filter(|raw| raw.as_ref() != b"null");
        let body = body.map(reserved).transpose().map_err(|spent| memory_spent("the request was not sent", spent))?;
        Ok(ProxyRequest {
            account_id,
            url: self.url,
            method,
            path: self.path.unwrap_or_else(|| "/".to_owned()),
            headers,
            body,
        })
    }
}

/// The provider's response.
#[derive(ToSchema)]
#[schema(as = ProxyResponse)]
#[expect(dead_code, reason = "`to_json` writes it without a copy of the body")]
pub(crate) struct ProxyResponseOut {
    /// The provider's status, whatever it is.
    #[schema(minimum = 100, maximum = 599, example = 200)]
    status: u16,
    /// The provider's headers.
    headers: BTreeMap<String, String>,
    /// The provider's body: JSON if it is JSON, otherwise a string.
    data: Value,
}

impl ProxyResponseOut {
    /// Returns `{"status":…,"headers":{…},"data":…}` with the provider's bytes unchanged: the engine has checked that they
    /// are JSON.
    ///
    /// # Errors
    ///
    /// 503 `ServerBusyError` if the process has no memory left for it.
    pub(crate) fn to_json(outcome: &ProxyOutcome) -> Result<Bytes, Error> {
        let headers: Map<String, Value> =
            outcome.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        let headers = serde_json::to_vec(&headers).unwrap_or_else(|_| b"{}".to_vec());
        let status = outcome.status.to_string();
        let parts: [&[u8]; 7] =
            [b"{\"status\":", status.as_bytes(), b",\"headers\":", &headers, b",\"data\":", &outcome.body, b"}"];
        let not_written = |spent| not_written(spent, outcome);
        let mut out = ReservedBuffer::with_capacity(parts.iter().map(|part| part.len()).sum()).map_err(not_written)?;
        for part in parts {
            out.extend(part).map_err(not_written)?;
        }
        Ok(out.into_bytes())
    }
}

fn not_written(spent: MemorySpent, outcome: &ProxyOutcome) -> Error {
    after_call(memory_spent("the provider's response was not passed on", spent), outcome.may_have_effect)
}

#[cfg(test)]
mod tests {
    use patchbay_engine::ErrorCode;
    use patchbay_model::{CallId, LARGE_VALUES};

    use super::*;

    /// Only a call that changed nothing may run again with its idempotency key.
    #[test]
    fn a_response_that_is_not_written_may_be_asked_for_again_unless_the_call_changed_something() {
        LARGE_VALUES.set_limit(1);
        for may_have_effect in [false, true] {
            let outcome = ProxyOutcome {
                call_id: CallId::new("call"),
                status: 200,
                headers: Vec::new(),
                may_have_effect,
                body: Bytes::from(format!("\"{}\"", "x".repeat(100_000))),
            };
            let error = ProxyResponseOut::to_json(&outcome).unwrap_err();
            assert_eq!((error.code, error.is_without_effect()), (ErrorCode::ServerBusy, !may_have_effect));
        }
    }
}
