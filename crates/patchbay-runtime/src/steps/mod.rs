//! The step functions, each in a file of its own and with a row in the table of [`run()`].

mod download_file;
mod emit_event;
mod enum_matchers;
mod group_data;
mod map_fields;
mod mcp_request;
mod paginated_request;
mod request;
mod sign_jwt;
mod soap_paginated_request;
mod soap_request;
mod static_values;
mod typecast;
mod upload_binary;
mod upload_file;

use patchbay_connector::definition::StepFunction;

use crate::{
    Error,
    context::Run,
    response::output::{OutputParts, StepOutput},
};

/// Runs a step's function and returns its output.
///
/// # Errors
///
/// The error of the function. 500 `ConnectorError` if the run's memory budget is exhausted.
pub(crate) async fn run(run: &Run<'_>, function: &StepFunction, parts: OutputParts) -> Result<StepOutput, Error> {
    match function {
        StepFunction::Request(parameters) => request::run(run, parameters, parts).await,
        StepFunction::PaginatedRequest(parameters) => Box::pin(paginated_request::run(run, parameters, parts)).await,
        StepFunction::DownloadFile(parameters) => Box::pin(download_file::run(run, parameters, parts)).await,
        StepFunction::SoapRequest(parameters) => Box::pin(soap_request::run(run, parameters, parts)).await,
        StepFunction::SoapPaginatedRequest(parameters) => {
            Box::pin(soap_paginated_request::run(run, parameters, parts)).await
        }
        StepFunction::StaticValues(values) => charge(run, static_values::run(run, values)?),
        StepFunction::GroupData(parameters) => charge(run, group_data::run(run, parameters)),
        StepFunction::UploadFile(parameters) => Box::pin(upload_file::run(run, parameters, parts)).await,
        StepFunction::UploadBinary(parameters) => Box::pin(upload_binary::run(run, parameters, parts)).await,
        StepFunction::MapFields(parameters) => charge(run, map_fields::run(run, parameters)?),
        StepFunction::Typecast(parameters) => charge(run, typecast::run(run, parameters)?),
        StepFunction::McpRequest(parameters) => Box::pin(mcp_request::run(run, parameters, parts)).await,
        StepFunction::SignJwt(parameters) => sign_jwt::run(run, parameters),
        StepFunction::EmitEvent(parameters) => charge(run, emit_event::run(run, parameters).await?),
    }
}

/// Charges the memory budget with data that a step made without a request. The size of a provider's response is limited
/// when it is read.
fn charge(run: &Run<'_>, output: StepOutput) -> Result<StepOutput, Error> {
    run.charge_memory(&output.data)?;
    Ok(output)
}
