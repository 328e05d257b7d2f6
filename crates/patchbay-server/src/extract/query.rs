//! Query parameters: lists are comma-separated, repeated or JSON arrays; a parameter may have several names.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};
use patchbay_engine::{Error, ErrorCode, Problem};

use super::{ignored::IgnoredFields, prefer::is_strict};
use crate::{dto::shared::PageParams, state::AppState};

/// The default number of items on a page.
pub(crate) const DEFAULT_PAGE_SIZE: u32 = 25;
/// The maximum number of unknown parameters that an error lists.
const MAX_REFUSED: usize = 20;
/// The longest part of a parameter's name that a message repeats, in characters.
const MAX_SHOWN_CHARS: usize = 64;

/// The parameters of a query, which a route reads by their names. Those that it does not read are ignored and named in the
/// response, or with `Prefer: handling=strict` an error ([`QueryMap::finish`]).
///
/// A filter with an empty value never means "all": in a list of IDs or keys it matches nothing, any other is an error.
///
/// A parameter with one value that is given two different ones, under one name or several, is an error: the caller and who
/// checked the request before could each mean another one. Lists take all values. Pages, which browsers open, take the first
/// value ([`QueryMap::text`]).
#[derive(Default)]
pub(crate) struct QueryMap {
    parameters: Vec<Parameter>,
    ignored: IgnoredFields,
    is_strict: bool,
}

struct Parameter {
    name: String,
    value: String,
    /// Whether the route knows the name.
    is_known: bool,
}

impl FromRequestParts<AppState> for QueryMap {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        let Some(query) = parts.uri.query() else { return Ok(Self::default()) };
        Ok(Self {
            ignored: IgnoredFields::of(&parts.extensions),
            is_strict: is_strict(&parts.headers),
            ..Self::parse(query)
        })
    }
}

impl QueryMap {
    pub(crate) fn parse(query: &str) -> Self {
        let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
        let parameters = pairs.map(|(name, value)| Parameter { name, value, is_known: false });
        Self { parameters: parameters.collect(), ..Self::default() }
    }

