//! `soap_paginated_request`: a SOAP request for each page.

use serde_json::Value;

use super::{
    Cursor, FunctionVersion, Pagination, SoapRequest, StepFunctionType, StepPaging,
    request::{PAGING_KEYS, paging_schemas, read_cursor, read_pagination, schema},
    soap_request::{KEYS, schemas},
};
use crate::{expr::Template, syntax::Reader};

/// A SOAP request for each page.
#[derive(Debug)]
pub struct SoapPaginatedRequest {
    /// The request for one page.
    pub soap: SoapRequest,
    /// How the next page is requested.
    pub page: Pagination,
    /// Where the caller resumes, if the file says so.
    pub cursor: Option<Cursor>,
}

/// The function `soap_paginated_request`.
pub(super) struct SoapPaginatedRequestFunction;

fn keys() -> Vec<&'static str> {
    [&KEYS[..], &PAGING_KEYS].concat()
}

impl StepFunctionType for SoapPaginatedRequestFunction {
    type Parameters = SoapPaginatedRequest;
    const NAME: &'static str = "soap_paginated_request";

    fn read(parameters: Reader<'_>, _: FunctionVersion) -> Option<SoapPaginatedRequest> {
        let mapping = parameters.parameters(&keys())?;
        let (soap, page) = (SoapRequest::read(&mapping), read_pagination(&mapping));
        let cursor = read_cursor(&mapping);
        Some(SoapPaginatedRequest { soap: soap?, page: page?, cursor })
    }

    fn templates<'a>(paginated: &'a SoapPaginatedRequest, found: &mut Vec<&'a Template>) {
        paginated.soap.templates(found);
        paginated.page.templates(paginated.cursor.as_ref(), found);
    }

    fn paging(paginated: &SoapPaginatedRequest) -> Option<StepPaging<'_>> {
        Some(StepPaging { cursor: paginated.cursor.as_ref() })
    }

    fn schema() -> Value {
        schema(&keys(), &["url", "iterator"], &[&paging_schemas()[..], &schemas()].concat())
    }
}
