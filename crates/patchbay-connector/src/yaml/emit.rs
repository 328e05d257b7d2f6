//! Writes a value as YAML.

use std::fmt::Write as _;

use super::{Map, Yaml};

/// The maximum length of a line that contains a whole mapping or list.
const MAX_LINE_CHARS: usize = 118;

/// Returns the text of a value without indentation, with a final line break.
pub(crate) fn emit(value: &Yaml) -> String {
    let mut out = String::new();
    match value {
        Yaml::Map(map) if !map.is_empty() => block_map(map, 0, &mut out),
        Yaml::List(items) if !items.is_empty() => block_list(items, 0, &mut out),
        other => {
            flow(other, &mut out);
            out.push('\n');
        }
    }
    out
}

fn block_map(map: &Map, indent: usize, out: &mut String) {
    for (place, (key, value)) in map.entries.iter().enumerate() {
        for (_, comment) in map.comments.iter().filter(|(at, _)| *at == place) {
            // The first line of a list's item already has its dash.
            let _ = writeln!(out, "# {comment}");
            out.push_str(&" ".repeat(indent));
        }
        scalar(key, out);
        out.push(':');
        after_key(value, indent, out);
        if place + 1 < map.entries.len() {
            out.push_str(&" ".repeat(indent));
        }
    }
}

/// Writes a value after its key, up to the line break.
fn after_key(value: &Yaml, indent: usize, out: &mut String) {
    if let Some(line) = on_one_line(value, indent) {
        out.push(' ');
        out.push_str(&line);
        out.push('\n');
        return;
    }
    match value {
        Yaml::Map(map) => {
            out.push('\n');
            out.push_str(&" ".repeat(indent + 2));
            block_map(map, indent + 2, out);
        }
        Yaml::List(items) => {
            out.push('\n');
            out.push_str(&" ".repeat(indent + 2));
            block_list(items, indent + 2, out);
        }
        Yaml::Lines(lines) => {
            out.push_str(" |-\n");
            for line in lines {
                if !line.is_empty() {
                    out.push_str(&" ".repeat(indent + 2));
                }
                out.push_str(line);
                out.push('\n');
            }
        }
        _ => {}
    }
}

fn block_list(items: &[Yaml], indent: usize, out: &mut String) {
    for (place, item) in items.iter().enumerate() {
        // Actions at the left margin are separated by empty lines.
        if place > 0 && indent == 0 && matches!(item, Yaml::Map(map) if !map.flow) {
            out.push('\n');
        }
        if place > 0 {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str("- ");
        match (on_one_line(item, indent + 2), item) {
            (Some(line), _) => {
                out.push_str(&line);
                out.push('\n');
            }
            (None, Yaml::Map(map)) => block_map(map, indent + 2, out),
            (None, Yaml::List(inner)) => block_list(inner, indent + 2, out),
            (None, _) => {}
        }
    }
}

/// Returns the value on one line, if it is written that way.
fn on_one_line(value: &Yaml, indent: usize) -> Option<String> {
    let mut line = String::new();
    match value {
        Yaml::Lines(lines) if lines.first().is_none_or(|line| line.starts_with(' ')) => {
            scalar(&lines.join("\n"), &mut line);
            return Some(line);
        }
        Yaml::Lines(_) => return None,
        Yaml::Map(map) if map.is_empty() => return Some("{}".to_owned()),
        Yaml::List(items) if items.is_empty() => return Some("[]".to_owned()),
        Yaml::Map(map) if !map.flow => return None,
        Yaml::List(items) if !items.iter().all(fits_in_flow) => return None,
        _ => {}
    }
    flow(value, &mut line);
    let is_scalar = !matches!(value, Yaml::Map(_) | Yaml::List(_));
    (is_scalar || indent + line.chars().count() <= MAX_LINE_CHARS).then_some(line)
}

/// Returns true if a list of these is written on one line if it fits: scalars, not mappings.
fn fits_in_flow(value: &Yaml) -> bool {
    !matches!(value, Yaml::Map(_) | Yaml::Lines(_) | Yaml::List(_))
}

fn flow(value: &Yaml, out: &mut String) {
    match value {
        Yaml::Null => out.push_str("null"),
        Yaml::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Yaml::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Yaml::Text(text) => scalar(text, out),
        Yaml::Lines(lines) => scalar(&lines.join("\n"), out),
        Yaml::List(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place > 0 { ", " } else { "" });
                flow(item, out);
            }
            out.push(']');
        }
        Yaml::Map(map) if map.is_empty() => out.push_str("{}"),
        Yaml::Map(map) => {
            for (place, (key, value)) in map.entries.iter().enumerate() {
                out.push_str(if place > 0 { ", " } else { "{ " });
                scalar(key, out);
                out.push_str(": ");
                flow(value, out);
            }
            out.push_str(" }");
        }
    }
}

/// Returns a string: plain if it cannot be read as anything else.
fn scalar(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            plain if is_printable(plain) => out.push(plain),
            other => {
                let code = u32::from(other);
                let _ = if code <= 0xff {
                    write!(out, "\\x{code:02x}")
                } else if code <= 0xffff {
                    write!(out, "\\u{code:04x}")
                } else {
                    write!(out, "\\U{code:08x}")
                };
            }
        }
    }
    out.push('"');
}

/// Returns true if YAML permits the character unescaped everywhere and every editor shows it.
pub(crate) fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Returns true if a string needs no quotes.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(inner)
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::syntax;

    fn read(text: &str) -> Value {
        syntax::parse("x", text).unwrap_or_else(|error| panic!("{}: {text}", error.message)).to_json()
    }

    #[test]
    fn comments_blocks_and_lines_are_laid_out() {
        let mut step = Map::new().with("stepId", "call");
        step.comment("Guessed.");
        step.set("details", Yaml::Lines(vec!["one: two".to_owned(), String::new(), "  three".to_owned()]));
        let action = Map::new()
            .with("actionId", "a")
            .with("annotations", Map::flow().with("readOnlyHint", true).with("title", "x: y"))
            .with("steps", vec![Yaml::from(step.clone()), step.into()])
            .with("tags", vec!["b".to_owned(), "no".to_owned()]);
        let list = Yaml::from(vec![Yaml::from(action.clone()), action.into()]);
        insta::assert_snapshot!(emit(&list));
        assert_eq!(read(&emit(&list))[1]["steps"][0]["details"], "one: two\n\n  three");
    }

    proptest! {
        #[test]
        fn written_values_are_read_unchanged(
            texts in proptest::collection::vec(any::<String>(), 1..6),
            number in any::<i64>(),
        ) {
            let value = json!({ "list": texts, "map": { "a": texts[0], "n": number }, "empty": [], "none": null });
            let yaml = Yaml::from_json(&value);
            prop_assert_eq!(read(&emit(&yaml)), value.clone());
            let nested = Yaml::from(vec![Yaml::from(Map::new().with("k", yaml.clone()).with("l", vec![yaml]))]);
            prop_assert_eq!(read(&emit(&nested)), json!([{ "k": value, "l": [value] }]));
        }
    }
}
