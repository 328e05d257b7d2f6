//! Turns the failure of an expression into an error of the caller, the account or the connector.

use patchbay_connector::expr::EvalError;

use crate::{Error, ErrorCode, Problem};

/// Turns the failure of an expression in `place` into an error: 400 `ValidationError` if an input is the cause,
/// 412 `AccountFieldError` if a field of the account is the cause, otherwise 500 `ConnectorError`.
pub fn expression_error(connector: &str, place: &str, error: &EvalError) -> Error {
    let path = match error {
        EvalError::Missing { path } | EvalError::Refused { path, .. } => path.as_str(),
        EvalError::Type(_) | EvalError::Fuel | EvalError::Large | EvalError::Deep => "",
    };
    let name = path.trim_start_matches("$.");
    if name.starts_with("inputs") || (matches!(error, EvalError::Refused { .. }) && !name.starts_with("credentials")) {
        return input_problem(name.strip_prefix("inputs.").unwrap_or(name), error.to_string());
    }
    if name.starts_with("credentials") {
        let message = format!("{connector}: the account's field {error}; reconnect the account with a corrected value");
        return Error::new(ErrorCode::AccountField, message);
    }
    Error::new(
        ErrorCode::Connector,
        format!("connector {connector}: error in `{place}`: {error}; fix the connector file"),
    )
}

/// Returns the 400 `ValidationError` for an input that cannot be used in the request.
pub(crate) fn input_problem(path: &str, message: String) -> Error {
    let problem = Problem { path: path.into(), code: "refused", message: message.clone() };
    Error::new(ErrorCode::Validation, message).with_problems(vec![problem])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_decides_the_code() {
        let missing = |path: &str| expression_error("Demo", "list", &EvalError::Missing { path: path.to_owned() });
        assert_eq!(missing("inputs.id").code, ErrorCode::Validation);
        assert_eq!(missing("inputs.id").problems[0].path, "id".into());
        assert_eq!(missing("credentials.region").code, ErrorCode::AccountField);
        assert_eq!(missing("steps.a.output").code, ErrorCode::Connector);
    }
}
