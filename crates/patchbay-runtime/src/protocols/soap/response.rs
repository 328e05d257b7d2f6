//! Turns an envelope into a step's output: its body without namespaces, or the error of a fault.

use patchbay_connector::definition::SoapRequest;
use patchbay_egress::InboundResponse;
use patchbay_model::Reservation;
use serde_json::Value;

use super::fault;
use crate::{
    Error,
    context::Run,
    protocols::xml::{self, ElementNames, XmlReadError},
    response::{
        headers::{charset, content_type, headers_value},
        output::{self, OutputParts, StepOutput, invalid_response},
        provider_error,
    },
    run_memory::ClaimError,
};

impl Run<'_> {
    /// Reads a response by the rules of a SOAP step: custom errors, faults, the location of the data.
    ///
    /// # Errors
    ///
    /// The error of a fault, of an error status or of a custom error. 502 `ProviderInvalidResponseError` if a successful
    /// response is not a SOAP envelope, or 502 `ProviderResponseTooLargeError` if its values would take too much memory. 503
    /// `ServerBusyError` if the process has no memory left for them. 408 `TimeoutError` if the time limit of the call ends
    /// before a large response is read.
    pub(crate) async fn interpret_soap(
        &self,
        soap: &SoapRequest,
        response: &InboundResponse,
        parts: OutputParts,
    ) -> Result<StepOutput, Error> {
        let provider = &self.ctx.connector.title;
        let copies = 1 + usize::from(parts.raw);
        let (read, memory) = self
            .read_away(response, move |provider, response, total| match body(response, total, copies) {
                Ok((body, memory)) => Ok((Ok(body), memory)),
                Err(NoEnvelope::Found(found)) => Ok((Err(found), Reservation::default())),
                Err(NoEnvelope::Refused(error)) => Err(output::claim_refused(provider, response, error)),
            })
            .await?;
        self.leave_if_large().await?;
        let error_body = || read.as_ref().map_or_else(|_| provider_error::error_body(response), Value::clone);
        if let Some(outcome) = self.custom_error(&soap.request, response, error_body)? {
            return outcome;
        }
        let body = match read {
            Ok(body) => body,
            Err(reason) if response.status.is_success() => return Err(invalid_response(provider, response, &reason)),
            Err(_) => return Err(provider_error::provider_error(self.host.clock(), provider, response, self.redactor)),
        };
        if let Some(fault) = body.get("Fault") {
            return Err(fault::error(self.host.clock(), provider, response, fault, self.redactor));
        }
        if !response.status.is_success() {
            return Err(provider_error::provider_error(self.host.clock(), provider, response, self.redactor));
        }
        Ok(StepOutput {
            raw: parts.raw.then(|| body.clone()),
            data: output::select_data(&soap.request.response, body),
            status: Some(response.status.as_u16()),
            headers: parts.headers.then(|| headers_value(&response.headers)),
            memory,
            ..StepOutput::default()
        })
    }
}

/// Why a response has no envelope.
enum NoEnvelope {
    /// The content that was received in its place, as a noun phrase.
    Found(String),
    /// Its values may not be read.
    Refused(ClaimError),
}

impl From<&str> for NoEnvelope {
    fn from(found: &str) -> Self {
        Self::Found(found.to_owned())
    }
}

/// Returns the content of the envelope's body, null for an empty response, for example of a one-way operation; and the memory
/// of `copies` copies of it, if the run that received `total` bytes is large.
///
/// # Errors
///
/// [`NoEnvelope`] if the response contains something else.
fn body(response: &InboundResponse, total: usize, copies: usize) -> Result<(Value, Reservation), NoEnvelope> {
    if response.body.iter().all(u8::is_ascii_whitespace) {
        return Ok((Value::Null, Reservation::default()));
    }
    let kind = xml::media_type(&content_type(response));
    if kind.starts_with("multipart/") {
        let found = format!("a multipart message (`{kind}`), which is not supported; ask the provider for plain SOAP");
        return Err(NoEnvelope::Found(found));
    }
    if kind == "text/html" {
        return Err("an HTML page in place of a SOAP envelope".into());
    }
    // Other content types are accepted, because some providers send envelopes with a wrong one.
    let read = xml::read_claimed(&response.body, charset(response).as_deref(), ElementNames::Local, total, copies);
    let (document, memory) = read.map_err(|error| match error {
        XmlReadError::Invalid(error) => NoEnvelope::Found(format!("XML that is not valid ({error})")),
        XmlReadError::Refused(error) => NoEnvelope::Refused(error),
    })?;
    let Value::Object(mut roots) = document else { return Err("XML that is not a SOAP envelope".into()) };
    let Some(Value::Object(mut envelope)) = roots.remove("Envelope") else {
        return Err("XML that is not a SOAP envelope".into());
    };
    let content = match envelope.remove("Body") {
        Some(Value::Object(members)) => {
            // Attributes of the body, for example ids for signatures, are not data of the provider.
            Value::Object(members.into_iter().filter(|(name, _)| !name.starts_with(xml::ATTRIBUTE)).collect())
        }
        // An operation may return nothing.
        Some(_) => Value::Null,
        None => return Err("a SOAP envelope without a body".into()),
    };
    Ok((content, memory))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode, header};
    use serde_json::json;

    use super::*;

    fn response(kind: &'static str, body: &'static str) -> InboundResponse {
        InboundResponse {
            status: StatusCode::OK,
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]),
            body: Bytes::from_static(body.as_bytes()),
            url: "https://soap.example.com/".parse().unwrap(),
        }
    }

    #[test]
    fn the_body_of_the_envelope_is_found() {
        let body = |response: &InboundResponse| match super::body(response, 0, 1) {
            Ok((content, _)) => Ok(content),
            Err(NoEnvelope::Found(found)) => Err(found),
            Err(NoEnvelope::Refused(error)) => Err(error.to_string()),
        };
        let text = "<s:Envelope xmlns:s='x'><s:Header/><s:Body s:Id='b'><m:R xmlns:m='y'><m:v>1</m:v></m:R></s:Body></s:Envelope>";
        assert_eq!(body(&response("text/plain", text)).unwrap(), json!({"R": {"v": "1"}}));
        assert_eq!(body(&response("text/xml", "<Envelope><Body/></Envelope>")).unwrap(), Value::Null);
        assert_eq!(body(&response("text/xml", " \n")).unwrap(), Value::Null);
        for (kind, text, expected) in [
            ("text/html", "<html></html>", "an HTML page"),
            ("text/xml", "<a/>", "not a SOAP envelope"),
            ("text/xml", "<Envelope/>", "not a SOAP envelope"),
            ("text/xml", "<Envelope><a/></Envelope>", "without a body"),
            ("multipart/related", "--b", "multipart message"),
            ("text/xml", "<Envelope>", "ends within <Envelope>"),
        ] {
            let reason = body(&response(kind, text)).unwrap_err();
            assert!(reason.contains(expected), "{reason}");
        }
    }
}
