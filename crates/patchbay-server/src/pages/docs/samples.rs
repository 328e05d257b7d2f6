//! A request to this server as code to copy: curl, TypeScript, Python.
//!
//! The samples run as they are, with the variables of the environment that they name: `PATCHBAY` (the server's URL), `KEY`
//! (an API key), `TOKEN` (the token of a connect session), `ACCOUNT`, and the ids that the path needs.

use std::fmt::Write as _;

use serde_json::Value;

/// A part of a request: text, or a variable of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Variable(&'static str),
}

/// How a request is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    ApiKey,
    SessionToken,
    None,
}

/// A request to this server.
pub(super) struct Call {
    /// In upper case.
    pub(super) method: String,
    /// The path and the query.
    pub(super) path: Vec<Part>,
    pub(super) headers: Vec<(&'static str, Part)>,
    pub(super) body: Option<Value>,
    /// The variables whose names, with `$`, are values of the body.
    pub(super) body_variables: &'static [&'static str],
    pub(super) credential: Credential,
    /// Whether the response has a body in JSON.
    pub(super) returns_json: bool,
}

impl Call {
    /// Returns the request in three languages, as one group of tabs.
    pub(super) fn to_markdown(&self) -> String {
        format!(
            "```sh tab=\"curl\"\n{}\n```\n\n```ts tab=\"TypeScript\"\n{}\n```\n\n```python tab=\"Python\"\n{}\n```",
            self.curl(),
            self.typescript(),
            self.python()
        )
    }

    /// Returns the text of the body with each variable as the language spells it.
    fn with_variables(&self, body: &str, spelled: impl Fn(&str) -> String) -> String {
        let names = self.body_variables.iter();
        names.fold(body.to_owned(), |body, name| body.replace(&format!("\"${name}\""), &spelled(name)))
    }

    /// Returns the URL with each variable as the language spells it in a string.
    fn url(&self, spelled: impl Fn(&str) -> String) -> String {
        let parts = self.path.iter().map(|part| match part {
            Part::Text(text) => encoded(text),
            Part::Variable(name) => spelled(name),
        });
        std::iter::once(spelled("PATCHBAY")).chain(parts).collect()
    }

    fn curl(&self) -> String {
        let url = self.url(|name| format!("${name}"));
        let mut command = String::from("curl --fail-with-body -sS");
        // The method follows from the body, if it is the one that curl takes.
        if self.method != if self.body.is_some() { "POST" } else { "GET" } {
            // Writing to a String does not fail.
            let _ = write!(command, " -X {}", self.method);
        }
        if self.credential == Credential::ApiKey {
            command.push_str(" -u \"$KEY:\"");
        }
        let _ = write!(command, " \"{url}\"");
        if self.credential == Credential::SessionToken {
            command.push_str(" \\\n  -H \"x-hub-session-token: $TOKEN\"");
        }
        for (name, value) in &self.headers {
            let _ = match value {
                Part::Text(text) => write!(command, " \\\n  -H {}", shell_quoted(&format!("{name}: {text}"))),
                Part::Variable(variable) => write!(command, " \\\n  -H \"{name}: ${variable}\""),
            };
        }
        if let Some(body) = &self.body {
            let _ = write!(
                command,
                " \\\n  -H 'content-type: application/json' \\\n  -d {}",
                self.with_variables(&shell_quoted(&pretty(body, "  ")), |name| format!("\"'\"${name}\"'\""))
            );
        }
        command
    }

