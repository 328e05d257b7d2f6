//! `soap_request`: one SOAP call, the data of its envelope's body.

use patchbay_connector::definition::SoapRequest;

use crate::{
    Error,
    context::Run,
    response::output::{OutputParts, StepOutput},
};

pub(super) async fn run(run: &Run<'_>, soap: &SoapRequest, parts: OutputParts) -> Result<StepOutput, Error> {
    let incoming = run.send(run.build_soap(soap, None)?).await?;
    run.interpret_soap(soap, &incoming, parts)
}
