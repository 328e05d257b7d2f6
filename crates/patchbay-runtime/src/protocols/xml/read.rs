//! Reads an XML document as a value. Its depth is limited, and the memory of its values by the rule of
//! [`json_tree`](patchbay_connector::json_tree): each element is counted before it is added.

use patchbay_connector::json_tree::{
    self, LargeTree, VALUE_BYTES, list_bytes, next_item_bytes, next_member_bytes, object_bytes, text_bytes,
};
use patchbay_model::{FREE_BYTES, Reservation};
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesRef, BytesStart, Event},
};
use serde_json::{Map, Value, map::Entry};

use super::{ATTRIBUTE, MAX_DEPTH, TEXT, XmlError, encoding, local};
use crate::run_memory::ClaimError;

/// The memory that is reserved at once, in bytes.
const CLAIM_STEP_BYTES: usize = 1024 * 1024;

/// The maximum number of attributes of one element. Each is compared with all previous ones.
const MAX_ATTRIBUTES: usize = 1_000;

/// The form of names in the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElementNames {
    /// Names with prefixes, and declarations of namespaces: the value can be written as the same document.
    Qualified,
    /// Names without prefixes, and no declarations. An element with `xsi:nil` is null (XML Schema part 1, section 2.6.2).
    Local,
}

