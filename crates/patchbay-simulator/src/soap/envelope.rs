//! Parses and writes SOAP envelopes and faults of both versions.

use axum::http::{HeaderMap, HeaderValue, header};
use quick_xml::{
    NsReader,
    events::{BytesStart, Event},
    name::ResolveResult,
};

use super::{NAMESPACE, security::SECEXT};

/// A version of SOAP.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V1_1,
    V1_2,
}

/// An XML element with resolved namespaces.
#[derive(Default)]
pub struct Element {
    pub namespace: String,
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Element>,
}

/// A parsed envelope.
pub struct Envelope {
    pub security: Option<Element>,
    pub operation: Element,
}

/// A SOAP fault.
pub struct SoapFault {
    pub status: u16,
    pub code: &'static str,
    pub words: String,
    /// Messages in the fault's detail.
    pub details: Vec<String>,
}

impl SoapFault {
    /// Returns a fault that blames the caller.
    pub fn client_error(words: impl Into<String>) -> Self {
        Self { status: 500, code: "Client", words: words.into(), details: Vec::new() }
    }

    /// Returns the body with the fault.
    pub fn body(&self, version: Version) -> String {
        let details = self.details.iter().map(|text| format!("<p:Detail_Message>{}</p:Detail_Message>", escaped(text)));
        let details = format!("<p:Validation xmlns:p=\"{NAMESPACE}\">{}</p:Validation>", details.collect::<String>());
        let (words, code) = (escaped(&self.words), self.code);
        let qualified = if code.starts_with("Failed") { format!("wsse:{code}") } else { format!("s:{code}") };
        match version {
            Version::V1_1 => format!(
                "<s:Fault xmlns:wsse=\"{SECEXT}\"><faultcode>{qualified}</faultcode><faultstring>{words}</faultstring>\
                 <detail>{details}</detail></s:Fault>"
            ),
            Version::V1_2 => {
                let general = if code == "Server" { "Receiver" } else { "Sender" };
                format!(
                    "<s:Fault xmlns:wsse=\"{SECEXT}\"><s:Code><s:Value>s:{general}</s:Value><s:Subcode><s:Value>{qualified}\
                     </s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang=\"en\">{words}</s:Text></s:Reason>\
                     <s:Detail>{details}</s:Detail></s:Fault>"
                )
            }
        }
    }
}

impl Version {
    /// Returns the version of a request.
    pub fn of(headers: &HeaderMap) -> Self {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("application/soap+xml") { Self::V1_2 } else { Self::V1_1 }
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::V1_1 => "http://schemas.xmlsoap.org/soap/envelope/",
            Self::V1_2 => "http://www.w3.org/2003/05/soap-envelope",
        }
    }

    /// Returns the content type of a response.
    pub fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::V1_1 => "text/xml; charset=utf-8",
            Self::V1_2 => "application/soap+xml; charset=utf-8",
        })
    }

    /// Returns an envelope with this body.
    pub fn envelope(self, body: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<s:Envelope xmlns:s=\"{}\">\n  <s:Header/>\n  <s:Body>{body}</s:Body>\n\
             </s:Envelope>",
            self.namespace()
        )
    }
}

impl Element {
    /// Returns the first child with this name in the service's namespace.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.within(NAMESPACE, name)
    }

    /// Returns the first child with this name in a namespace.
    pub fn within(&self, namespace: &str, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name && child.namespace == namespace)
    }

    /// Returns the text of a child in the service's namespace.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }
}

/// Parses a message.
pub fn read(version: Version, body: &[u8]) -> Result<Envelope, SoapFault> {
    let text = std::str::from_utf8(body).map_err(|_| SoapFault::client_error("the message is not UTF-8"))?;
    let mut root = parse(text).map_err(|error| SoapFault::client_error(format!("the message is not XML: {error}")))?;
    let own = version.namespace();
    if root.name != "Envelope" || root.namespace != own {
        return Err(SoapFault {
            code: "VersionMismatch",
            ..SoapFault::client_error("the envelope is of another version")
        });
    }
    let place = root.children.iter().position(|child| child.name == "Body" && child.namespace == own);
    let mut body = root.children.swap_remove(place.ok_or_else(|| SoapFault::client_error("the body is missing"))?);
    if body.children.len() != 1 {
        return Err(SoapFault::client_error("the body must contain one operation"));
    }
    let operation = body.children.swap_remove(0);
    if operation.namespace != NAMESPACE {
        return Err(SoapFault::client_error(format!("the operation is not of {NAMESPACE}")));
    }
    let mut header = root.children.into_iter().find(|child| child.name == "Header" && child.namespace == own);
    let blocks = header.as_mut().map(|header| std::mem::take(&mut header.children)).unwrap_or_default();
    let security = blocks.into_iter().find(|block| block.name == "Security" && block.namespace == SECEXT);
    Ok(Envelope { security, operation })
}

/// Checks that the action in the headers matches the operation.
pub fn check_action(version: Version, headers: &HeaderMap, operation: &str) -> Result<(), SoapFault> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let found = match version {
        Version::V1_1 => header("soapaction"),
        Version::V1_2 => header("content-type").split_once("action=").map(|(_, action)| action).unwrap_or_default(),
    };
    if found == format!("\"{NAMESPACE}/{operation}\"") {
        return Ok(());
    }
    Err(SoapFault::client_error(format!("the action `{found}` is not that of {operation}")))
}

fn parse(text: &str) -> Result<Element, String> {
    let mut reader = NsReader::from_str(text);
    // The bottom element represents the document.
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => open.push(element(&reader, &start)?),
            Event::Empty(start) => {
                let element = element(&reader, &start)?;
                open.last_mut().ok_or("no root")?.children.push(element);
            }
            Event::End(_) => {
                let done = open.pop().ok_or("no root")?;
                open.last_mut().ok_or("one end too many")?.children.push(done);
            }
            Event::Text(text) => open.last_mut().ok_or("no root")?.text.push_str(&text),
            Event::GeneralRef(reference) => {
                let text =
                    quick_xml::escape::unescape(&format!("&{};", &*reference)).map_err(|e| e.to_string())?.into_owned();
                open.last_mut().ok_or("no root")?.text.push_str(&text);
            }
            Event::DocType(_) => return Err("a document type".to_owned()),
            Event::Eof => break,
            _ => {}
        }
    }
    open.pop()
        .filter(|_| open.is_empty())
        .and_then(|mut document| document.children.pop())
        .ok_or_else(|| "no root".into())
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Element, String> {
    let (namespace, name) = reader.resolver().resolve_element(start.name());
    let namespace = match namespace {
        ResolveResult::Bound(namespace) => namespace.into_inner().to_owned(),
        ResolveResult::Unbound => String::new(),
        ResolveResult::Unknown(prefix) => return Err(format!("the prefix {prefix:?} is not declared")),
    };
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        attributes.push((attribute.key.into_inner().to_owned(), attribute.value.into_owned()));
    }
    let name = name.into_inner().to_owned();
    Ok(Element { namespace, name, attributes, text: String::new(), children: Vec::new() })
}

/// Escapes element text.
pub fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}
