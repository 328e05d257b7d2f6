//! SOAP over HTTP (1.1, and 1.2 where a step's content type asks for it): envelopes out of arguments,
//! answers and faults out of envelopes.

mod envelope;
mod fault;
mod insert;
mod response;
mod security;

pub use envelope::build_envelope;

/// The version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoapVersion {
    /// `text/xml` and a `SOAPAction` header.
    V1_1,
    /// `application/soap+xml`, whose parameter `action` says what is asked.
    V1_2,
}

impl SoapVersion {
    /// The namespace of its envelopes.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::V1_1 => "http://schemas.xmlsoap.org/soap/envelope/",
            Self::V1_2 => "http://www.w3.org/2003/05/soap-envelope",
        }
    }
}