/// Why a document was not read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XmlReadError {
    /// It is not well-formed, has a document type, or exceeds a limit.
    #[error(transparent)]
    Invalid(#[from] XmlError),
    /// Its values may not be read.
    #[error(transparent)]
    Refused(#[from] ClaimError),
}

/// Reads a document as `{root: …}`. `charset` is the content type's parameter.
///
/// # Errors
///
/// [`XmlReadError`] if the document is not well-formed, has a document type, or exceeds a limit.
pub(crate) fn read(bytes: &[u8], charset: Option<&str>, names: ElementNames) -> Result<Value, XmlReadError> {
    read_claimed(bytes, charset, names, 0, 1).map(|(value, _)| value)
}

/// Reads a document as [`read`], and reserves the memory of `copies` copies of its values, unless the run that received
/// `total` bytes is small.
///
/// # Errors
///
/// The errors of [`read`], [`XmlReadError::Refused`] if the process has no memory left.
pub(crate) fn read_claimed(
    bytes: &[u8],
    charset: Option<&str>,
    names: ElementNames,
    total: usize,
    copies: usize,
) -> Result<(Value, Reservation), XmlReadError> {
    let text = encoding::decode(bytes, charset)?;
    let mut reader = Reader::from_str(&text);
    let memory = TreeMemory {
        used: 0,
        limit: json_tree::max_bytes(text.len()),
        copies: if total > FREE_BYTES { copies } else { 0 },
        reserved: Reservation::default(),
    };
    let mut tree = XmlTreeBuilder { names, open: Vec::new(), root: None, memory };
    loop {
        let event = reader.read_event().map_err(|error| {
            XmlError::new(format!("{} at byte {}", lower_first(&error.to_string()), reader.error_position()))
        })?;
        match event {
            Event::Start(start) => tree.open(&start)?,
            Event::Empty(start) => {
                tree.open(&start)?;
                tree.close()?;
            }
            // The reader compares the names of start and end tags.
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.text(&text.xml10_content(), false)?,
            Event::CData(data) => tree.text(&data.xml10_content(), true)?,
            Event::GeneralRef(reference) => tree.reference(&reference)?,
            Event::DocType(_) => {
                return Err(XmlError::new(
                    "it has a document type (DTD), which is not allowed, because its entities could expand without limit",
                )
                .into());
            }
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => break,
        }
    }
    if let Some(open) = tree.open.last() {
        return Err(XmlError::new(format!("it ends within <{}>", open.name)).into());
    }
    let root = tree.root.ok_or_else(|| XmlError::new("it has no element"))?;
    Ok((root, tree.memory.into_reservation()))
}

/// The memory of the values so far.
struct TreeMemory {
    used: usize,
    limit: usize,
    /// For how many copies memory is reserved.
    copies: usize,
    reserved: Reservation,
}

impl TreeMemory {
    fn spend(&mut self, bytes: usize) -> Result<(), ClaimError> {
        self.used += bytes;
        if self.used > self.limit {
            return Err(LargeTree { limit: self.limit }.into());
        }
        let wanted = self.used.saturating_mul(self.copies);
        if wanted > self.reserved.bytes() {
            self.reserved.grow_to(wanted.saturating_add(CLAIM_STEP_BYTES))?;
        }
        Ok(())
    }

    fn into_reservation(mut self) -> Reservation {
        self.reserved.shrink_to(self.used.saturating_mul(self.copies));
        self.reserved
    }
}

/// Builds the value while the document is read.
struct XmlTreeBuilder {
    names: ElementNames,
    open: Vec<OpenElement>,
    root: Option<Value>,
    memory: TreeMemory,
}

/// An element whose end tag was not read yet.
struct OpenElement {
    name: String,
    members: Map<String, Value>,
    text: String,
    /// True if blank text is kept, because it is in a CDATA section or a reference.
    is_literal: bool,
    is_nil: bool,
    has_elements: bool,
}

impl XmlTreeBuilder {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), XmlReadError> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(XmlError::new("it has more than one root element").into());
        }
        if self.open.len() == MAX_DEPTH {
            return Err(XmlError::new(format!("its elements are nested deeper than {MAX_DEPTH} levels")).into());
        }
        let mut element = OpenElement {
            name: self.named(start.name().into_inner()).to_owned(),
            members: Map::new(),
            text: String::new(),
            is_literal: false,
            is_nil: false,
            has_elements: false,
        };
        for (index, attribute) in start.attributes().enumerate() {
            if index == MAX_ATTRIBUTES {
                let message = format!("<{}> has more than {MAX_ATTRIBUTES} attributes", element.name);
                return Err(XmlError::new(message).into());
            }
            let attribute = attribute.map_err(|error| XmlError::new(format!("an attribute is not valid: {error}")))?;
            let name = attribute.key.into_inner();
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| XmlError::new(format!("the attribute `{name}` is not valid: {error}")))?;
            self.attribute(&mut element, name, &value)?;
        }
        if let Some(parent) = self.open.last_mut() {
            parent.has_elements = true;
        }
        self.open.push(element);
        Ok(())
    }

    fn attribute(&mut self, element: &mut OpenElement, name: &str, value: &str) -> Result<(), ClaimError> {
        let key = format!("{ATTRIBUTE}{}", self.named(name));
        if self.names == ElementNames::Local {
            if name == "xmlns" || name.starts_with("xmlns:") {
                return Ok(());
            }
            if name.ends_with(":nil") {
                element.is_nil = matches!(value.trim(), "true" | "1");
                return Ok(());
            }
            // Without prefixes `a:type` and `xsi:type` collide; the provider's attribute takes precedence.
            if name.starts_with("xsi:") && element.members.contains_key(&key) {
                return Ok(());
            }
        }
        let growth = next_member_bytes(element.members.len());
        self.memory.spend(growth + text_bytes(key.len()) + text_bytes(value.len()))?;
        element.members.insert(key, Value::String(value.to_owned()));
        Ok(())
    }

    fn close(&mut self) -> Result<(), ClaimError> {
        let Some(element) = self.open.pop() else { return Ok(()) };
        let text = text_bytes(element.text.len());
        // The text of an element with attributes or elements is one more member.
        let member = if element.members.is_empty() || text == 0 {
            0
        } else {
            next_member_bytes(element.members.len()) + text_bytes(TEXT.len())
        };
        let (name, value) = element.into_value();
        self.memory.spend(text + member)?;
        match self.open.last_mut() {
            Some(parent) => {
                let growth = next_member_bytes(parent.members.len()) + text_bytes(name.len());
                match parent.members.entry(name) {
                    Entry::Vacant(entry) => {
                        self.memory.spend(growth)?;
                        entry.insert(value);
                    }
                    // The value of one element is never a list, so a list contains repeated elements.
                    Entry::Occupied(mut entry) => match entry.get_mut() {
                        Value::Array(items) => {
                            self.memory.spend(next_item_bytes(items.len()))?;
                            items.push(value);
                        }
                        first => {
                            self.memory.spend(list_bytes(2))?;
                            *first = Value::Array(vec![first.take(), value]);
                        }
                    },
                }
            }
            None => {
                self.memory.spend(VALUE_BYTES + object_bytes(1) + text_bytes(name.len()))?;
                self.root = Some(Value::Object(Map::from_iter([(name, value)])));
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str, is_literal: bool) -> Result<(), XmlError> {
        let Some(element) = self.open.last_mut() else {
            // A byte order mark may have been decoded with the text.
            let blank = text.chars().all(|c| is_space(c) || c == '\u{feff}');
            return if blank && !is_literal {
                Ok(())
            } else {
                Err(XmlError::new("it has text outside its root element"))
            };
        };
        element.is_literal |= is_literal;
        element.text.push_str(text);
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), XmlError> {
        let name: &str = reference;
        let invalid = || XmlError::new(format!("the reference `&{name};` is not valid; entities cannot be declared"));
        let resolved = match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ => reference.resolve_char_ref().ok().flatten().ok_or_else(invalid)?,
        };
        self.text(resolved.encode_utf8(&mut [0; 4]), true)
    }

    /// Returns a name in the requested form.
    fn named<'a>(&self, name: &'a str) -> &'a str {
        if self.names == ElementNames::Local { local(name) } else { name }
    }
}

