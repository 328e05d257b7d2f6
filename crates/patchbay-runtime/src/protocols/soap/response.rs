//! From an envelope to a step's output: the envelope's body without namespaces, or the fault in it.

use patchbay_connector::definition::SoapRequest;
use patchbay_egress::InboundResponse;
use serde_json::Value;

use super::fault;
use crate::{
    Error,
    context::Run,
    protocols::xml::{self, ElementNames},
    response::{
        headers::{charset, content_type, headers_value},
        output::{self, OutputParts, StepOutput, invalid_response},
        provider_error,
    },
};

impl Run<'_> {
    /// Reads an answer by a SOAP step's rules: custom errors, faults, the place of the data.
    pub fn interpret_soap(
        &self,
        soap: &SoapRequest,
        incoming: &InboundResponse,
        parts: OutputParts,
    ) -> Result<StepOutput, Error> {
        let provider = &self.ctx.connector.title;
        let read = body(incoming);
        let said = || read.as_ref().map_or_else(|_| provider_error::error_body(incoming), Value::clone);
        if let Some(outcome) = self.custom_error(&soap.request, incoming, said)? {
            return outcome;
        }
        let body = match read {
            Ok(body) => body,
            Err(why) if incoming.status.is_success() => return Err(invalid_response(provider, incoming, &why)),
            Err(_) => return Err(provider_error::provider_error(self.host.clock(), provider, incoming)),
        };
        if let Some(fault) = body.get("Fault") {
            return Err(fault::error(self.host.clock(), provider, incoming, fault));
        }
        if !incoming.status.is_success() {
            return Err(provider_error::provider_error(self.host.clock(), provider, incoming));
        }
        Ok(StepOutput {
            raw: parts.raw.then(|| body.clone()),
            data: output::select_data(&soap.request.response, body),
            status: Some(incoming.status.as_u16()),
            headers: parts.headers.then(|| headers_value(&incoming.headers)),
            ..StepOutput::default()
        })
    }
}

/// What stands in the envelope's body; null for an answer without content, as one-way operations have.
fn body(incoming: &InboundResponse) -> Result<Value, String> {
    if incoming.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    let kind = xml::media_type(content_type(incoming));
    if kind.starts_with("multipart/") {
        return Err(format!("a message in parts (`{kind}`), which is not read; ask the provider for plain SOAP"));
    }
    if kind == "text/html" {
        return Err("a page of HTML where an envelope was expected".to_owned());
    }
    // The content type is not asked for more: some providers send envelopes under any.
    let document = xml::read(&incoming.body, charset(incoming), ElementNames::Local)
        .map_err(|error| format!("XML that cannot be read ({error})"))?;
    let Value::Object(mut roots) = document else { return Err("no envelope".to_owned()) };
    let Some(Value::Object(mut envelope)) = roots.remove("Envelope") else {
        return Err("XML that is no SOAP envelope".to_owned());
    };
    match envelope.remove("Body") {
        Some(Value::Object(members)) => {
            // Attributes of the body (ids for signatures) are not the provider's data.
            Ok(Value::Object(members.into_iter().filter(|(name, _)| !name.starts_with(xml::ATTRIBUTE)).collect()))
        }
        // An operation may answer with nothing.
        Some(_) => Ok(Value::Null),
        None => Err("a SOAP envelope without a body".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode, header};
    use serde_json::json;

    use super::*;

    fn incoming(kind: &'static str, body: &'static str) -> InboundResponse {
        InboundResponse {
            status: StatusCode::OK,
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]),
            body: Bytes::from_static(body.as_bytes()),
            url: "https://soap.example.com/".parse().unwrap(),
        }
    }

    #[test]
    fn the_body_of_the_envelope_is_found() {
        let text = "<s:Envelope xmlns:s='x'><s:Header/><s:Body s:Id='b'><m:R xmlns:m='y'><m:v>1</m:v></m:R></s:Body></s:Envelope>";
        assert_eq!(body(&incoming("text/plain", text)).unwrap(), json!({"R": {"v": "1"}}));
        assert_eq!(body(&incoming("text/xml", "<Envelope><Body/></Envelope>")).unwrap(), Value::Null);
        assert_eq!(body(&incoming("text/xml", " \n")).unwrap(), Value::Null);
        for (kind, text, says) in [
            ("text/html", "<html></html>", "page of HTML"),
            ("text/xml", "<a/>", "no SOAP envelope"),
            ("text/xml", "<Envelope/>", "no SOAP envelope"),
            ("text/xml", "<Envelope><a/></Envelope>", "without a body"),
            ("multipart/related", "--b", "in parts"),
            ("text/xml", "<Envelope>", "ends within <Envelope>"),
        ] {
            let why = body(&incoming(kind, text)).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
    }
}
