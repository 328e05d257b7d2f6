//! Turns an expression's failure into an error: the caller's, the account's or the connector's fault.

use patchbay_connector::expr::EvalError;

use crate::{Error, ErrorCode, Problem};

/// Turns an expression's failure into an error: of the caller if an input is the cause, of the account if one of its
/// fields is, otherwise of the connector.
pub fn expression_error(connector: &str, place: &str, error: &EvalError) -> Error {
    let path = match error {
        EvalError::Missing { path } | EvalError::Refused { path, .. } => path.as_str(),
        EvalError::Type(_) | EvalError::Fuel | EvalError::Large | EvalError::Deep => "",
    };
    let bare = path.trim_start_matches("$.");
    if bare.starts_with("inputs") || (matches!(error, EvalError::Refused { .. }) && !bare.starts_with("credentials")) {
        return input_problem(bare.strip_prefix("inputs.").unwrap_or(bare), error.to_string());
    }
    if bare.starts_with("credentials") {
        let message =
            format!("{connector}: the account's field {error}; link the account again with a corrected value");
        return Error::new(ErrorCode::AccountField, message);
    }
    Error::new(
        ErrorCode::Connector,
        format!("the connector {connector} fails in `{place}`: {error}; its file needs mending"),
    )
}

/// Returns the 400 for an input that cannot be used in the request.
pub fn input_problem(path: &str, message: String) -> Error {
    let problem = Problem { path: path.to_owned(), code: "refused", message: message.clone() };
    Error::new(ErrorCode::Validation, message).with_problems(vec![problem])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_land_where_they_belong() {
        let missing = |path: &str| expression_error("Demo", "list", &EvalError::Missing { path: path.to_owned() });
        assert_eq!(missing("inputs.id").code, ErrorCode::Validation);
        assert_eq!(missing("inputs.id").problems[0].path, "id");
        assert_eq!(missing("credentials.region").code, ErrorCode::AccountField);
        assert_eq!(missing("steps.a.output").code, ErrorCode::Connector);
    }
}
