//! The step functions: one file each and one line in the table below.

mod download_file;
mod paginated_request;
mod request;
mod static_values;

use patchbay_connector::definition::{Step, StepFunction};

use crate::{
    Error, ErrorKind,
    pipeline::{Answer, Run, Wants},
};

/// Runs a step.
pub(crate) async fn run(run: &Run<'_>, step: &Step, wants: Wants) -> Result<Answer, Error> {
    match &step.function {
        StepFunction::Request(parameters) => request::run(run, parameters, wants).await,
        StepFunction::PaginatedRequest(parameters) => paginated_request::run(run, parameters, wants).await,
        StepFunction::DownloadFile(parameters) => download_file::run(run, parameters).await,
        StepFunction::StaticValues(values) => static_values::run(run, values),
        // The loader refuses the others until they are in this table.
        other => Err(Error::new(
            ErrorKind::Precondition,
            "StepFunctionUnsupportedError",
            format!("this version does not run the step function `{}`", other.name()),
        )),
    }
}
