//! `soap_request`: a SOAP 1.1 request.

use serde_json::{Value, json};

use super::{FunctionVersion, RequestSpec, StepFunctionType, request::schema};
use crate::{
    expr::{Template, ValueTemplate},
    http::HttpMethod,
    json_schema::{boolean, list, object},
    syntax::{Mapping, Reader},
};

/// The keys of `parameters`.
pub(super) const KEYS: [&str; 13] = [
    "baseUrl",
    "url",
    "method",
    "authorization",
    "args",
    "response",
    "customErrors",
    "encodeQueryParams",
    "envelope",
    "namespaces",
    "soapOperation",
    "soapAction",
    "useSoapContext",
];
const NAMESPACE_KEYS: [&str; 2] = ["namespaceIdentifier", "namespace"];

/// A SOAP request, and the SOAP part of each page of a paginated one.
#[derive(Debug)]
pub struct SoapRequest {
    /// Address, method, authorization, arguments and response.
    pub request: RequestSpec,
    /// The operation: the element in the envelope's body.
    pub operation: Option<Template>,
    /// The `SOAPAction` header.
    pub action: Option<Template>,
    /// The XML namespaces with their prefixes.
    pub namespaces: Vec<Namespace>,
    /// A whole envelope that replaces the built one: XML as text, or an object.
    pub envelope: Option<ValueTemplate>,
    /// Whether the connector's context (namespaces, prefix of the operation) is added.
    pub use_context: bool,
}

/// An XML namespace with its prefix.
#[derive(Debug)]
pub struct Namespace {
    /// The prefix, without its colon.
    pub prefix: Template,
    /// The namespace's URI.
    pub uri: Template,
}

/// The function `soap_request`.
pub(super) struct SoapRequestFunction;

impl StepFunctionType for SoapRequestFunction {
    type Parameters = SoapRequest;
    const NAME: &'static str = "soap_request";

    fn read(parameters: Reader<'_>, _: FunctionVersion) -> Option<SoapRequest> {
        SoapRequest::read(&parameters.parameters(&KEYS)?)
    }

    fn templates<'a>(soap: &'a SoapRequest, found: &mut Vec<&'a Template>) {
        soap.templates(found);
    }

    fn schema() -> Value {
        schema(&KEYS, &["url"], &schemas())
    }
}

impl SoapRequest {
    pub(super) fn read(mapping: &Mapping<'_>) -> Option<Self> {
        let namespaces = mapping.items("namespaces").into_iter().filter_map(read_namespace).collect();
        // An envelope needs a body: the default is POST, whatever other keys there are.
        let request = RequestSpec::read(mapping).map(|request| match mapping.get("method") {
            None => RequestSpec { method: HttpMethod::Post, ..request },
            Some(_) => request,
        });
        Some(Self {
            operation: mapping.template("soapOperation"),
            action: mapping.template("soapAction"),
            namespaces,
            envelope: mapping.get("envelope").and_then(|envelope| ValueTemplate::read(&envelope)),
            use_context: mapping.flag("useSoapContext", true),
            request: request?,
        })
    }

    pub(super) fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        self.request.templates(found);
        found.extend(self.operation.iter().chain(&self.action));
        found.extend(self.namespaces.iter().flat_map(|namespace| [&namespace.prefix, &namespace.uri]));
        if let Some(envelope) = &self.envelope {
            envelope.templates(&mut |template| found.push(template));
        }
    }
}

fn read_namespace(place: Reader<'_>) -> Option<Namespace> {
    let namespace = place.mapping("a namespace", &NAMESPACE_KEYS)?;
    let (prefix, uri) = (namespace.require("namespaceIdentifier"), namespace.require("namespace"));
    Some(Namespace { prefix: prefix?.template()?, uri: uri?.template()? })
}

/// Returns the schemas of the keys that only SOAP requests have.
pub(super) fn schemas() -> [(&'static str, Value); 3] {
    let namespace = object(&NAMESPACE_KEYS, &NAMESPACE_KEYS, &[]);
    [("envelope", json!(true)), ("namespaces", list(&namespace)), ("useSoapContext", boolean())]
}
