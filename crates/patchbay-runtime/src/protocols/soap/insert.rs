//! Putting a header block into an envelope that the file gives as a text, which stays as it stands otherwise.

use quick_xml::{Reader, events::Event};
use serde_json::Value;

use crate::protocols::xml::{self, ATTRIBUTE, local};

/// The envelope with the block in its header. The header is made where there is none.
pub(super) fn header(envelope: &str, name: &str, mut block: Value) -> Result<String, String> {
    let place = find(envelope)?;
    if let (Value::Object(members), false) = (&mut block, place.prefix.is_empty()) {
        members.insert(format!("{ATTRIBUTE}{}:mustUnderstand", place.prefix), Value::from("1"));
    }
    let block = xml::write_fragment(name, &block).map_err(|error| error.to_string())?;
    let tag = if place.prefix.is_empty() { "Header".to_owned() } else { format!("{}:Header", place.prefix) };
    let (before, after) = (&envelope[..place.start], &envelope[place.end..]);
    Ok(if place.is_within {
        format!("{before}{block}{after}")
    } else {
        format!("{before}<{tag}>{block}</{tag}>{after}")
    })
}

/// Where the block goes: in place of this part of the text.
struct HeaderPlace<'a> {
    start: usize,
    end: usize,
    prefix: &'a str,
    /// Whether that is within a header.
    is_within: bool,
}

fn find(envelope: &str) -> Result<HeaderPlace<'_>, String> {
    let mut reader = Reader::from_str(envelope);
    let (mut depth, mut prefix) = (0_usize, "");
    loop {
        let start = position(&reader);
        let event = reader.read_event().map_err(|error| format!("is no XML: {error}"))?;
        let end = position(&reader);
        let is_empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(tag) | Event::Empty(tag) => {
                let name = tag.name().into_inner();
                match (depth, local(name)) {
                    (0, "Envelope") => prefix = prefix_of(envelope, start),
                    (0, _) => break,
                    (1, "Header") if is_empty => return Ok(HeaderPlace { start, end, prefix, is_within: false }),
                    (1, "Header") => return Ok(HeaderPlace { start: end, end, prefix, is_within: true }),
                    (1, "Body") => return Ok(HeaderPlace { start, end: start, prefix, is_within: false }),
                    _ => {}
                }
                depth += usize::from(!is_empty);
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Eof => break,
            _ => {}
        }
    }
    Err("is no SOAP envelope with a body".to_owned())
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// The prefix of the tag that begins here.
fn prefix_of(text: &str, start: usize) -> &str {
    let name = text[start..].trim_start_matches('<').split(|c: char| c == '>' || c == '/' || c.is_whitespace()).next();
    name.and_then(|name| name.split_once(':')).map_or("", |(prefix, _)| prefix)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_block_goes_into_the_header() {
        let with = |envelope: &str| header(envelope, "w:S", json!({"w:T": "a<b"}));
        let block = "<w:S e:mustUnderstand=\"1\"><w:T>a&lt;b</w:T></w:S>";
        for (given, made) in [
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
            assert_eq!(with(given).unwrap(), made);
        }
        for broken in ["", "<a/>", "<e:Envelope></e:Envelope>", "<e:Envelope", "text"] {
            assert!(with(broken).is_err(), "{broken}");
        }
    }
}
