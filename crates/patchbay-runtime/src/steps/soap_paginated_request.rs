//! `soap_paginated_request`: SOAP calls, page after page; all records as one list.
//!
//! Paging is that of `paginated_request`; the paging parameter may lie within the operation (`Filter.Page`).

use patchbay_connector::definition::SoapPaginatedRequest;

use super::paginated_request::{Asked, pages};
use crate::{
    Error,
    context::Run,
    response::output::{Answer, Wants},
};

pub(super) async fn run(run: &Run<'_>, paginated: &SoapPaginatedRequest, wants: Wants) -> Result<Answer, Error> {
    let SoapPaginatedRequest { soap, page, cursor } = paginated;
    pages(run, page, cursor.as_ref(), wants, Asked::Soap(soap)).await
}
