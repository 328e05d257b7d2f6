//! Generates arguments of a request, with an input or a fixed value.

use serde_json::Value;

use super::{
    model::ParameterStyle,
    schema::{InputShape, ShapeType},
};
use crate::expr::Template;
use crate::yaml::Map;

/// Returns an argument whose value is an input.
pub(super) fn from_input(name: &str, input: &str, place: &str) -> Option<Map> {
    Some(Map::flow().with("name", literal(name)?).with("value", format!("$.inputs.{input}")).with("in", place))
}

/// Returns an argument with a fixed value.
pub(super) fn fixed(name: &str, value: &Value, place: &str) -> Option<Map> {
    let value = match value {
        Value::String(text) => literal(text)?,
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return None,
    };
    Some(Map::flow().with("name", literal(name)?).with("value", value).with("in", place))
}

/// Returns an argument of a query or form whose list or object is written in the style of the provider.
pub(super) fn list(name: &str, input: &str, place: &str, style: ParameterStyle, shape: &InputShape) -> Option<Map> {
    let is_list = shape.array || shape.variants.iter().any(|variant| variant.array);
    let is_object =
        shape.kind == ShapeType::Object || shape.variants.iter().any(|variant| variant.kind == ShapeType::Object);
    let is_query = place == "query";
    let arg = from_input(name, input, place)?;
    Some(match style {
        ParameterStyle::Json if is_list || is_object => arg.with("arrayFormat", "stringify"),
        ParameterStyle::Space | ParameterStyle::Pipe if is_list => {
            let separator = if style == ParameterStyle::Space { " " } else { "|" };
            let joined = format!("{{{{present(inputs.{input}) ? join(inputs.{input}, '{separator}') : undefined}}}}");
            Map::flow().with("name", literal(name)?).with("value", joined).with("in", place)
        }
        ParameterStyle::Comma if is_list => arg.with("arrayFormat", "comma"),
        // The members become separate parameters.
        ParameterStyle::Repeat if is_object && !is_list && is_query => arg.with("inline", true),
        // Only an index keeps the members of each object in a form together.
        ParameterStyle::Repeat if is_list && (is_query || !is_object) => arg.with("arrayFormat", "repeat"),
        _ => arg,
    })
}

/// Returns an expression with the default value of an input.
pub(super) fn with_default(input: &str, default: &Value) -> Option<String> {
    let written = match default {
        Value::Number(_) | Value::Bool(_) => default.to_string(),
        Value::String(text) if is_simple(text) => format!("'{text}'"),
        _ => return None,
    };
    let text = format!("{{{{inputs.{input} ?? {written}}}}}");
    Template::parse(&text).is_ok().then_some(text)
}

/// Returns the spelling of a literal text; `None` if the format has none.
pub(super) fn literal(text: &str) -> Option<String> {
    if Template::parse(text).is_ok_and(|template| template.is_literal()) {
        return Some(text.to_owned());
    }
    let is_quotable = !text.contains(['\'', '\\'])
        && !text.contains("{{")
        && !text.contains("}}")
        && !text.chars().any(char::is_control);
    let quoted = format!("{{{{'{text}'}}}}");
    (is_quotable && Template::parse(&quoted).is_ok()).then_some(quoted)
}

fn is_simple(text: &str) -> bool {
    text.len() <= 200 && text.chars().all(|c| c.is_ascii_alphanumeric() || " _.,:/+-*".contains(c))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::expr::Bindings;

    #[test]
    fn texts_that_look_like_expressions_stay_literal() {
        let bindings = Bindings { roots: &[] };
        for text in ["plain", "$filter", "$", "$.x", "a${b}c", "filter[name]", "@type"] {
            let written = literal(text).unwrap();
            let value = Template::parse(&written).unwrap().eval(&bindings).unwrap();
            assert_eq!(value, Some(json!(text)), "{written}");
        }
        assert_eq!(literal("$.it's"), None);
    }

    #[test]
    fn defaults_replace_missing_inputs() {
        let inputs = json!({ "x": 1 });
        let roots = [("inputs", &inputs)];
        let value = |input, default: Value| {
            let text = with_default(input, &default).unwrap();
            Template::parse(&text).unwrap().eval(&Bindings { roots: &roots }).unwrap().unwrap()
        };
        assert_eq!(value("x", json!(5)), json!(1));
        assert_eq!(value("y", json!(-5)), json!(-5));
        assert_eq!(value("y", json!("a b")), json!("a b"));
        assert_eq!(with_default("y", &json!("it's")), None);
    }
}
