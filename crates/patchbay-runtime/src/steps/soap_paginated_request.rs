//! `soap_paginated_request`: requests all pages by SOAP and returns their records as one list.
//!
//! Pages are fetched as by `paginated_request`; the paging parameter may be within the operation (`Filter.Page`).

use patchbay_connector::definition::SoapPaginatedRequest;

use super::paginated_request::{PagedRequest, fetch_pages};
use crate::{
    Error,
    context::Run,
    response::output::{OutputParts, StepOutput},
};

/// Requests all pages.
///
/// # Errors
///
/// The errors of [`fetch_pages`].
pub(super) async fn run(
    run: &Run<'_>,
    paginated: &SoapPaginatedRequest,
    parts: OutputParts,
) -> Result<StepOutput, Error> {
    let SoapPaginatedRequest { soap, page, cursor } = paginated;
    fetch_pages(run, page, cursor.as_ref(), parts, PagedRequest::Soap(soap)).await
}
