//! The state of a request that asks something, which its client keeps and sends back.
//!
//! Clients and everyone between could change or exchange it, so it is sealed for the principal, and contains the method, a
//! digest of the parameters, when it expires, how often the request asked, and what it asked. A client may send it more than once,
//! because a response can be lost: what must happen once is the business of the handler.

use patchbay_model::{Clock, Entropy, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{
    form::check_answer,
    input::{InputRequest, InputResponses},
    outcome::Ask,
    seal::{SealPurpose, Sealer},
};
use crate::RpcError;

/// For how long a state is valid, in seconds.
const TTL_SECONDS: i64 = 600;
/// How often a request can ask.
pub(crate) const MAX_ROUNDS: u32 = 16;
/// The version of the format.
const PREFIX: &str = "v1.";

/// What a state contains.
#[derive(Debug, Deserialize, Serialize)]
struct Content {
    method: String,
    digest: String,
    /// Microseconds since 1970.
    expires: i64,
    round: u32,
    /// Makes every state another one.
    nonce: String,
    questions: Vec<(String, InputRequest)>,
    state: Option<Value>,
}

/// What is sealed and opened with.
pub(crate) struct StateKeeper<'a> {
    pub(crate) sealer: &'a dyn Sealer,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) entropy: &'a dyn Entropy,
    pub(crate) principal: &'a str,
    pub(crate) method: &'a str,
}

/// What a client sent back.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Resumed {
    pub(crate) round: u32,
    pub(crate) responses: InputResponses,
    pub(crate) state: Option<Value>,
}

impl StateKeeper<'_> {
    /// Seals the state of a request.
    pub(crate) fn seal(&self, digest: &str, round: u32, ask: &Ask) -> String {
        let content = Content {
            method: self.method.to_owned(),
            digest: digest.to_owned(),
            expires: self.clock.now().plus_seconds(TTL_SECONDS).as_micros(),
            round,
            nonce: self.entropy.token(),
            questions: ask.questions.clone(),
            state: ask.state.clone(),
        };
        let text = serde_json::to_string(&content).unwrap_or_default();
        format!("{PREFIX}{}", self.sealer.seal(SealPurpose::RequestState, self.principal, &text))
    }

    /// Reads what a client sent back: `inputResponses` and `requestState`, which are removed from the parameters. Answers to what was
    /// not asked are ignored.
    ///
    /// # Errors
    ///
    /// [`RpcError::INVALID_PARAMS`] for a state that was changed, has expired, or belongs to another request, and for answers without
    /// the shape of their questions.
    pub(crate) fn resume(&self, params: &mut Map<String, Value>) -> Result<Resumed, RpcError> {
        let (responses, state) = (params.remove("inputResponses"), params.remove("requestState"));
        let mut responses = match responses {
            None => Map::new(),
            Some(Value::Object(responses)) if responses.values().all(Value::is_object) => responses,
            Some(_) => return Err(RpcError::invalid_params("`inputResponses` is not an object of answers")),
        };
        let sealed = match state {
            None => return Ok(Resumed { responses: InputResponses(responses), ..Resumed::default() }),
            Some(Value::String(sealed)) => sealed,
            Some(_) => return Err(not_valid()),
        };
        let opened = sealed.strip_prefix(PREFIX);
        let opened = opened.and_then(|sealed| self.sealer.open(SealPurpose::RequestState, self.principal, sealed));
        let content = opened.and_then(|text| serde_json::from_str::<Content>(&text).ok()).ok_or_else(not_valid)?;
        let is_current = Timestamp::from_micros(content.expires) > self.clock.now();
        if !is_current || content.method != self.method || content.digest != digest(params) {
            return Err(not_valid());
        }
        responses.retain(|name, _| content.questions.iter().any(|(asked, _)| asked == name));
        for (name, question) in &content.questions {
            let checked = responses.get(name).map_or(Ok(()), |answer| check_answer(question, answer));
            checked
                .map_err(|reason| RpcError::invalid_params(format!("the answer `{name}` is not valid: {reason}")))?;
        }
        Ok(Resumed { round: content.round, responses: InputResponses(responses), state: content.state })
    }
}

/// One message for every reason: it must not help to make a state.
fn not_valid() -> RpcError {
    RpcError::invalid_params(
        "the `requestState` is not valid for this request, or has expired; send the request without it",
    )
}

