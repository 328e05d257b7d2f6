//! `request`: sends one HTTP request and returns the data of its response.

use patchbay_connector::definition::RequestSpec;

use crate::{
    Error,
    context::Run,
    response::output::{OutputParts, StepOutput},
};

/// Sends the request.
///
/// # Errors
///
/// The errors of [`Run::exchange`] and [`Run::interpret`].
pub(super) async fn run(run: &Run<'_>, request: &RequestSpec, parts: OutputParts) -> Result<StepOutput, Error> {
    let response = run.exchange(request, None).await?;
    run.interpret(request, &response, parts).await
}
