//! `request`: one HTTP request, its answer's data.

use patchbay_connector::definition::RequestSpec;

use crate::{
    Error,
    context::Run,
    response::output::{Answer, Wants},
};

pub(super) async fn run(run: &Run<'_>, request: &RequestSpec, wants: Wants) -> Result<Answer, Error> {
    let incoming = run.exchange(request, None).await?;
    run.interpret(request, &incoming, wants)
}
