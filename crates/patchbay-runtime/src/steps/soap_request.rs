//! `soap_request`: sends one SOAP request and returns the data in the body of the response's envelope.

use patchbay_connector::definition::SoapRequest;

use crate::{
    Error,
    context::Run,
    response::output::{OutputParts, StepOutput},
};

/// Sends the request.
///
/// # Errors
///
/// The errors of [`Run::build_soap`], [`Run::send`] and [`Run::interpret_soap`].
pub(super) async fn run(run: &Run<'_>, soap: &SoapRequest, parts: OutputParts) -> Result<StepOutput, Error> {
    let response = run.send(run.build_soap(soap, None)?).await?;
    run.interpret_soap(soap, &response, parts).await
}