    fn typescript(&self) -> String {
        let url = self.url(|name| format!("${{process.env.{name}}}"));
        let mut headers = Vec::new();
        match self.credential {
            Credential::ApiKey => headers.push("authorization: `Basic ${btoa(`${process.env.KEY}:`)}`".to_owned()),
            Credential::SessionToken => headers.push("\"x-hub-session-token\": process.env.TOKEN".to_owned()),
            Credential::None => {}
        }
        for (name, value) in &self.headers {
            headers.push(match value {
                Part::Text(text) => format!("{}: {}", quoted(name), quoted(text)),
                Part::Variable(variable) => format!("{}: process.env.{variable}", quoted(name)),
            });
        }
        if self.body.is_some() {
            headers.push("\"content-type\": \"application/json\"".to_owned());
        }
        let mut options = String::new();
        if self.method != "GET" {
            // Writing to a String does not fail.
            let _ = writeln!(options, "  method: {},", quoted(&self.method));
        }
        if !headers.is_empty() {
            let lines = headers.iter().map(|header| format!("    {header},\n")).collect::<String>();
            let _ = writeln!(options, "  headers: {{\n{lines}  }},");
        }
        if let Some(body) = &self.body {
            let _ = writeln!(
                options,
                "  body: JSON.stringify({}),",
                self.with_variables(&pretty(body, "  "), |name| format!("process.env.{name}"))
            );
        }
        let options = if options.is_empty() { options } else { format!(", {{\n{options}}}") };
        let result = if self.returns_json { "await response.json()" } else { "response.status" };
        format!(
            "const response = await fetch(`{url}`{options});\n\
             if (!response.ok) throw new Error(`${{response.status}} ${{await response.text()}}`);\n\
             console.log({result});"
        )
    }

    fn python(&self) -> String {
        let url = self.url(|name| format!("{{os.environ['{name}']}}"));
        let mut headers = Vec::new();
        match self.credential {
            Credential::ApiKey => headers.push(
                "\"authorization\": \"Basic \" + base64.b64encode(f\"{os.environ['KEY']}:\".encode()).decode()"
                    .to_owned(),
            ),
            Credential::SessionToken => headers.push("\"x-hub-session-token\": os.environ[\"TOKEN\"]".to_owned()),
            Credential::None => {}
        }
        for (name, value) in &self.headers {
            headers.push(match value {
                Part::Text(text) => format!("{}: {}", quoted(name), quoted(text)),
                Part::Variable(variable) => format!("{}: os.environ[\"{variable}\"]", quoted(name)),
            });
        }
        if self.body.is_some() {
            headers.push("\"content-type\": \"application/json\"".to_owned());
        }
        let mut arguments = format!("    f\"{url}\",\n");
        if self.method != "GET" {
            // Writing to a String does not fail.
            let _ = writeln!(arguments, "    method={},", quoted(&self.method));
        }
        if !headers.is_empty() {
            let lines = headers.iter().map(|header| format!("        {header},\n")).collect::<String>();
            let _ = writeln!(arguments, "    headers={{\n{lines}    }},");
        }
        if let Some(body) = &self.body {
            let mut literal = String::new();
            python_literal(&mut literal, body, 4);
            let literal = self.with_variables(&literal, |name| format!("os.environ[\"{name}\"]"));
            let _ = writeln!(arguments, "    data=json.dumps({literal}).encode(),");
        }
        let mut modules = Vec::new();
        if self.credential == Credential::ApiKey {
            modules.push("base64");
        }
        if self.returns_json || self.body.is_some() {
            modules.push("json");
        }
        modules.extend(["os", "urllib.request"]);
        let result = if self.returns_json { "json.load(response)" } else { "response.status" };
        format!(
            "import {}\n\nrequest = urllib.request.Request(\n{arguments})\n\
             with urllib.request.urlopen(request) as response:\n    print({result})",
            modules.join(", ")
        )
    }
}

/// Returns a text for a URL. Characters with a meaning in a shell, in a template of TypeScript or in a string of Python are
/// encoded too.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            // A percent sign begins a character that is encoded already.
            b'/' | b'?' | b'&' | b'=' | b'-' | b'_' | b'.' | b'~' | b',' | b':' | b'%' => out.push(char::from(byte)),
            // Writing to a String does not fail.
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// Returns a query of one parameter, with `?` or `&`.
pub(super) fn query_text(is_first: bool, name: &str, value: &str) -> String {
    let escaped = |text: &str| text.replace('%', "%25").replace('&', "%26").replace('=', "%3D").replace('?', "%3F");
    format!("{}{}={}", if is_first { '?' } else { '&' }, escaped(name), escaped(value))
}

