//! `paginated_request`: an HTTP request for each page.

use serde_json::Value;

use super::{
    Cursor, FunctionVersion, Pagination, RequestSpec, StepFunctionType, StepPaging,
    request::{KEYS, PAGING_KEYS, paging_schemas, read_cursor, read_pagination, schema},
};
use crate::{expr::Template, syntax::Reader};

/// An HTTP request for each page.
#[derive(Debug)]
pub struct PaginatedRequest {
    /// The request for one page.
    pub request: RequestSpec,
    /// How the next page is requested.
    pub page: Pagination,
    /// Where the caller resumes, if the file says so.
    pub cursor: Option<Cursor>,
}

/// The function `paginated_request`.
pub(super) struct PaginatedRequestFunction;

fn keys() -> Vec<&'static str> {
    [&KEYS[..], &PAGING_KEYS].concat()
}

impl StepFunctionType for PaginatedRequestFunction {
    type Parameters = PaginatedRequest;
    const NAME: &'static str = "paginated_request";

    fn read(parameters: Reader<'_>, _: FunctionVersion) -> Option<PaginatedRequest> {
        let mapping = parameters.parameters(&keys())?;
        let (page, request) = (read_pagination(&mapping), RequestSpec::read(&mapping));
        Some(PaginatedRequest { page: page?, cursor: read_cursor(&mapping), request: request? })
    }

    fn templates<'a>(paginated: &'a PaginatedRequest, found: &mut Vec<&'a Template>) {
        paginated.request.templates(found);
        paginated.page.templates(paginated.cursor.as_ref(), found);
    }

    fn paging(paginated: &PaginatedRequest) -> Option<StepPaging<'_>> {
        Some(StepPaging { cursor: paginated.cursor.as_ref() })
    }

    fn schema() -> Value {
        schema(&keys(), &["url", "iterator"], &paging_schemas())
    }
}
