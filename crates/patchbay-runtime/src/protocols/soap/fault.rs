//! Turns SOAP faults into errors (SOAP 1.1, section 4.4; SOAP 1.2, section 5.4).

use patchbay_egress::InboundResponse;
use patchbay_model::Clock;
use serde_json::Value;

use crate::{
    Error, ErrorCode,
    protocols::xml::{TEXT, local},
    redaction::{redactor::Redactor, shorten::shortened},
    response::provider_error::provider_error,
};

/// The maximum number of codes that are read of a fault.
const MAX_CODES: usize = 8;
/// The maximum length of a fault's message in an error, in characters.
const MAX_MESSAGE_CHARS: usize = 500;
/// Codes that reject the credentials (WS-Security, section 12).
const AUTHENTICATION_CODES: [&str; 6] = [
    "FailedAuthentication",
    "FailedCheck",
    "InvalidSecurity",
    "InvalidSecurityToken",
    "SecurityTokenUnavailable",
    "UnsupportedSecurityToken",
];
/// Codes that report a mistake of the caller (SOAP 1.1, section 4.4.1; SOAP 1.2, section 5.4.6).
const CALLER_CODES: [&str; 5] = ["Client", "Sender", "MustUnderstand", "VersionMismatch", "DataEncodingUnknown"];

/// Returns the error for a fault. A status other than 200 and 500 takes precedence over the fault's code.
pub(super) fn error(
    clock: &dyn Clock,
    provider: &str,
    response: &InboundResponse,
    fault: &Value,
    redactor: &Redactor,
) -> Error {
    let mut error = provider_error(clock, provider, response, redactor);
    if let Some(failure) = &mut error.provider {
        failure.body = Value::Object([("Fault".to_owned(), fault.clone())].into_iter().collect());
    }
    let (codes, message) = (codes(fault), message(fault, redactor));
    let status = response.status.as_u16();
    if status == 401 || codes.iter().any(|code| rejects_credentials(code)) {
        error.set_code(ErrorCode::AccountInvalidCredentials);
        error.message = format!("{provider} rejected the account's credentials: {message}");
        return error;
    }
    // The binding to HTTP requires status 500 even for a mistake of the caller (SOAP 1.1, section 6.2).
    let is_caller_error = codes.iter().any(|code| CALLER_CODES.contains(&code.split('.').next().unwrap_or_default()));
    error.set_code(ErrorCode::Provider);
    error.set_status(match status {
        200..=299 | 500 if is_caller_error => 400,
        200..=399 => 500,
        status => status,
    });
    error.message = format!("{provider} returned a SOAP fault: {message}");
    error
}

/// Returns true if a code rejects the credentials.
fn rejects_credentials(code: &str) -> bool {
    AUTHENTICATION_CODES.contains(&code) || code.to_ascii_lowercase().contains("authentication")
}

/// Returns the fault's codes without prefixes, the most general first.
fn codes(fault: &Value) -> Vec<String> {
    let mut codes = Vec::new();
    codes.extend(text(fault.get("faultcode")));
    let mut code = fault.get("Code");
    while let Some(outer) = code.filter(|_| codes.len() < MAX_CODES) {
        codes.extend(text(outer.get("Value")));
        code = outer.get("Subcode");
    }
    codes.iter().map(|code| local(code.trim()).to_owned()).collect()
}

/// Returns the fault's message: its string or reason, and further messages in its detail. It is redacted and then shortened.
fn message(fault: &Value, redactor: &Redactor) -> String {
    let reason = fault.get("Reason").and_then(|reason| reason.get("Text"));
    let reason = match reason {
        Some(Value::Array(texts)) => texts.iter().find(|text| is_english(text)).or_else(|| texts.first()),
        reason => reason,
    };
    let mut message = text(fault.get("faultstring")).or_else(|| text(reason)).unwrap_or_default().trim().to_owned();
    for detail in ["detail", "Detail"].iter().filter_map(|name| fault.get(*name)) {
        add_messages(detail, &mut message);
    }
    if message.is_empty() {
        message = codes(fault).last().map_or_else(|| "no reason given".to_owned(), |code| format!("`{code}`"));
    }
    shortened(&message, MAX_MESSAGE_CHARS, redactor)
}

