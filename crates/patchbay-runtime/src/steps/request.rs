//! `request`: one HTTP request, its answer's data.

use patchbay_connector::definition::RequestSpec;

use crate::{
    Error,
    context::Run,
    response::output::{OutputParts, StepOutput},
};

pub(super) async fn run(run: &Run<'_>, request: &RequestSpec, parts: OutputParts) -> Result<StepOutput, Error> {
    let incoming = run.exchange(request, None).await?;
    run.interpret(request, &incoming, parts)
}
