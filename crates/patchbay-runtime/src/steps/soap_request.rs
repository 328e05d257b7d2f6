//! `soap_request`: one SOAP call, the data of its envelope's body.

use patchbay_connector::definition::SoapRequest;

use crate::{
    Error,
    context::Run,
    response::output::{Answer, Wants},
};

pub(super) async fn run(run: &Run<'_>, soap: &SoapRequest, wants: Wants) -> Result<Answer, Error> {
    let incoming = run.send(run.build_soap(soap, None)?).await?;
    run.interpret_soap(soap, &incoming, wants)
}