impl OpenElement {
    /// Returns the element's name and value.
    fn into_value(self) -> (String, Value) {
        let Self { name, mut members, mut text, is_literal, is_nil, has_elements } = self;
        if is_nil {
            return (name, Value::Null);
        }
        if has_elements {
            // White space between elements is layout.
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

/// Returns true for white space (XML 1.0, section 2.3).
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

    fn read_qualified(text: &str) -> Value {
        read(text.as_bytes(), None, ElementNames::Qualified).unwrap()
    }

    fn rejection(text: &str) -> String {
        read(text.as_bytes(), None, ElementNames::Qualified).unwrap_err().to_string()
    }

    #[test]
    fn elements_are_texts_objects_and_lists() {
        let text = "<?xml version=\"1.0\"?>\n<!-- c --><w:r xmlns:w=\"urn:x\" w:n='a&amp;b'>\n <id> 007 </id>\n <i>1</i><i k=\"v\">2</i>\n \
                    <empty/><blank>\n</blank><kept><![CDATA[ <&> ]]></kept><mixed>a<b/>&#x20AC; &lt;</mixed></w:r>\n";
        assert_eq!(
            read_qualified(text),
            json!({"w:r": {
                "@_xmlns:w": "urn:x", "@_w:n": "a&b", "id": " 007 ", "i": ["1", {"@_k": "v", "#text": "2"}],
                "empty": "", "blank": "", "kept": " <&> ", "mixed": {"b": "", "#text": "a€ <"},
            }})
        );
    }

    #[test]
    fn local_names_have_no_prefixes() {
        let text =
            "<w:r xmlns:w='urn:x' xmlns:xsi='urn:i' w:type='A' xsi:type='B'><w:none xsi:nil='true'/><x:i/><y:i/></w:r>";
        let value = read(text.as_bytes(), None, ElementNames::Local).unwrap();
        assert_eq!(value, json!({"r": {"@_type": "A", "none": null, "i": ["", ""]}}));
    }

    #[test]
    fn bombs_are_rejected() {
        let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><l>&b;</l>";
        assert!(rejection(laughs).contains("document type"), "{}", rejection(laughs));
        assert!(rejection("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>").contains("document type"));
        assert!(rejection("<a>&b;</a>").contains("`&b;`"));
        assert!(rejection("<a k='&b;'/>").contains("attribute `k`"));
        assert!(rejection(&"<a>".repeat(100_000)).contains("deeper than 100"));
        assert!(read(("<a>".repeat(100) + &"</a>".repeat(100)).as_bytes(), None, ElementNames::Qualified).is_ok());
        let attributes = (0..200_000).map(|number| format!(" a{number}=''")).collect::<String>();
        assert_eq!(rejection(&format!("<a{attributes}/>")), "<a> has more than 1000 attributes");
    }

    #[test]
    fn mostly_empty_elements_are_refused() {
        let many = |item: &dyn Fn(usize) -> String, bytes: usize| {
            let items = (0..bytes / item(100_000).len()).map(item).collect::<String>();
            read(format!("<a>{items}</a>").as_bytes(), None, ElementNames::Qualified)
        };
        let items: [&dyn Fn(usize) -> String; 5] = [
            &|_| "<b/>".to_owned(),
            &|_| "<b c=''/>".to_owned(),
            &|_| "<b><c/></b>".to_owned(),
            &|number| format!("<b{number}/>"),
            &|_| "<b>1</b>".to_owned(),
        ];
        for item in items {
            let refused = many(item, 12 * 1024 * 1024).unwrap_err();
            assert!(matches!(refused, XmlReadError::Refused(ClaimError::Large(_))), "{}: {refused}", item(1));
            assert!(many(item, 64 * 1024).is_ok(), "a few of {}", item(1));
        }
        let record = "<record id='1045'><name>Anna Smith of Example Street 12</name><city>Springfield</city></record>";
        assert!(many(&|_| record.to_owned(), 12 * 1024 * 1024).is_ok(), "ordinary records");
    }

    #[test]
    fn the_memory_of_elements_is_that_of_their_values() {
        let text = "<a n='1'><b>one</b><b>two</b><c k='v'>three</c><d/></a>";
        let (value, memory) = read_claimed(text.as_bytes(), None, ElementNames::Qualified, FREE_BYTES, 1).unwrap();
        assert_eq!(memory.bytes(), 0, "a small run is free");
        let items = text.repeat(1_000);
        let text = format!("<r>{items}</r>");
        let read = |copies| {
            let read = read_claimed(text.as_bytes(), None, ElementNames::Qualified, FREE_BYTES + 1, copies).unwrap();
            (json_tree::value_bytes(&read.0), read.1.bytes())
        };
        let (actual, counted) = read(1);
        assert!(counted >= actual && counted < actual + actual / 8, "{counted} of {actual}: {value}");
        assert_eq!(read(2).1, 2 * counted);
    }

    #[test]
    fn documents_that_are_not_well_formed_are_rejected() {
        for (text, expected) in [
            ("", "no element"),
            ("<a><b></a>", "at byte"),
            ("<a><b>", "ends within <b>"),
            ("<a", "at byte"),
            ("<a/><b/>", "more than one root"),
            ("<a/>x", "outside"),
            ("x<a/>", "outside"),
            ("<a k='1' k='2'/>", "attribute"),
            ("<a>&#0;</a>", "is not valid"),
            ("<a>a & b</a>", "at byte"),
        ] {
            assert!(rejection(text).contains(expected), "{text}: {}", rejection(text));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_document_causes_a_panic(text in "[<>/&;a \"'=!\\[\\]?-]{0,60}") {
            let _ = read(text.as_bytes(), None, ElementNames::Local);
        }
    }
}
