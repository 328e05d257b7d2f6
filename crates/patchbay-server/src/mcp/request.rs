//! What a request of an agent selects, in its headers and its query.

use axum::http::HeaderMap;
use patchbay_engine::{AccountSelection, AgentRequest, Error, ErrorCode, ParamStyle, ToolFilter, ToolMode};
use patchbay_model::AccountId;

use crate::extract::{QueryMap, ascii};

/// The header of the accounts, which is also the name of the parameter.
const ACCOUNTS: &str = "x-account-id";
/// The longest part of a parameter's name that a message repeats, in characters.
const MAX_SHOWN_CHARS: usize = 64;
/// The header of the owner.
const OWNER: &str = "x-owner-id";
/// The names of each parameter. The first one is that of the documentation.
const ACCOUNT_PARAMETERS: [&str; 4] = [ACCOUNTS, "account_id", "account_ids", "x_account_id"];
const OWNER_PARAMETERS: [&str; 2] = ["owner_id", OWNER];
const CONNECTOR_PARAMETERS: [&str; 4] = ["connectors", "connector", "providers", "provider"];
const ACTION_PARAMETERS: [&str; 2] = ["actions", "action"];
const MODE_PARAMETERS: [&str; 2] = ["tool-mode", "tool_mode"];
const STYLE_PARAMETERS: [&str; 2] = ["param-style", "param_style"];
/// The parameters of the documentation.
const KNOWN: &str = "x-account-id, owner_id, tool-mode, param-style, connectors and actions";
/// What a parameter that selects something contains. Another one may be anything, such as the mark of a client.
const NOUNS: [&str; 8] = ["account", "action", "connector", "mode", "owner", "provider", "style", "tool"];

/// Reads which accounts and actions an agent uses, and how they become tools. Headers count more than the query.
///
/// # Errors
///
/// 400 `ValidationError` for an unknown mode or style, for accounts together with an owner, for a header that is not ASCII, and for an
/// unknown parameter that can only mean a selection: without it, the agent would have other tools. Other unknown parameters are named
/// in the response.
pub(crate) fn agent_request(headers: &HeaderMap, mut query: QueryMap) -> Result<AgentRequest, Error> {
    let accounts = header_list(headers, ACCOUNTS)?;
    let owner = header_list(headers, OWNER)?.into_iter().next();
    let of_query = (query.list(&ACCOUNT_PARAMETERS), query.single_text(&OWNER_PARAMETERS)?);
    let (accounts, owner) = if accounts.is_empty() && owner.is_none() { of_query } else { (accounts, owner) };
    let accounts = match owner {
        Some(_) if accounts.iter().any(|id| !id.is_empty()) => {
            let message = "name either accounts (x-account-id) or an owner (x-owner-id), not both";
            return Err(Error::new(ErrorCode::Validation, message));
        }
        Some(owner) => AccountSelection::Owner(owner),
        None => AccountSelection::Ids(accounts.into_iter().map(AccountId::new).collect()),
    };
    let modes = ToolMode::ALL.map(ToolMode::as_str);
    let styles = ParamStyle::ALL.map(ParamStyle::as_str);
    let mode = query.choices(&MODE_PARAMETERS, &modes)?.first().copied();
    let style = query.choices(&STYLE_PARAMETERS, &styles)?.first().copied();
    let filter = ToolFilter {
        connectors: patterns(&mut query, &CONNECTOR_PARAMETERS),
        actions: patterns(&mut query, &ACTION_PARAMETERS),
    };
    if let Some(name) = query.unread().find(|name| is_selection(name)) {
        let name = name.chars().filter(|c| !c.is_control()).take(MAX_SHOWN_CHARS).collect::<String>();
        let message = format!("unknown parameter `{name}`; the parameters are {KNOWN}");
        return Err(Error::new(ErrorCode::Validation, message));
    }
    query.finish_call()?;
    Ok(AgentRequest {
        accounts,
        mode: mode.and_then(ToolMode::from_name).unwrap_or_default(),
        style: style.and_then(ParamStyle::from_name).unwrap_or_default(),
        filter,
    })
}

/// Returns true for the name of a parameter that can only select accounts, actions, a mode or a style.
fn is_selection(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NOUNS.iter().any(|noun| name.contains(noun))
}