    /// Returns all names and values.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|parameter| (parameter.name.as_str(), parameter.value.as_str()))
    }

    /// Returns the values that have any of these names. `name[]` and `name[0]` count as `name`.
    fn values(&mut self, names: &[&str]) -> Vec<&str> {
        let mut values = Vec::new();
        for parameter in &mut self.parameters {
            let name = parameter.name.as_str();
            let bare = name
                .strip_suffix(']')
                .and_then(|name| name.rsplit_once('['))
                .filter(|(_, index)| index.bytes().all(|byte| byte.is_ascii_digit()))
                .map(|(bare, _)| bare);
            if names.contains(&name) || bare.is_some_and(|bare| names.contains(&bare)) {
                parameter.is_known = true;
                values.push(parameter.value.as_str());
            }
        }
        values
    }

    /// Returns the first value with any of these names; `Some("")` if all of them are empty.
    fn first(&mut self, names: &[&str]) -> Option<&str> {
        let values = self.values(names);
        values.iter().find(|value| !value.is_empty()).or(values.first()).copied()
    }

    /// Returns the value with any of these names; `Some("")` if all of them are empty.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` if there are two different values that are not empty.
    fn single(&mut self, names: &[&str]) -> Result<Option<&str>, Error> {
        let mut given = self.values(names).into_iter().filter(|value| !value.is_empty());
        let first = given.next();
        if given.any(|value| Some(value) != first) {
            let message = format!("{0} has several values; send one {0}", names[0]);
            return Err(wrong(names[0], "repeated", &message));
        }
        Ok(self.first(names))
    }

    /// Returns the first value that has any of these names and is not empty, for a page.
    pub(crate) fn text(&mut self, names: &[&str]) -> Option<String> {
        self.first(names).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// Returns the value that has any of these names and is not empty.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for two different values.
    pub(crate) fn single_text(&mut self, names: &[&str]) -> Result<Option<String>, Error> {
        Ok(self.single(names)?.filter(|value| !value.is_empty()).map(str::to_owned))
    }

    /// Returns the words of a search.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for an empty value, and for two different ones.
    pub(crate) fn search(&mut self) -> Result<Option<String>, Error> {
        match self.single(&["search"])? {
            Some(text) if text.trim().is_empty() => {
                Err(wrong("search", "empty", "search is empty; omit it to list all"))
            }
            Some(text) if text.contains('\0') => {
                Err(wrong("search", "control_character", "search contains the character NUL"))
            }
            other => Ok(other.map(str::to_owned)),
        }
    }

    /// Returns the ID or key with any of these names. An empty one is kept: it matches nothing. One with the character NUL, which not
    /// every database can look for, becomes an empty one.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for two different values.
    pub(crate) fn key(&mut self, names: &[&str]) -> Result<Option<String>, Error> {
        Ok(self.single(names)?.map(|key| if key.contains('\0') { String::new() } else { key.to_owned() }))
    }

    /// Returns all values with these names; nothing without such a parameter, and one empty value, which matches nothing,
    /// if all are empty or contain the character NUL.
    pub(crate) fn list(&mut self, names: &[&str]) -> Vec<String> {
        let given = self.values(names);
        let mut values = Vec::new();
        for value in &given {
            match serde_json::from_str::<Vec<String>>(value) {
                Ok(list) => values.extend(list.into_iter().filter(|part| !part.is_empty())),
                Err(_) => {
                    values.extend(value.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
                }
            }
        }
        values.retain(|value| !value.contains('\0'));
        if values.is_empty() && !given.is_empty() {
            values.push(String::new());
        }
        values
    }

    /// Returns the names in a list, each of which is one of `known`.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for another name; it lists all. The first of `names` is the one that messages use.
    pub(crate) fn choices(&mut self, names: &[&str], known: &[&'static str]) -> Result<Vec<&'static str>, Error> {
        let given = self.list(names);
        let found =
            given.iter().filter(|given| !given.is_empty()).map(|given| {
                known.iter().find(|known| *known == given).copied().ok_or_else(|| {
                    wrong(names[0], "enum", &format!("{} must be one of: {}", names[0], known.join(" ")))
                })
            });
        found.collect()
    }

    /// Returns the whole number with any of these names, or the default.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a value that is not a whole number from 1, and for two different ones.
    pub(crate) fn number(&mut self, names: &[&str], default: u32) -> Result<u32, Error> {
        let Some(text) = self.single_text(names)? else { return Ok(default) };
        let number = text.parse().ok().filter(|number| i32::try_from(*number).is_ok());
        number.ok_or_else(|| wrong(names[0], "type", &format!("{} must be a whole number, 1 or more", names[0])))
    }

    /// Returns the page of a list.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a value that is not a whole number.
    pub(crate) fn page(&mut self) -> Result<PageParams, Error> {
        Ok(PageParams { page: self.number(&["page"], 1)?, page_size: self.number(&["page_size"], DEFAULT_PAGE_SIZE)? })
    }

    /// Returns the truth value with any of these names.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for another value, also an empty one, and for two different ones.
    pub(crate) fn boolean(&mut self, names: &[&str]) -> Result<Option<bool>, Error> {
        match self.single(names)? {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(wrong(names[0], "type", &format!("{} must be true or false", names[0]))),
        }
    }

    /// Ends the reading for a list: the parameters that the route did not read are named in the response.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for an unknown filter, without which the list would be longer; with
    /// `Prefer: handling=strict` for every unknown parameter.
    pub(crate) fn finish(self) -> Result<(), Error> {
        self.end(is_filter)
    }

    /// Returns the names of the parameters that were not read.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter(|parameter| !parameter.is_known).map(|parameter| parameter.name.as_str())
    }

    /// Ends the reading for a call, which has no filters.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for unknown parameters with `Prefer: handling=strict`.
    pub(crate) fn finish_call(self) -> Result<(), Error> {
        self.end(|_| false)
    }

    fn end(self, is_error: fn(&str) -> bool) -> Result<(), Error> {
        let unknown = || self.parameters.iter().filter(|parameter| !parameter.is_known);
        let refused = unknown().filter(|parameter| self.is_strict || is_error(&parameter.name));
        let problems = refused.take(MAX_REFUSED).map(|parameter| {
            let name: String = parameter.name.chars().take(MAX_SHOWN_CHARS).collect();
            let message = format!("unknown parameter `{name}`; /docs/api lists the parameters of each path");
            Problem { path: name.into(), code: "unknown_field", message }
        });
        let problems = problems.collect::<Vec<_>>();
        if let Some(first) = problems.first() {
            return Err(Error::new(ErrorCode::Validation, first.message.clone()).with_problems(problems));
        }
        self.ignored.add("query", unknown().map(|parameter| &parameter.name));
        Ok(())
    }
}

/// Returns true for a name that can only mean a filter: `filter[…]`, or one that contains the noun of a filter. Another one
/// may be anything, such as the mark of a cache or of a campaign.
fn is_filter(name: &str) -> bool {
    const NOUNS: [&str; 12] = [
        "account",
        "auth",
        "connector",
        "customer",
        "integration",
        "owner",
        "profile",
        "provider",
        "relink",
        "search",
        "status",
        "type",
    ];
    let name = name.to_ascii_lowercase();
    name.starts_with("filter") || NOUNS.iter().any(|noun| name.contains(noun))
}

fn wrong(name: &str, code: &'static str, message: &str) -> Error {
    let problem = Problem { path: name.into(), code, message: message.to_owned() };
    Error::new(ErrorCode::Validation, message).with_problems(vec![problem])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_in_every_spelling() {
        for query in ["a=x,y", "a=x&a=y", "a[]=x&a[]=y", "a[0]=x&a[1]=y", "a=[\"x\",\"y\"]", "b=x&a=y", "a=,x,&a=&b=y"]
        {
            assert_eq!(QueryMap::parse(query).list(&["a", "b"]), ["x", "y"], "{query}");
        }
        assert_eq!(QueryMap::parse("filter[connectors]=x,y").list(&["filter[connectors]"]), ["x", "y"]);
        assert_eq!(QueryMap::parse("filter[a][0]=x&filter[a][1]=y").list(&["filter[a]"]), ["x", "y"]);
        assert!(QueryMap::parse("page=x").number(&["page"], 1).is_err());
        assert_eq!(QueryMap::parse("").number(&["page"], 1).unwrap(), 1);
    }

    #[test]
    fn an_empty_filter_is_not_absent() {
        assert!(QueryMap::parse("").list(&["a"]).is_empty());
        for query in ["a=", "a", "a=,,", "a=%20", "a[]=", "a=&a=", "a=[]", "a=[\"\"]"] {
            assert_eq!(QueryMap::parse(query).list(&["a"]), [""], "{query}");
        }
        assert_eq!(QueryMap::parse("a=").key(&["a"]).unwrap().as_deref(), Some(""));
        assert_eq!(QueryMap::parse("a=&a=x").key(&["a"]).unwrap().as_deref(), Some("x"));
        assert!(QueryMap::parse("a=").boolean(&["a"]).is_err());
        assert!(QueryMap::parse("search=%20").search().is_err());
        assert_eq!(QueryMap::parse("").search().unwrap(), None);
    }

    #[test]
    fn two_values_of_a_single_parameter_are_an_error() {
        for query in ["a=1&a=2", "a=1&b=2", "a=2&a[]=1", "a[0]=1&a[1]=2", "a=&a=2&b=1"] {
            let map = || QueryMap::parse(query);
            let names = ["a", "b"];
            let errors = [
                map().key(&names).err(),
                map().single_text(&names).err(),
                map().number(&names, 1).err(),
                map().boolean(&names).err(),
                QueryMap::parse(&query.replace(['a', 'b'], "search")).search().err(),
            ];
            for error in errors {
                let error = error.unwrap_or_else(|| panic!("{query}"));
                let (problem, code) = (&error.problems[0], error.code);
                assert_eq!((code, problem.code), (ErrorCode::Validation, "repeated"), "{query}: {}", error.message);
            }
            assert!(map().list(&names).len() >= 2, "{query}: a list takes all");
            assert!(map().text(&names).is_some(), "{query}: a page takes the first");
        }
        for query in ["a=1", "a=1&a=1", "a=1&b=1&a[]=1", "a=&b=1"] {
            assert_eq!(QueryMap::parse(query).number(&["a", "b"], 7).unwrap(), 1, "{query}");
        }
    }

    #[test]
    fn numbers_say_their_range() {
        for wrong in ["-1", "1.5", "x", "2147483648", "99999999999999999999"] {
            let error = QueryMap::parse(&format!("page={wrong}")).page().err().unwrap();
            assert_eq!(error.message, "page must be a whole number, 1 or more", "{wrong}");
        }
        assert_eq!(QueryMap::parse("page=2147483647").page().unwrap().page, 2_147_483_647);
    }

    #[test]
    fn a_name_that_is_not_a_choice_is_an_error() {
        let known = ["one", "two"];
        assert_eq!(QueryMap::parse("a=two,one").choices(&["a"], &known).unwrap(), ["two", "one"]);
        assert!(QueryMap::parse("a=").choices(&["a"], &known).unwrap().is_empty());
        let error = QueryMap::parse("a=one,three").choices(&["a"], &known).unwrap_err();
        assert_eq!(error.message, "a must be one of: one two");
    }

    #[test]
    fn parameters_that_nobody_reads_are_named_or_refused() {
        let finished = |query: &str, is_strict: bool| {
            let mut map = QueryMap { is_strict, ..QueryMap::parse(query) };
            map.list(&["a"]);
            let ignored = map.ignored.clone();
            map.finish().map(|()| ignored.header().map(|value| value.to_str().unwrap().to_owned()))
        };
        assert_eq!(finished("a=1&a[]=2", true).unwrap(), None);
        assert_eq!(finished("a=1&b=2&c[0]=3", false).unwrap().unwrap(), "query.b, query.c[0]");
        assert_eq!(finished("a=1&b=2", true).unwrap_err().problems[0].path, "b".into());
        for filter in [
            "filter[b]",
            "filters[b]",
            "owner",
            "ownerId",
            "customer_id",
            "Provider",
            "x_status",
            "accounts",
            "types[]",
            "Type",
            "SEARCH",
            "searches",
            "relinkDue",
            "relink-due",
            "auth_configs",
            "authConfigId",
        ] {
            let error = finished(&format!("a=1&{filter}=2"), false).unwrap_err();
            assert!(error.message.contains(filter), "{filter}: {}", error.message);
        }
        let call = QueryMap::parse("account_id=2&filter[b]=1");
        let ignored = call.ignored.clone();
        call.finish_call().unwrap();
        assert_eq!(ignored.header().unwrap(), "query.account_id, query.filter[b]");
    }
}
