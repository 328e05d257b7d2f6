//! SOAP over HTTP: builds envelopes from arguments, and reads responses and faults from envelopes. The version is 1.1, or
//! 1.2 if the step's content type is `application/soap+xml`.

mod envelope;
mod fault;
mod insert;
mod response;
mod security;

pub(crate) use envelope::build_envelope;

/// A version of SOAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SoapVersion {
    /// SOAP 1.1: `text/xml` and a `SOAPAction` header (section 6).
    V1_1,
    /// SOAP 1.2: `application/soap+xml` with the parameter `action` (part 2, section 6.5).
    V1_2,
}

impl SoapVersion {
    /// Returns the namespace of the version's envelopes.
    pub(crate) const fn namespace(self) -> &'static str {
        match self {
            Self::V1_1 => "http://schemas.xmlsoap.org/soap/envelope/",
            Self::V1_2 => "http://www.w3.org/2003/05/soap-envelope",
        }
    }
}
