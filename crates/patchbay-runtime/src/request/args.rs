//! Evaluates the arguments of a request into its query, headers and body.

use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};
use patchbay_connector::{
    definition::{Arg, ArgLocation, ArrayFormat, ValueTemplate},
    expr::{Bindings, Escape, EvalError, MemoryBudget, Template},
    json_tree,
};
use serde_json::{Map, Value};

use crate::{json::to_text, protocols::xml};

/// The root of the account's field values.
const CREDENTIALS: &str = "credentials";

/// The query, headers and body of a request.
#[derive(Default)]
pub struct RequestParts {
    /// Query parameters, in order, not yet encoded.
    pub query: Vec<(String, String)>,
    /// Headers, all marked sensitive, because any of them can contain a credential.
    pub headers: HeaderMap,
    /// The members of the body.
    pub(crate) body: Map<String, Value>,
    /// How the lists of the body's members are written in a form, by name, unless it is the default.
    array_formats: Vec<(String, ArrayFormat)>,
    /// A value that is the whole body.
    pub(crate) whole_body: Option<Value>,
    /// How the lists of a whole body are written in a form.
    whole_body_format: ArrayFormat,
    /// True if the step has body arguments, even if all of them are missing.
    pub(crate) has_body_args: bool,
    /// The memory budget of all values.
    budget: MemoryBudget,
}

impl RequestParts {
    /// Returns the members of a form as pairs, each list in the format of its argument.
    pub(crate) fn form_pairs(&self, members: &Map<String, Value>) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for (name, value) in members {
            let own = self.array_formats.iter().rev().find(|(known, _)| known == name);
            write_pairs(name, value, own.map_or(self.whole_body_format, |(_, format)| *format), &mut pairs);
        }
        pairs
    }

    /// Returns true if the body is JSON, which is the default.
    fn is_json(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).map(patchbay_egress::header_text);
        kind.is_none_or(|kind| kind.contains("json"))
    }

    /// Returns true if the body is XML.
    pub(crate) fn is_xml(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).map(patchbay_egress::header_text);
        kind.is_some_and(|kind| xml::is_xml(&xml::media_type(&kind)))
    }
}

/// Evaluates `args` into `parts`. An argument without a value is omitted.
///
/// # Errors
///
/// The [`EvalError`] of an expression, or [`EvalError::Refused`] for a value that cannot be sent.
pub(crate) fn apply(args: &[Arg], bindings: &Bindings<'_>, parts: &mut RequestParts) -> Result<(), EvalError> {
    headers_first(args).try_for_each(|arg| apply_one(arg, bindings, parts))
}

/// Evaluates `args` for a request to an origin that data chose. Headers are dropped, because any of them can contain a
/// credential, and so are arguments that use the account's fields.
///
/// # Errors
///
/// The [`EvalError`] of an expression, or [`EvalError::Refused`] for a value that cannot be sent.
pub(crate) fn apply_without_credentials(
    args: &[Arg],
    bindings: &Bindings<'_>,
    parts: &mut RequestParts,
) -> Result<(), EvalError> {
    let no_credentials = Value::Object(Map::new());
    let roots = bindings.roots.iter().map(|&(name, value)| match name {
        CREDENTIALS => (name, &no_credentials),
        _ => (name, value),
    });
    let roots = roots.collect::<Vec<_>>();
    for arg in headers_first(args) {
        match apply_one(arg, &Bindings { roots: &roots }, parts) {
            Err(EvalError::Missing { path }) if path.trim_start_matches("$.").starts_with(CREDENTIALS) => {}
            outcome => outcome?,
        }
    }
    parts.headers = HeaderMap::new();
    Ok(())
}

/// Returns the header arguments first, because the content type decides the encoding of the body.
fn headers_first(args: &[Arg]) -> impl Iterator<Item = &Arg> {
    let is_header = |arg: &&Arg| arg.location == ArgLocation::Headers;
    args.iter().filter(is_header).chain(args.iter().filter(move |arg| !is_header(arg)))
}

/// Evaluates one argument into `parts`.
fn apply_one(arg: &Arg, bindings: &Bindings<'_>, parts: &mut RequestParts) -> Result<(), EvalError> {
    parts.has_body_args |= arg.location == ArgLocation::Body;
    if let Some(condition) = &arg.condition
        && !condition.is_truthy(bindings)?
    {
        return Ok(());
    }
    let value = match &arg.value {
        // An XML document in the connector file: values are escaped, so that they cannot change its structure.
        ValueTemplate::Text(text) if arg.spread && text.is_mixed() && parts.is_xml() => {
            text.eval_text(bindings, Escape::Xml)?.map(Value::String)
        }
        ValueTemplate::Text(text) if arg.spread && parts.is_json() => match json(text, bindings)? {
            Some(value) => Some(value),
            None => text.eval(bindings)?,
        },
        value => value.eval(bindings)?,
    };
    let Some(value) = value else { return Ok(()) };
    // Many arguments can copy one large value.
    parts.budget.charge(&value)?;
    match (value, arg.location) {
        (value, ArgLocation::Body) if arg.spread => {
            parts.whole_body = Some(value);
            parts.whole_body_format = arg.array_format;
        }
        (Value::Object(members), _) if arg.inline => {
            for (name, value) in members {
                insert(parts, arg, name, value)?;
            }
        }
        (value, _) => {
            if let Some(name) = arg.name.eval_text(bindings, Escape::None)? {
                insert(parts, arg, name, value)?;
            }
        }
    }
    Ok(())
}

