//! Query parameters: lists are comma-separated, repeated or JSON arrays; a parameter may have several names.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};
use patchbay_engine::{Error, ErrorCode, Problem};

use crate::{dto::shared::PageParams, state::AppState};

/// The default number of items on a page.
pub(crate) const DEFAULT_PAGE_SIZE: u32 = 25;

/// The parameters of a query.
pub(crate) struct QueryMap(Vec<(String, String)>);

impl FromRequestParts<AppState> for QueryMap {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

impl QueryMap {
    /// Returns all names and values.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the first value that has any of these names and is not empty.
    pub(crate) fn text(&self, names: &[&str]) -> Option<String> {
        self.0
            .iter()
            .find(|(name, value)| names.contains(&name.as_str()) && !value.is_empty())
            .map(|(_, value)| value.clone())
    }

    /// Returns all values with these names. `name[]` and `name[0]` count as `name`.
    pub(crate) fn list(&self, names: &[&str]) -> Vec<String> {
        let mut values = Vec::new();
        for (name, value) in &self.0 {
            let bare = name
                .strip_suffix(']')
                .and_then(|name| name.rsplit_once('['))
                .filter(|(_, index)| index.bytes().all(|byte| byte.is_ascii_digit()))
                .map(|(bare, _)| bare);
            if !names.contains(&name.as_str()) && !bare.is_some_and(|bare| names.contains(&bare)) {
                continue;
            }
            match serde_json::from_str::<Vec<String>>(value) {
                Ok(list) => values.extend(list),
                Err(_) => {
                    values.extend(value.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
                }
            }
        }
        values
    }

    /// Returns the whole number with any of these names, or the default.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a value that is not a whole number.
    pub(crate) fn number(&self, names: &[&str], default: u32) -> Result<u32, Error> {
        let Some(text) = self.text(names) else { return Ok(default) };
        text.parse().map_err(|_| wrong_type(names[0], "a whole number"))
    }

    /// Returns the page of a list.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a value that is not a whole number.
    pub(crate) fn page(&self) -> Result<PageParams, Error> {
        Ok(PageParams { page: self.number(&["page"], 1)?, page_size: self.number(&["page_size"], DEFAULT_PAGE_SIZE)? })
    }

    /// Returns the truth value with any of these names.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for another value.
    pub(crate) fn boolean(&self, names: &[&str]) -> Result<Option<bool>, Error> {
        match self.text(names).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(wrong_type(names[0], "true or false")),
        }
    }
}

fn wrong_type(name: &str, expected: &str) -> Error {
    let message = format!("{name} must be {expected}");
    let problem = Problem { path: name.into(), code: "type", message: message.clone() };
    Error::new(ErrorCode::Validation, message).with_problems(vec![problem])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(query: &str) -> QueryMap {
        QueryMap(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    #[test]
    fn lists_come_in_every_spelling() {
        for query in ["a=x,y", "a=x&a=y", "a[]=x&a[]=y", "a[0]=x&a[1]=y", "a=[\"x\",\"y\"]", "b=x&a=y"] {
            assert_eq!(map(query).list(&["a", "b"]), ["x", "y"], "{query}");
        }
        assert_eq!(map("filter[connectors]=x,y").list(&["filter[connectors]"]), ["x", "y"]);
        assert!(map("a=").list(&["a"]).is_empty());
        assert!(map("page=x").number(&["page"], 1).is_err());
        assert_eq!(map("").number(&["page"], 1).unwrap(), 1);
    }
}
