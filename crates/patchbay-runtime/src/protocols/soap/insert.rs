//! Inserts a header block into an envelope that the connector declares as text. The rest of the text does not change.

use quick_xml::{Reader, events::Event};
use serde_json::Value;

use crate::protocols::xml::{self, ATTRIBUTE, local};

/// Returns the envelope with the block in its header. A missing header is created (SOAP 1.1, section 4.2).
///
/// # Errors
///
/// The reason, as the end of a sentence, if the text is not a SOAP envelope with a body.
pub(super) fn header(envelope: &str, name: &str, mut block: Value) -> Result<String, String> {
    let place = find_place(envelope)?;
    if let (Value::Object(members), false) = (&mut block, place.prefix.is_empty()) {
        members.insert(format!("{ATTRIBUTE}{}:mustUnderstand", place.prefix), Value::from("1"));
    }
    let block = xml::write_fragment(name, &block).map_err(|error| error.to_string())?;
    let tag = if place.prefix.is_empty() { "Header".to_owned() } else { format!("{}:Header", place.prefix) };
    let (before, after) = (&envelope[..place.start], &envelope[place.end..]);
    Ok(if place.is_in_header {
        format!("{before}{block}{after}")
    } else {
        format!("{before}<{tag}>{block}</{tag}>{after}")
    })
}

/// The part of the text that the block replaces.
struct HeaderPlace<'a> {
    start: usize,
    end: usize,
    prefix: &'a str,
    /// True if the part is within an existing header.
    is_in_header: bool,
}

/// Finds the place of the block: the start of the header, otherwise before the body.
fn find_place(envelope: &str) -> Result<HeaderPlace<'_>, String> {
    let mut reader = Reader::from_str(envelope);
    let (mut depth, mut prefix) = (0_usize, "");
    loop {
        let start = position(&reader);
        let event = reader.read_event().map_err(|error| format!("is not XML: {error}"))?;
        let end = position(&reader);
        let is_empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(tag) | Event::Empty(tag) => {
                let name = tag.name().into_inner();
                match (depth, local(name)) {
                    (0, "Envelope") => prefix = prefix_of(envelope, start),
                    (0, _) => break,
                    (1, "Header") if is_empty => return Ok(HeaderPlace { start, end, prefix, is_in_header: false }),
                    (1, "Header") => return Ok(HeaderPlace { start: end, end, prefix, is_in_header: true }),
                    (1, "Body") => return Ok(HeaderPlace { start, end: start, prefix, is_in_header: false }),
                    _ => {}
                }
                depth += usize::from(!is_empty);
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Eof => break,
            _ => {}
        }
    }
    Err("is not a SOAP envelope with a body".to_owned())
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// Returns the prefix of the tag that starts at `start`.
fn prefix_of(text: &str, start: usize) -> &str {
    let name = text[start..].trim_start_matches('<').split(|c: char| c == '>' || c == '/' || c.is_whitespace()).next();
    name.and_then(|name| name.split_once(':')).map_or("", |(prefix, _)| prefix)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_block_is_inserted_into_the_header() {
        let insert = |envelope: &str| header(envelope, "w:S", json!({"w:T": "a<b"}));
        let block = "<w:S e:mustUnderstand=\"1\"><w:T>a&lt;b</w:T></w:S>";
        for (envelope, expected) in [
            (
                "<e:Envelope><e:Body/></e:Envelope>",
                format!("<e:Envelope><e:Header>{block}</e:Header><e:Body/></e:Envelope>"),
            ),
            (
                "<e:Envelope> <e:Header/><e:Body/></e:Envelope>",
                format!("<e:Envelope> <e:Header>{block}</e:Header><e:Body/></e:Envelope>"),
            ),
            (
                "<?xml version='1.0'?>\n<e:Envelope a='1'><e:Header><x:Body xmlns:x='y'/></e:Header><e:Body/></e:Envelope>",
                format!(
                    "<?xml version='1.0'?>\n<e:Envelope a='1'><e:Header>{block}<x:Body xmlns:x='y'/></e:Header><e:Body/></e:Envelope>"
                ),
            ),
            (
                "<Envelope><Body/></Envelope>",
                "<Envelope><Header><w:S><w:T>a&lt;b</w:T></w:S></Header><Body/></Envelope>".to_owned(),
            ),
        ] {
            assert_eq!(insert(envelope).unwrap(), expected);
        }
        for broken in ["", "<a/>", "<e:Envelope></e:Envelope>", "<e:Envelope", "text"] {
            assert!(insert(broken).is_err(), "{broken}");
        }
    }
}