/// Parses a JSON document in the connector file, with its values inserted as JSON; `None` if the text is not one.
fn json(text: &Template, bindings: &Bindings<'_>) -> Result<Option<Value>, EvalError> {
    let is_document = (text.is_mixed() || text.is_literal()) && text.source().trim_start().starts_with(['{', '[']);
    if !is_document {
        return Ok(None);
    }
    let document = text.eval_text(bindings, Escape::Json)?;
    Ok(document.and_then(|document| json_tree::from_slice(document.as_bytes()).ok()))
}

/// Inserts a value at the argument's location.
fn insert(parts: &mut RequestParts, arg: &Arg, name: String, value: Value) -> Result<(), EvalError> {
    match arg.location {
        ArgLocation::Body => {
            if arg.array_format != ArrayFormat::default() {
                parts.array_formats.push((name.clone(), arg.array_format));
            }
            parts.body.insert(name, value);
        }
        ArgLocation::Query => write_pairs(&name, &value, arg.array_format, &mut parts.query),
        ArgLocation::Headers => {
            if let Some((name, value)) = header(&name, &value)? {
                parts.headers.insert(name, value);
            }
        }
    }
    Ok(())
}

/// Returns a header, marked sensitive; `None` for null. Lists are joined by commas (RFC 9110, section 5.3).
fn header(name: &str, value: &Value) -> Result<Option<(HeaderName, HeaderValue)>, EvalError> {
    let rejected = |reason: &str| EvalError::Refused { path: name.to_owned(), reason: reason.to_owned() };
    let text = match value {
        Value::Null => return Ok(None),
        Value::Object(_) => return Err(rejected("is an object, which a header cannot contain")),
        Value::Array(items) => items.iter().map(to_text).collect::<Vec<_>>().join(","),
        value => to_text(value),
    };
    let header_name = HeaderName::try_from(name).map_err(|_| rejected("is not a header name"))?;
    // `HeaderValue` accepts control characters that proxies treat differently.
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(rejected("contains a line break or another control character, which headers do not allow"));
    }
    let mut value = HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| rejected("contains a character that headers do not allow"))?;
    value.set_sensitive(true);
    Ok(Some((header_name, value)))
}

/// Writes a value as pairs of a query or form. Names of nested members are in brackets; null is omitted.
pub(crate) fn write_pairs(name: &str, value: &Value, format: ArrayFormat, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Array(_) | Value::Object(_) if format == ArrayFormat::Stringify => {
            pairs.push((name.to_owned(), value.to_string()));
        }
        Value::Array(items) if format == ArrayFormat::Comma => {
            pairs.push((name.to_owned(), items.iter().map(to_text).collect::<Vec<_>>().join(",")));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                match format {
                    ArrayFormat::Repeat => write_pairs(name, item, format, pairs),
                    ArrayFormat::Brackets => write_pairs(&format!("{name}[]"), item, format, pairs),
                    _ => write_pairs(&format!("{name}[{index}]"), item, format, pairs),
                }
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                write_pairs(&format!("{name}[{key}]"), member, format, pairs);
            }
        }
        value => pairs.push((name.to_owned(), to_text(value))),
    }
}