/// Returns the SHA-256 hash of parameters, whatever the order of their members. `_meta` is not part of it.
pub(crate) fn digest(params: &Map<String, Value>) -> String {
    let mut hash = Sha256::new();
    let mut members = params.iter().filter(|(name, _)| *name != "_meta").collect::<Vec<_>>();
    members.sort_by_key(|(name, _)| *name);
    for (name, value) in members {
        hash.update(Value::String(name.clone()).to_string());
        add(&mut hash, value);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn add(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(members) => {
            let mut members = members.iter().collect::<Vec<_>>();
            members.sort_by_key(|(name, _)| *name);
            hash.update(b"{");
            for (name, value) in members {
                hash.update(Value::String(name.clone()).to_string());
                add(hash, value);
            }
            hash.update(b"}");
        }
        Value::Array(items) => {
            hash.update(b"[");
            items.iter().for_each(|item| add(hash, item));
            hash.update(b"]");
        }
        // The text of a scalar ends where it ends: strings are quoted, and numbers have a comma after them.
        other => hash.update(format!("{other},")),
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::{ManualClock, SeededEntropy};
    use serde_json::json;

    use super::*;

    /// Only for these tests: what is sealed is readable, and a checksum shows changes.
    struct OpenSealer;

    impl Sealer for OpenSealer {
        fn seal(&self, purpose: SealPurpose, principal: &str, text: &str) -> String {
            let sum = Sha256::digest(format!("{}\n{principal}\n{text}", purpose.as_str()));
            format!("{}{text}", sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }

        fn open(&self, purpose: SealPurpose, principal: &str, sealed: &str) -> Option<String> {
            let text = sealed.get(64..)?;
            (self.seal(purpose, principal, text) == sealed).then(|| text.to_owned())
        }
    }

    fn params(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn ask() -> Ask {
        let schema = json!({ "type": "object", "properties": { "ok": { "type": "boolean" } }, "required": ["ok"] });
        let question = InputRequest::Form { message: "Sure?".to_owned(), schema };
        Ask { questions: vec![("sure".to_owned(), question)], state: Some(json!(7)), otherwise: None }
    }

    #[test]
    fn a_state_opens_only_for_its_request() {
        let (clock, entropy) = (ManualClock::at("2026-07-28T00:00:00Z"), SeededEntropy::new(1));
        let keeper = |principal: &'static str, method: &'static str| StateKeeper {
            sealer: &OpenSealer,
            clock: &clock,
            entropy: &entropy,
            principal,
            method,
        };
        let original = json!({ "name": "t", "arguments": { "a": 1, "b": [2] } });
        let sealed = keeper("p", "tools/call").seal(&digest(&params(&original)), 1, &ask());
        let again = |changes: Value, keeper: StateKeeper<'_>| {
            let mut repeated = params(&original);
            repeated.insert("requestState".to_owned(), json!(sealed));
            repeated.insert(
                "inputResponses".to_owned(),
                json!({
                "sure": { "action": "accept", "content": { "ok": true } }, "other": { "x": 1 } }),
            );
            repeated.insert("_meta".to_owned(), json!({ "progressToken": 9 }));
            repeated.extend(params(&changes));
            keeper.resume(&mut repeated).map_err(|error| error.code)
        };
        let resumed = again(json!({ "arguments": { "b": [2], "a": 1 } }), keeper("p", "tools/call")).unwrap();
        assert_eq!((resumed.round, resumed.state), (1, Some(json!(7))));
        assert_eq!(resumed.responses.0.keys().collect::<Vec<_>>(), ["sure"]);
        let without = again(json!({ "inputResponses": {} }), keeper("p", "tools/call")).unwrap();
        assert!(without.responses.0.is_empty());

        let invalid = Err(RpcError::INVALID_PARAMS);
        assert_eq!(again(json!({}), keeper("q", "tools/call")), invalid);
        assert_eq!(again(json!({}), keeper("p", "prompts/get")), invalid);
        for changes in [
            json!({ "name": "u" }),
            json!({ "arguments": { "a": 1, "b": [2, 3] } }),
            json!({ "arguments": { "a": 12, "b": [] } }),
            json!({ "extra": null }),
            json!({ "requestState": format!("{sealed}-TAMPERED") }),
            json!({ "requestState": sealed.replacen('7', "8", 1) }),
            json!({ "requestState": sealed.trim_start_matches("v1.") }),
            json!({ "requestState": "" }),
            json!({ "requestState": null }),
            json!({ "requestState": { "a": 1 } }),
            json!({ "inputResponses": null }),
            json!({ "inputResponses": { "sure": 12345 } }),
            json!({ "inputResponses": { "sure": { "action": "accept", "content": { "ok": "yes" } } } }),
        ] {
            assert_eq!(again(changes.clone(), keeper("p", "tools/call")), invalid, "{changes}");
        }
        clock.advance_seconds(TTL_SECONDS);
        assert_eq!(again(json!({}), keeper("p", "tools/call")), invalid);
    }

    #[test]
    fn no_byte_of_a_state_can_be_changed() {
        let (clock, entropy) = (ManualClock::at("2026-07-28T00:00:00Z"), SeededEntropy::new(1));
        let keeper =
            StateKeeper { sealer: &OpenSealer, clock: &clock, entropy: &entropy, principal: "p", method: "tools/call" };
        let original = params(&json!({ "name": "t" }));
        let sealed = keeper.seal(&digest(&original), 1, &ask());
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] ^= 1;
            let mut repeated = original.clone();
            repeated.insert("requestState".to_owned(), json!(String::from_utf8_lossy(&bytes)));
            assert!(keeper.resume(&mut repeated).is_err(), "byte {at}");
        }
    }

    #[test]
    fn different_parameters_have_different_digests() {
        let of = |value: Value| digest(&params(&value));
        assert_eq!(of(json!({ "a": { "b": 1, "c": 2 } })), of(json!({ "a": { "c": 2, "b": 1 } })));
        let different = [
            json!({ "a": [1, 2] }),
            json!({ "a": [12] }),
            json!({ "a": [[1], 2] }),
            json!({ "a": "1" }),
            json!({ "a": 1 }),
            json!({ "a": null }),
            json!({ "a": {} }),
            json!({ "a": [] }),
            json!({}),
        ];
        let mut digests = different.map(of).to_vec();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), 9);
    }
}
