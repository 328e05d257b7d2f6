//! From a document to a value, bounded in depth and in the number of its elements.

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesRef, BytesStart, Event},
};
use serde_json::{Map, Value, map::Entry};

use super::{ATTRIBUTE, MAX_DEPTH, TEXT, XmlError, encoding, local};

/// The most elements and attributes. Each costs about a hundred bytes more as a value than as text.
const MAX_NODES: usize = 1_000_000;

/// The most attributes of one element: each is compared with all before it.
const MAX_ATTRIBUTES: usize = 1_000;

/// What names become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementNames {
    /// As they stand, declarations of namespaces included: the value can be written again.
    Qualified,
    /// Without prefixes and declarations. An element that `xsi:nil` calls empty is null.
    Local,
}

/// Reads a document as `{root: …}`. `charset` is the content type's.
pub fn read(bytes: &[u8], charset: Option<&str>, names: ElementNames) -> Result<Value, XmlError> {
    read_bounded(bytes, charset, names, MAX_NODES)
}

fn read_bounded(bytes: &[u8], charset: Option<&str>, names: ElementNames, most: usize) -> Result<Value, XmlError> {
    let text = encoding::decode(bytes, charset)?;
    let mut reader = Reader::from_str(&text);
    let mut tree = TreeBuilder { names, open: Vec::new(), root: None, left: most };
    loop {
        let event = reader.read_event().map_err(|error| {
            XmlError::new(format!("{} at byte {}", lower_first(&error.to_string()), reader.error_position()))
        })?;
        match event {
            Event::Start(start) => tree.open(&start)?,
            Event::Empty(start) => {
                tree.open(&start)?;
                tree.close();
            }
            // The reader has compared the names.
            Event::End(_) => tree.close(),
            Event::Text(text) => tree.text(&text.xml10_content(), false)?,
            Event::CData(data) => tree.text(&data.xml10_content(), true)?,
            Event::GeneralRef(reference) => tree.reference(&reference)?,
            Event::DocType(_) => {
                return Err(XmlError::new(
                    "it has a document type (DTD), which is not read, as entities could make it endless",
                ));
            }
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => break,
        }
    }
    if let Some(open) = tree.open.last() {
        return Err(XmlError::new(format!("it ends within <{}>", open.name)));
    }
    tree.root.ok_or_else(|| XmlError::new("it has no element"))
}

/// The part of the tree that is still being read.
struct TreeBuilder {
    names: ElementNames,
    open: Vec<OpenElement>,
    root: Option<Value>,
    left: usize,
}

/// An element whose end has not come yet.
struct OpenElement {
    name: String,
    members: Map<String, Value>,
    text: String,
    /// Whether some of the text must stay although it is blank.
    is_literal: bool,
    is_nil: bool,
    has_elements: bool,
}

impl TreeBuilder {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), XmlError> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(XmlError::new("it has more than one root element"));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(XmlError::new(format!("its elements nest deeper than {MAX_DEPTH}")));
        }
        self.count()?;
        let mut element = OpenElement {
            name: self.named(start.name().into_inner()).to_owned(),
            members: Map::new(),
            text: String::new(),
            is_literal: false,
            is_nil: false,
            has_elements: false,
        };
        for (place, attribute) in start.attributes().enumerate() {
            if place == MAX_ATTRIBUTES {
                return Err(XmlError::new(format!("<{}> has more than {MAX_ATTRIBUTES} attributes", element.name)));
            }
            let attribute = attribute.map_err(|error| XmlError::new(format!("an attribute is broken: {error}")))?;
            self.count()?;
            let name = attribute.key.into_inner();
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| XmlError::new(format!("the attribute `{name}` is broken: {error}")))?;
            self.attribute(&mut element, name, &value);
        }
        if let Some(parent) = self.open.last_mut() {
            parent.has_elements = true;
        }
        self.open.push(element);
        Ok(())
    }

    fn attribute(&self, element: &mut OpenElement, name: &str, value: &str) {
        let key = format!("{ATTRIBUTE}{}", self.named(name));
        if self.names == ElementNames::Local {
            if name == "xmlns" || name.starts_with("xmlns:") {
                return;
            }
            if name.ends_with(":nil") {
                element.is_nil = matches!(value.trim(), "true" | "1");
                return;
            }
            // Without their prefixes `a:type` and `xsi:type` are one; what the provider says itself counts.
            if name.starts_with("xsi:") && element.members.contains_key(&key) {
                return;
            }
        }
        element.members.insert(key, Value::String(value.to_owned()));
    }

    fn close(&mut self) {
        let Some(element) = self.open.pop() else { return };
        let (name, value) = element.into_value();
        match self.open.last_mut() {
            Some(parent) => match parent.members.entry(name) {
                Entry::Vacant(place) => _ = place.insert(value),
                // An element's own value is never a list, so a list is what repeated elements made.
                Entry::Occupied(mut place) => match place.get_mut() {
                    Value::Array(items) => items.push(value),
                    first => *first = Value::Array(vec![first.take(), value]),
                },
            },
            None => self.root = Some(Value::Object(Map::from_iter([(name, value)]))),
        }
    }

    fn text(&mut self, text: &str, is_literal: bool) -> Result<(), XmlError> {
        let Some(element) = self.open.last_mut() else {
            // A byte order mark may have been decoded with the text.
            let blank = text.chars().all(|c| is_space(c) || c == '\u{feff}');
            return if blank && !is_literal {
                Ok(())
            } else {
                Err(XmlError::new("it has text outside of its root element"))
            };
        };
        element.is_literal |= is_literal;
        element.text.push_str(text);
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), XmlError> {
        let name: &str = reference;
        let broken =
            || XmlError::new(format!("the reference `&{name};` leads nowhere; entities are not declared here"));
        let resolved = match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ => reference.resolve_char_ref().ok().flatten().ok_or_else(broken)?,
        };
        self.text(resolved.encode_utf8(&mut [0; 4]), true)
    }

    fn count(&mut self) -> Result<(), XmlError> {
        self.left = self.left.checked_sub(1).ok_or_else(|| XmlError::new("it has too many elements"))?;
        Ok(())
    }

    fn named<'a>(&self, name: &'a str) -> &'a str {
        if self.names == ElementNames::Local { local(name) } else { name }
    }
}