fn is_english(text: &Value) -> bool {
    text.get("@_lang").and_then(Value::as_str).is_some_and(|lang| lang.starts_with("en"))
}

/// Adds the texts of elements whose names denote a message, until the message exceeds its maximum length.
fn add_messages(value: &Value, message: &mut String) {
    // A character has at most four bytes.
    if message.len() > 4 * MAX_MESSAGE_CHARS {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| add_messages(item, message)),
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.to_ascii_lowercase();
                if !(name.ends_with("message") || name == "description") {
                    add_messages(member, message);
                    continue;
                }
                let texts = member.as_array().map_or_else(|| std::slice::from_ref(member), Vec::as_slice);
                for one in texts {
                    if message.len() > 4 * MAX_MESSAGE_CHARS {
                        return;
                    }
                    match text(Some(one)) {
                        Some(text) if message.contains(text.trim()) => {}
                        Some(text) => {
                            let separator = if message.is_empty() { "" } else { "; " };
                            message.push_str(separator);
                            message.push_str(text.trim());
                        }
                        None => add_messages(one, message),
                    }
                }
            }
        }
        _ => {}
    }
}

/// Returns an element's text.
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
    fn both_versions_have_codes_and_a_message() {
        let none = Redactor::default();
        let old = json!({
            "faultcode": "SOAP-ENV:Client.validationError", "faultstring": "Validation error occurred. ",
            "detail": {"Validation_Fault": {"Validation_Error": [
                {"Message": "Validation error occurred.", "Detail_Message": "No worker.", "Xpath": "/a"},
                {"Detail_Message": "No date."},
            ]}},
        });
        assert_eq!(message(&old, &none), "Validation error occurred.; No worker.; No date.");
        assert_eq!(codes(&old), ["Client.validationError"]);
        let new = json!({
            "Code": {"Value": "env:Sender", "Subcode": {"Value": "m:Timeout"}},
            "Reason": {"Text": [{"@_lang": "cs", "#text": "Chyba"}, {"@_lang": "en-US", "#text": "Too late"}]},
        });
        assert_eq!(message(&new, &none), "Too late");
        assert_eq!(codes(&new), ["Sender", "Timeout"]);
        assert_eq!(message(&json!({"faultcode": "s:Server"}), &none), "`Server`");
        assert_eq!(message(&json!(""), &none), "no reason given");
    }

    #[test]
    fn the_message_of_a_large_fault_is_shortened() {
        let texts = (0..500_000).map(|number| json!(format!("message {number}"))).collect::<Vec<_>>();
        let message = message(&json!({"faultstring": "Wrong.", "detail": {"Message": texts}}), &Redactor::default());
        assert!(message.starts_with("Wrong.; message 0; message 1; ") && message.ends_with('…'), "{message}");
        assert_eq!(message.chars().count(), MAX_MESSAGE_CHARS + 1);
    }

    #[test]
    fn a_message_is_redacted_before_it_is_shortened() {
        let redactor = Redactor::new(["canary-secret"].into_iter());
        for secret in ["canary-secret", "4111111111111111"] {
            for place in MAX_MESSAGE_CHARS - 16..=MAX_MESSAGE_CHARS {
                let fault = json!({"faultstring": format!("{} {secret} and more", "x".repeat(place))});
                let kept = crate::redact_secrets(&message(&fault, &redactor)).into_owned();
                assert!(!kept.contains("can") && !kept.contains('4'), "{kept}");
            }
        }
    }

    #[test]
    fn codes_that_reject_credentials_are_recognized() {
        for code in ["FailedAuthentication", "Client.authenticationError", "InvalidSecurityToken"] {
            assert!(rejects_credentials(code), "{code}");
        }
        assert!(!rejects_credentials("Client"));
    }
}