/// Evaluates a template as the text of a header.
///
/// # Errors
///
/// The [`EvalError`] of the expression.
pub(crate) fn header_text(template: &Template, bindings: &Bindings<'_>) -> Result<Option<String>, EvalError> {
    template.eval_text(bindings, Escape::Header)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_have_five_formats() {
        let written = |format| {
            let mut pairs = Vec::new();
            write_pairs("ids", &json!(["x", 2]), format, &mut pairs);
            pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
        };
        assert_eq!(written(ArrayFormat::Indexed), "ids[0]=x&ids[1]=2");
        assert_eq!(written(ArrayFormat::Repeat), "ids=x&ids=2");
        assert_eq!(written(ArrayFormat::Brackets), "ids[]=x&ids[]=2");
        assert_eq!(written(ArrayFormat::Comma), "ids=x,2");
        assert_eq!(written(ArrayFormat::Stringify), r#"ids=["x",2]"#);
    }

    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        for (number, text) in
            [("0.000001", "0.000001"), ("1e2", "100"), ("-0", "0"), ("25.0", "25"), ("1e21", "1e+21"), ("7", "7")]
        {
            let number = serde_json::from_str::<Value>(number).unwrap();
            let mut pairs = Vec::new();
            for format in [ArrayFormat::Comma, ArrayFormat::Repeat] {
                write_pairs("n", &json!([number]), format, &mut pairs);
            }
            write_pairs("n", &json!({ "a": number }), ArrayFormat::Indexed, &mut pairs);
            assert!(pairs.iter().all(|(_, value)| value == text), "{pairs:?}");
            assert_eq!(header("x-n", &number).unwrap().unwrap().1, text);
            assert_eq!(header("x-n", &json!([number])).unwrap().unwrap().1, text);
        }
    }

    #[test]
    fn lists_of_a_form_have_the_format_of_their_argument() {
        let arg = |name: &str, value: Value, array_format| Arg {
            name: Template::literal(name),
            value: ValueTemplate::Literal(value),
            location: ArgLocation::Body,
            condition: None,
            spread: false,
            inline: false,
            array_format,
        };
        let written = |args: &[Arg]| {
            let mut parts = RequestParts::default();
            apply(args, &Bindings { roots: &[] }, &mut parts).unwrap();
            let members = match parts.whole_body.take() {
                Some(Value::Object(members)) => members,
                _ => std::mem::take(&mut parts.body),
            };
            let pairs = parts.form_pairs(&members).into_iter();
            pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
        };
        let list = || json!(["x", "y"]);
        let args = [
            arg("a", list(), ArrayFormat::Repeat),
            arg("b", list(), ArrayFormat::Brackets),
            arg("c", list(), ArrayFormat::Comma),
            arg("d", list(), ArrayFormat::Stringify),
            arg("e", list(), ArrayFormat::Indexed),
            arg("f", json!("one"), ArrayFormat::Repeat),
        ];
        let expected = r#"a=x&a=y&b[]=x&b[]=y&c=x,y&d=["x","y"]&e[0]=x&e[1]=y&f=one"#;
        assert_eq!(written(&args), expected);
        // Each key of an inline or spread value has the format, too.
        let inline = Arg { inline: true, ..arg("-", json!({ "a": list(), "b": 1 }), ArrayFormat::Repeat) };
        assert_eq!(written(&[inline]), "a=x&a=y&b=1");
        let spread = Arg { spread: true, ..arg("-", json!({ "a": list() }), ArrayFormat::Repeat) };
        assert_eq!(written(&[spread]), "a=x&a=y");
    }

    #[test]
    fn values_are_inserted_into_a_json_document_as_json() {
        let body = |text: &str, kind: Option<&str>| {
            let inputs = json!({ "q": "x\", \"admin\": true, \"y\": \"", "list": [1, "a"] });
            let arg = Arg {
                name: Template::literal("body"),
                value: ValueTemplate::Text(Template::parse(text).unwrap()),
                location: ArgLocation::Body,
                condition: None,
                spread: true,
                inline: false,
                array_format: ArrayFormat::default(),
            };
            let mut parts = RequestParts::default();
            if let Some(kind) = kind {
                parts.headers.insert(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
            }
            apply(&[arg], &Bindings { roots: &[("inputs", &inputs)] }, &mut parts).unwrap();
            parts.whole_body.unwrap()
        };
        let document = r#"{ "q": "${inputs.q}", "list": ${inputs.list} }"#;
        let expected = json!({ "q": "x\", \"admin\": true, \"y\": \"", "list": [1, "a"] });
        assert_eq!(body(document, None), expected);
        assert_eq!(body(document, Some("application/vnd.api+json")), expected);
        assert_eq!(body(r#" [1, "two"] "#, None), json!([1, "two"]));
        // Text that is not a JSON document stays text.
        assert_eq!(body("[${inputs.list}", None), json!("[1,a"));
        assert_eq!(body("plain", None), json!("plain"));
        assert_eq!(body(r#"{ "list": ${inputs.list} }"#, Some("text/plain")), json!(r#"{ "list": 1,a }"#));
        assert_eq!(body("$.inputs.list", None), json!([1, "a"]));
    }

    #[test]
    fn headers_are_sensitive_and_reject_line_breaks() {
        let (_, value) = header("client-secret", &json!("abc")).unwrap().unwrap();
        assert!(value.is_sensitive());
        for broken in ["a\r\nx-evil: 1", "a\nb", "a\0b", "a\u{85}b", "a\u{7f}"] {
            let error = header("client-secret", &json!(broken)).unwrap_err();
            assert!(error.to_string().contains("`client-secret` contains"), "{error}");
            assert!(!error.to_string().contains("evil"), "the value is not repeated");
        }
        assert!(header("bad name", &json!("x")).is_err());
        assert_eq!(header("x-ids", &json!(["a", 1])).unwrap().unwrap().1, "a,1");
        assert!(header("x", &Value::Null).unwrap().is_none());
    }

    proptest::proptest! {
        #[test]
        fn a_header_value_cannot_start_another_line(value in proptest::prelude::any::<String>()) {
            if let Ok(Some((_, made))) = header("x-value", &json!(value)) {
                proptest::prop_assert_eq!(made.as_bytes(), value.as_bytes());
                proptest::prop_assert!(!made.as_bytes().iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
            } else {
                proptest::prop_assert!(value.chars().any(char::is_control), "{:?} was rejected", value);
            }
        }
    }
}
