//! The answers of tools.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{
    arguments::Arguments,
    budget::{Cut, MAX_RESULT_BYTES, fit},
    files::File,
    schema::shortened,
};
use crate::Error;

/// The longest message or path of a problem, in characters: both may repeat names that the caller chose.
const MAX_LINE_CHARS: usize = 2_000;
/// The most problems that an answer lists.
const MAX_PROBLEMS: usize = 20;
/// The most characters of a provider's error that an answer repeats.
const MAX_PROVIDER_CHARS: usize = 2_000;

/// The answer of a tool, as a result of `tools/call`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolAnswer {
    /// The content blocks.
    pub content: Vec<Value>,
    /// The result as JSON; none if the call failed.
    pub structured: Option<Map<String, Value>>,
    /// Whether the call failed. The first text says why, and what to do.
    pub is_error: bool,
}

impl ToolAnswer {
    /// Returns a result that fits a context, with its files as blocks of their own.
    pub(super) fn of_result(result: Map<String, Value>, file: Option<File>) -> Self {
        let (result, cut) = fit(result, MAX_RESULT_BYTES);
        let mut content = vec![text(Value::Object(result.clone()).to_string())];
        if let Some(cut) = cut {
            content.push(text(how_to_go_on(&cut)));
        }
        content.extend(file.map(|file| block(&file)));
        Self { content, structured: Some(result), is_error: false }
    }

    /// Returns a failure with a sentence that says what to do.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self { content: vec![text(message.into())], structured: None, is_error: true }
    }

    /// Returns the failure of a call, with its problems by the names that the caller used.
    pub(super) fn of_error(error: &Error, arguments: Option<&Arguments>, link: Option<&str>) -> Self {
        let mut lines = vec![shortened(&error.message, MAX_LINE_CHARS)];
        for problem in error.problems.iter().take(MAX_PROBLEMS) {
            let path = problem.path.to_string();
            let path = arguments.map_or_else(|| path.clone(), |arguments| arguments.shown_path(&path));
            let line = format!("- {}: {}", shortened(&path, MAX_LINE_CHARS), problem.message);
            lines.push(shortened(&line, 2 * MAX_LINE_CHARS));
        }
        if let Some(seconds) = error.retry_after {
            lines.push(format!("Try again in {seconds} s."));
        }
        if let Some(link) = link {
            lines.push(format!("A person who may use the account can reconnect it here: {link}"));
        }
        let body = error.provider.as_ref().map(|provider| &provider.body).filter(|body| !body.is_null());
        if let Some(body) = body {
            let shown = match body {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            lines.push(format!("The provider's answer: {}", shortened(&shown, MAX_PROVIDER_CHARS)));
        }
        lines.push(format!("Error code: {}", error.code));
        Self::failed(lines.join("\n"))
    }

    /// Returns the answer as the result of `tools/call`.
    pub fn into_value(self) -> Value {
        let mut result = json!({ "content": self.content, "isError": self.is_error });
        if let Some(structured) = self.structured.filter(|_| !self.is_error) {
            result["structuredContent"] = structured.into();
        }
        result
    }
}

/// A tool that is not listed: it does not exist, or the caller may not call it. Both have the same message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tool `{0}` does not exist, or is not enabled for these accounts; list the tools to see those that are")]
pub struct ToolRefused(String);

impl ToolRefused {
    /// Creates the refusal of a name.
    pub(super) fn new(name: &str) -> Self {
        Self(shortened(&name.chars().filter(|c| !c.is_control()).collect::<String>(), 100))
    }
}

fn text(text: impl Into<String>) -> Value {
    json!({ "type": "text", "text": text.into() })
}

/// Says what is missing, and how to get it.
fn how_to_go_on(cut: &Cut) -> String {
    let limit = MAX_RESULT_BYTES / 1_000;
    if cut.total == 0 {
        return format!(
            "The result is larger than {limit} kB, so long texts in it were cut. Ask for one record, or for fewer fields."
        );
    }
    format!(
        "The result is larger than {limit} kB, so `{}` has the first {} of {} elements. For the others, repeat the call with \
         a smaller page or a narrower filter. `next` goes on after all {}.",
        cut.path, cut.returned, cut.total, cut.total
    )
}

