//! Faults: what an envelope says in place of an answer, and what that means to the caller.

use patchbay_egress::InboundResponse;
use patchbay_model::Clock;
use serde_json::Value;

use crate::{
    Error, ErrorCode,
    protocols::xml::{TEXT, local},
    response::provider_error::provider_error,
};

/// The most of a fault's words that is repeated, in characters.
const MAX_WORDS: usize = 500;
/// Codes that refuse the credentials (WS-Security, section 12).
const AUTHENTICATION: [&str; 6] = [
    "FailedAuthentication",
    "FailedCheck",
    "InvalidSecurity",
    "InvalidSecurityToken",
    "SecurityTokenUnavailable",
    "UnsupportedSecurityToken",
];
/// Codes that call the request wrong (SOAP 1.1, section 4.4.1; SOAP 1.2, section 5.4.6).
const CALLERS: [&str; 5] = ["Client", "Sender", "MustUnderstand", "VersionMismatch", "DataEncodingUnknown"];

/// The error that a fault is. A status other than 200 and 500 says more than the fault's code.
pub(super) fn error(clock: &dyn Clock, provider: &str, incoming: &InboundResponse, fault: &Value) -> Error {
    let mut error = provider_error(clock, provider, incoming);
    if let Some(failure) = &mut error.provider {
        failure.body = Value::Object([("Fault".to_owned(), fault.clone())].into_iter().collect());
    }
    let (codes, words) = (codes(fault), words(fault));
    let status = incoming.status.as_u16();
    if status == 401 || codes.iter().any(|code| refuses_credentials(code)) {
        error.set_code(ErrorCode::AccountInvalidCredentials);
        error.message = format!("{provider} refused the account's credentials: {words}");
        return error;
    }
    // By the protocol even a mistake of the caller's comes with status 500.
    let is_callers = codes.iter().any(|code| CALLERS.contains(&code.split('.').next().unwrap_or_default()));
    error.set_code(ErrorCode::Provider);
    error.set_status(match status {
        200..=299 | 500 if is_callers => 400,
        200..=399 => 500,
        status => status,
    });
    error.message = format!("{provider} answered with a SOAP fault: {words}");
    error
}

fn refuses_credentials(code: &str) -> bool {
    AUTHENTICATION.contains(&code) || code.to_ascii_lowercase().contains("authentication")
}

/// The fault's codes without their prefixes, from the general to the particular.
fn codes(fault: &Value) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(text(fault.get("faultcode")));
    let mut code = fault.get("Code");
    while let Some(at) = code.filter(|_| found.len() < 8) {
        found.extend(text(at.get("Value")));
        code = at.get("Subcode");
    }
    found.iter().map(|code| local(code.trim()).to_owned()).collect()
}

/// What the fault says: its string or reason, and the messages in its detail that add to it.
fn words(fault: &Value) -> String {
    let reason = fault.get("Reason").and_then(|reason| reason.get("Text"));
    let reason = match reason {
        Some(Value::Array(texts)) => texts.iter().find(|text| is_english(text)).or_else(|| texts.first()),
        reason => reason,
    };
    let mut said = text(fault.get("faultstring")).or_else(|| text(reason)).unwrap_or_default().trim().to_owned();
    for detail in ["detail", "Detail"].iter().filter_map(|name| fault.get(*name)) {
        messages(detail, &mut said);
    }
    if said.is_empty() {
        said = codes(fault).last().map_or_else(|| "it says no reason".to_owned(), |code| format!("`{code}`"));
    }
    let short = said.chars().take(MAX_WORDS).collect::<String>();
    if short.len() < said.len() { format!("{short}…") } else { short }
}

fn is_english(text: &Value) -> bool {
    text.get("@_lang").and_then(Value::as_str).is_some_and(|lang| lang.starts_with("en"))
}

/// Adds the texts of elements that are called a message, until there are more than are repeated.
fn messages(value: &Value, said: &mut String) {
    // Every character of what is repeated has four bytes at most.
    if said.len() > 4 * MAX_WORDS {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| messages(item, said)),
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.to_ascii_lowercase();
                if !(name.ends_with("message") || name == "description") {
                    messages(member, said);
                    continue;
                }
                let texts = member.as_array().map_or_else(|| std::slice::from_ref(member), Vec::as_slice);
                for one in texts {
                    if said.len() > 4 * MAX_WORDS {
                        return;
                    }
                    match text(Some(one)) {
                        Some(text) if said.contains(text.trim()) => {}
                        Some(text) => {
                            let parting = if said.is_empty() { "" } else { "; " };
                            said.push_str(parting);
                            said.push_str(text.trim());
                        }
                        None => messages(one, said),
                    }
                }
            }
        }
        _ => {}
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Object(members) => members.get(TEXT)?.as_str().map(str::to_owned),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_versions_say_their_words() {
        let old = json!({
            "faultcode": "SOAP-ENV:Client.validationError", "faultstring": "Validation error occurred. ",
            "detail": {"Validation_Fault": {"Validation_Error": [
                {"Message": "Validation error occurred.", "Detail_Message": "No worker.", "Xpath": "/a"},
                {"Detail_Message": "No date."},
            ]}},
        });
        assert_eq!(words(&old), "Validation error occurred.; No worker.; No date.");
        assert_eq!(codes(&old), ["Client.validationError"]);
        let new = json!({
            "Code": {"Value": "env:Sender", "Subcode": {"Value": "m:Timeout"}},
            "Reason": {"Text": [{"@_lang": "cs", "#text": "Chyba"}, {"@_lang": "en-US", "#text": "Too late"}]},
        });
        assert_eq!(words(&new), "Too late");
        assert_eq!(codes(&new), ["Sender", "Timeout"]);
        assert_eq!(words(&json!({"faultcode": "s:Server"})), "`Server`");
        assert_eq!(words(&json!("")), "it says no reason");
    }

    #[test]
    fn a_fault_without_an_end_is_read_as_far_as_it_is_repeated() {
        let texts = (0..500_000).map(|number| json!(format!("message {number}"))).collect::<Vec<_>>();
        let said = words(&json!({"faultstring": "Wrong.", "detail": {"Message": texts}}));
        assert!(said.starts_with("Wrong.; message 0; message 1; ") && said.ends_with('…'), "{said}");
        assert_eq!(said.chars().count(), MAX_WORDS + 1);
    }

    #[test]
    fn refused_credentials_are_known_by_their_codes() {
        for code in ["FailedAuthentication", "Client.authenticationError", "InvalidSecurityToken"] {
            assert!(refuses_credentials(code), "{code}");
        }
        assert!(!refuses_credentials("Client"));
    }
}