/// Returns the values of a header that is repeated or separated by commas.
///
/// # Errors
///
/// 400 `ValidationError` for a value that is not ASCII.
fn header_list(headers: &HeaderMap, name: &str) -> Result<Vec<String>, Error> {
    let values = headers.get_all(name).iter().map(|value| ascii(name, value)).collect::<Result<Vec<_>, _>>()?;
    let parts = values.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|part| !part.is_empty());
    Ok(parts.map(str::to_owned).collect())
}

/// Returns the patterns of a filter; none without the parameter. An empty one matches nothing.
fn patterns(query: &mut QueryMap, names: &[&str]) -> Option<Vec<String>> {
    let patterns = query.list(names);
    (!patterns.is_empty()).then_some(patterns)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn read(headers: &[(&'static str, &'static str)], query: &str) -> Result<AgentRequest, Error> {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| {
            map.append(name, value);
        });
        agent_request(&map, QueryMap::parse(query))
    }

    fn ids(headers: &[(&'static str, &'static str)], query: &str) -> Vec<String> {
        match read(headers, query).unwrap().accounts {
            AccountSelection::Ids(ids) => ids.iter().map(ToString::to_string).collect(),
            AccountSelection::Owner(owner) => vec![format!("owner {owner}")],
        }
    }

    #[test]
    fn accounts_are_one_or_several_or_those_of_an_owner() {
        assert_eq!(ids(&[("x-account-id", "a")], "x-account-id=b"), ["a"]);
        assert_eq!(ids(&[("x-account-id", "a, b"), ("x-account-id", "c")], ""), ["a", "b", "c"]);
        assert_eq!(ids(&[], "account_id=a&account_id=b,c"), ["a", "b", "c"]);
        assert_eq!(ids(&[("x-account-id", " ")], "x-account-id=b"), ["b"]);
        assert_eq!(ids(&[("x-owner-id", "o")], "x-account-id=b"), ["owner o"]);
        assert_eq!(ids(&[], "owner_id=o"), ["owner o"]);
        assert_eq!(ids(&[], ""), [""; 0]);
        for both in [read(&[("x-account-id", "a"), ("x-owner-id", "o")], ""), read(&[], "account_id=a&owner_id=o")] {
            assert_eq!(both.unwrap_err().code, ErrorCode::Validation);
        }
    }

    #[test]
    fn a_header_that_is_not_ascii_is_not_a_missing_one() {
        for name in [ACCOUNTS, OWNER] {
            for value in [&b"\xff"[..], "a,\u{fc}".as_bytes()] {
                let mut headers = HeaderMap::new();
                headers.append(name, HeaderValue::from_static("a"));
                headers.append(name, HeaderValue::from_bytes(value).unwrap());
                let error = agent_request(&headers, QueryMap::parse("account_id=b")).unwrap_err();
                assert_eq!(error.code, ErrorCode::Validation);
                assert!(error.message.contains(name), "{}", error.message);
            }
        }
    }

    #[test]
    fn a_mistyped_selection_is_an_error_and_another_parameter_is_not() {
        for wrong in [
            "toolmode=meta",
            "tool-modes=meta",
            "Mode=meta",
            "paramStyle=nested",
            "accountId=b",
            "owner=o",
            "Actions=x",
        ] {
            let error = read(&[("x-account-id", "a")], wrong).unwrap_err();
            let name = wrong.split('=').next().unwrap();
            assert_eq!(error.code, ErrorCode::Validation, "{wrong}");
            assert!(error.message.contains(name) && error.message.contains(KNOWN), "{}", error.message);
        }
        for other in ["utm_source=x", "_=1", "sessionId=2"] {
            read(&[("x-account-id", "a")], other).unwrap();
        }
    }

    #[test]
    fn modes_styles_and_filters_are_read() {
        let request =
            read(&[], "tool-mode=meta&param-style=flat_smart&actions=slack_*,jira_get_*&connectors=").unwrap();
        assert_eq!((request.mode, request.style), (ToolMode::Meta, ParamStyle::FlatSmart));
        assert_eq!(request.filter.actions.unwrap(), ["slack_*", "jira_get_*"]);
        assert_eq!(request.filter.connectors.unwrap(), [""]);
        let request = read(&[], "").unwrap();
        assert_eq!((request.mode, request.style, request.filter), Default::default());
        for wrong in ["tool-mode=all", "param-style=flat"] {
            assert_eq!(read(&[], wrong).unwrap_err().code, ErrorCode::Validation, "{wrong}");
        }
    }
}