/// Returns a file as the block of its media type.
fn block(file: &File) -> Value {
    match file {
        File::Content { name, media_type, bytes, uri } => {
            let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            let data = || STANDARD.encode(bytes);
            match kind.split('/').next() {
                Some("image") => json!({ "type": "image", "data": data(), "mimeType": kind }),
                Some("audio") => json!({ "type": "audio", "data": data(), "mimeType": kind }),
                _ => {
                    let mut resource = json!({ "uri": uri, "name": name, "mimeType": kind });
                    match std::str::from_utf8(bytes).ok().filter(|_| is_text(&kind)) {
                        Some(text) => resource["text"] = text.into(),
                        None => resource["blob"] = data().into(),
                    }
                    json!({ "type": "resource", "resource": resource })
                }
            }
        }
        File::TooLarge { message } => text(message.as_str()),
    }
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || matches!(media_type, "application/json" | "application/xml" | "application/yaml")
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
}

#[cfg(test)]
mod tests {
    use patchbay_runtime::{Problem, ProviderFailure};

    use super::*;
    use crate::ErrorCode;

    fn file(media_type: &str, bytes: &[u8]) -> Value {
        let (name, uri) = ("a.bin".to_owned(), "patchbay://files/1/a.bin".to_owned());
        block(&File::Content { name, media_type: media_type.to_owned(), bytes: bytes.to_vec(), uri })
    }

    #[test]
    fn files_become_blocks_of_their_type() {
        assert_eq!(file("Image/PNG", b"x"), json!({ "type": "image", "data": "eA==", "mimeType": "image/png" }));
        assert_eq!(file("audio/wav", b"x")["type"], "audio");
        let text = file("text/plain; charset=utf-8", "é".as_bytes());
        assert_eq!((&text["type"], &text["resource"]["text"]), (&json!("resource"), &json!("é")));
        assert_eq!(file("text/plain", b"\xff")["resource"]["blob"], "/w==");
        assert_eq!(file("application/pdf", b"x")["resource"]["blob"], "eA==");
        assert_eq!(file("application/vnd.api+json", b"{}")["resource"]["text"], "{}");
    }

    #[test]
    fn a_failure_says_what_to_do_and_has_no_result() {
        let failure = ProviderFailure { body: json!({ "error": "nope" }), ..ProviderFailure::default() };
        let problem = Problem { path: "query.limit".into(), code: "type", message: "must be a number".into() };
        let error = Error::new(ErrorCode::Validation, "the request is not valid").with_problems(vec![problem]);
        let error = error.with_provider(failure).with_retry_after(7);
        let answer = ToolAnswer::of_error(&error, None, Some("https://hub.example/x")).into_value();
        assert_eq!((&answer["isError"], answer.get("structuredContent")), (&json!(true), None));
        let text = answer["content"][0]["text"].as_str().unwrap();
        for part in [
            "is not valid",
            "- query.limit: must be",
            "in 7 s",
            "https://hub.example/x",
            "nope",
            ErrorCode::Validation.as_str(),
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_large_result_says_how_to_go_on() {
        let items = vec!["x".repeat(1_000); 300];
        let result = json!({ "data": items, "next": "n" });
        let answer = ToolAnswer::of_result(result.as_object().unwrap().clone(), None);
        let read: Value = serde_json::from_str(answer.content[0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(read, Value::Object(answer.structured.unwrap()));
        assert_eq!(read["_truncated"]["total"], 300);
        assert!(answer.content[1]["text"].as_str().unwrap().contains("a smaller page"));
    }

    #[test]
    fn a_refusal_is_the_same_for_every_reason() {
        assert_eq!(ToolRefused::new("a\nb").to_string(), ToolRefused::new("ab").to_string());
    }
}