impl OpenElement {
    fn into_value(self) -> (String, Value) {
        let Self { name, mut members, mut text, is_literal, is_nil, has_elements } = self;
        if is_nil {
            return (name, Value::Null);
        }
        if has_elements {
            // Between elements, white space is layout.
            text.truncate(text.trim_end_matches(is_space).len());
            text.drain(..text.len() - text.trim_start_matches(is_space).len());
        } else if !is_literal && text.chars().all(is_space) {
            text.clear();
        }
        if members.is_empty() {
            return (name, Value::String(text));
        }
        if !text.is_empty() {
            members.insert(TEXT.to_owned(), Value::String(text));
        }
        (name, Value::Object(members))
    }
}

/// White space as XML has it (section 2.3).
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn whole(text: &str) -> Value {
        read(text.as_bytes(), None, ElementNames::Qualified).unwrap()
    }

    fn refused(text: &str) -> String {
        read(text.as_bytes(), None, ElementNames::Qualified).unwrap_err().to_string()
    }

    #[test]
    fn elements_are_texts_objects_and_lists() {
        let text = "<?xml version=\"1.0\"?>\n<!-- c --><w:r xmlns:w=\"urn:x\" w:n='a&amp;b'>\n <id> 007 </id>\n <i>1</i><i k=\"v\">2</i>\n \
                    <empty/><blank>\n</blank><kept><![CDATA[ <&> ]]></kept><mixed>a<b/>&#x20AC; &lt;</mixed></w:r>\n";
        assert_eq!(
            whole(text),
            json!({"w:r": {
                "@_xmlns:w": "urn:x", "@_w:n": "a&b", "id": " 007 ", "i": ["1", {"@_k": "v", "#text": "2"}],
                "empty": "", "blank": "", "kept": " <&> ", "mixed": {"b": "", "#text": "a€ <"},
            }})
        );
    }

    #[test]
    fn prefixes_are_dropped_where_they_are_not_wanted() {
        let text =
            "<w:r xmlns:w='urn:x' xmlns:xsi='urn:i' w:type='A' xsi:type='B'><w:none xsi:nil='true'/><x:i/><y:i/></w:r>";
        let value = read(text.as_bytes(), None, ElementNames::Local).unwrap();
        assert_eq!(value, json!({"r": {"@_type": "A", "none": null, "i": ["", ""]}}));
    }

    #[test]
    fn bombs_are_refused() {
        let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><l>&b;</l>";
        assert!(refused(laughs).contains("document type"), "{}", refused(laughs));
        assert!(refused("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>").contains("document type"));
        assert!(refused("<a>&b;</a>").contains("`&b;`"));
        assert!(refused("<a k='&b;'/>").contains("attribute `k`"));
        assert!(refused(&"<a>".repeat(100_000)).contains("deeper than 100"));
        assert!(read(("<a>".repeat(100) + &"</a>".repeat(100)).as_bytes(), None, ElementNames::Qualified).is_ok());
        let many = read_bounded(b"<a><b/><b/><b/></a>", None, ElementNames::Qualified, 3).unwrap_err();
        assert!(many.to_string().contains("too many"), "{many}");
        let attributes = (0..200_000).map(|number| format!(" a{number}=''")).collect::<String>();
        assert_eq!(refused(&format!("<a{attributes}/>")), "<a> has more than 1000 attributes");
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for (text, says) in [
            ("", "no element"),
            ("<a><b></a>", "at byte"),
            ("<a><b>", "ends within <b>"),
            ("<a", "at byte"),
            ("<a/><b/>", "more than one root"),
            ("<a/>x", "outside"),
            ("x<a/>", "outside"),
            ("<a k='1' k='2'/>", "attribute"),
            ("<a>&#0;</a>", "leads nowhere"),
            ("<a>a & b</a>", "at byte"),
        ] {
            assert!(refused(text).contains(says), "{text}: {}", refused(text));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[<>/&;a \"'=!\\[\\]?-]{0,60}") {
            let _ = read(text.as_bytes(), None, ElementNames::Local);
        }
    }
}
