//! The 400 error of an invalid request, and checks that several services share.

use crate::{Error, ErrorCode, Field, Problem};

/// The maximum number of items on a page.
const MAX_PAGE_SIZE: u32 = 100;

/// The maximum number of problems that a request reports. Checks stop at it: what follows is not even counted.
pub(crate) const MAX_PROBLEMS: usize = 100;

/// Creates the 400 `ValidationError` with every problem, at most [`MAX_PROBLEMS`].
pub(crate) fn invalid(mut problems: Vec<Problem>) -> Error {
    problems.truncate(MAX_PROBLEMS);
    let first = problems.first().map_or_else(String::new, |problem| format!(": {}", problem.message));
    let rest = match problems.len() {
        0 | 1 => String::new(),
        MAX_PROBLEMS.. => " (and more)".to_owned(),
        count => format!(" (and {} more)", count - 1),
    };
    Error::new(ErrorCode::Validation, format!("the request is not valid{first}{rest}")).with_problems(problems)
}

/// Creates the 400 `ValidationError` with one problem.
pub(crate) fn invalid_at(field: Field, code: &'static str, message: impl Into<String>) -> Error {
    invalid(vec![Problem { path: field.into(), code, message: message.into() }])
}

/// Checks the number of a page and the number of items on it.
pub(crate) fn check_page(page: u32, page_size: u32) -> Result<(), Error> {
    let mut problems = Vec::new();
    if page == 0 {
        problems.push(Problem {
            path: Field::Page.into(),
            code: "range",
            message: "page must be 1 or more".to_owned(),
        });
    }
    if !(1..=MAX_PAGE_SIZE).contains(&page_size) {
        let message = format!("the page size must be from 1 to {MAX_PAGE_SIZE}");
        problems.push(Problem { path: Field::PageSize.into(), code: "range", message });
    }
    if problems.is_empty() { Ok(()) } else { Err(invalid(problems)) }
}

/// Shortens an id from a request for a message.
pub(crate) fn shortened(id: &str) -> String {
    id.chars().filter(|c| !c.is_control()).take(64).collect()
}