/// Returns a text in single quotes for a POSIX shell.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Returns a string of JSON, which is also one of TypeScript and of Python.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Returns JSON: short values on one line, others on several, of which all but the first begin with `indent`.
fn pretty(value: &Value, indent: &str) -> String {
    let line = one_line(value);
    if line.chars().count() <= 96 {
        return line;
    }
    serde_json::to_string_pretty(value).unwrap_or(line).replace('\n', &format!("\n{indent}"))
}

/// Returns JSON on one line, with a space after each comma and colon.
fn one_line(value: &Value) -> String {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let members = members.iter().map(|(name, value)| format!("{}: {}", quoted(name), one_line(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(one_line).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// Writes a value as a literal of Python.
fn python_literal(out: &mut String, value: &Value, indent: usize) {
    let inner = " ".repeat(indent + 4);
    let outer = " ".repeat(indent);
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                python_literal(out, item, indent);
            }
            out.push(']');
        }
        Value::Object(members) if !members.is_empty() => {
            out.push_str("{\n");
            for (name, value) in members {
                // Writing to a String does not fail.
                let _ = write!(out, "{inner}{}: ", quoted(name));
                python_literal(out, value, indent + 4);
                out.push_str(",\n");
            }
            out.push_str(&outer);
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// Returns a value as a block of JSON in Markdown.
pub(super) fn json_block(value: &Value) -> String {
    format!("```json\n{}\n```", serde_json::to_string_pretty(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call() -> Call {
        Call {
            method: "PATCH".to_owned(),
            path: vec![Part::Text("/accounts/".to_owned()), Part::Variable("ACCOUNT")],
            headers: vec![("prefer", Part::Text("handling=strict".to_owned()))],
            body: Some(
                json!({ "label": "It's \"new\"", "shared": true, "note": null, "profile": "$PROFILE", "x": "$HOME" }),
            ),
            body_variables: &["PROFILE"],
            credential: Credential::ApiKey,
            returns_json: true,
        }
    }

    #[test]
    fn a_call_is_written_in_three_languages() {
        insta::assert_snapshot!("samples", call().to_markdown());
    }

    #[test]
    fn a_call_without_anything_is_short() {
        let call = Call {
            method: "GET".to_owned(),
            path: vec![Part::Text("/healthz".to_owned())],
            headers: Vec::new(),
            body: None,
            body_variables: &[],
            credential: Credential::None,
            returns_json: true,
        };
        assert_eq!(call.curl(), "curl --fail-with-body -sS \"$PATCHBAY/healthz\"");
        assert!(call.typescript().starts_with("const response = await fetch(`${process.env.PATCHBAY}/healthz`);"));
        assert!(call.python().starts_with("import json, os, urllib.request\n"), "{}", call.python());
    }

    #[test]
    fn a_parameter_of_the_query_is_encoded_once() {
        let query = query_text(true, "filter[x]", "a&b=c?d%e f");
        assert_eq!(encoded(&query), "?filter%5Bx%5D=a%26b%3Dc%3Fd%25e%20f");
    }

    #[test]
    fn hostile_values_stay_in_their_strings() {
        let hostile = "'; rm -rf / #${process.env.KEY}`$(id)\"{x}\\\n```\n";
        let mut call = call();
        call.path = vec![Part::Text(format!("/x{}", query_text(true, hostile, hostile)))];
        call.body = Some(json!({ hostile: hostile }));
        let url = encoded(&format!("/x{}", query_text(true, hostile, hostile)));
        assert!(!url.contains(['\'', '"', '$', '`', '{', '\\', '\n', '(', ' ']), "{url}");
        // The body's lines are those of JSON, in which a line break is escaped: no line begins with a fence.
        let markdown = call.to_markdown();
        assert_eq!(markdown.lines().filter(|line| line.starts_with("```")).count(), 6, "{markdown}");
        assert!(call.curl().contains("'\\''; rm -rf"), "{}", call.curl());
    }
}
