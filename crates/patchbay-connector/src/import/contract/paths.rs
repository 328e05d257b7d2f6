//! Finds the operation of a request by its method and path.
//!
//! A path is compared segment by segment; the operation with the most literal text is the one that is meant. The base path
//! is one of the description's servers. If no server fits, any base path does: a gateway or a tenant may put its own in
//! front, and the result says so.

use url::Url;

use super::{Contract, Finding, FindingKind, OperationIndex};
use crate::{
    import::{
        model::{Api, ApiOperation},
        refs::decoded,
    },
    nearest,
};

/// The maximum number of segments of a requested path.
const MAX_SEGMENTS: usize = 64;

/// A part of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    Parameter(String),
}

/// The segments of an operation's path.
#[derive(Debug)]
pub(super) struct Route {
    segments: Vec<Vec<Part>>,
    /// The number of literal bytes.
    literal: usize,
    /// The base path of the operation's own server.
    base: Option<Base>,
}

/// The segments of a base path.
pub(super) type Base = Vec<Vec<Part>>;

/// An operation that a path can belong to: its index, the number of segments of the base path, the path parameters.
type Candidate = (OperationIndex, usize, Vec<(String, String)>);

/// The operation of a request.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) index: OperationIndex,
    /// The path parameters: name and decoded value.
    pub(super) values: Vec<(String, String)>,
    /// The base path, if the description does not have it.
    pub(super) foreign_base: Option<String>,
}

impl Route {
    pub(super) fn new(operation: &ApiOperation<'_>) -> Self {
        let path = operation.path.split(['?', '#']).next().unwrap_or_default();
        let segments = template(path);
        let parts = segments.iter().flatten();
        let literal = parts.map(|part| if let Part::Literal(text) = part { text.len() } else { 0 }).sum();
        Self { segments, literal, base: operation.server.as_deref().map(base) }
    }

    /// Returns true if the last segment has no parameter.
    fn ends_with_literal(&self) -> bool {
        self.segments.last().is_some_and(|parts| parts.iter().all(|part| matches!(part, Part::Literal(_))))
    }

    /// Returns the path parameters if the segments are this path.
    fn values(&self, segments: &[String]) -> Option<Vec<(String, String)>> {
        if segments.len() != self.segments.len() {
            return None;
        }
        let mut values = Vec::new();
        let fits = self.segments.iter().zip(segments).all(|(parts, text)| fit(parts, text, &mut values));
        fits.then_some(values)
    }
}

/// Returns the base paths of the description's servers.
pub(super) fn bases(api: &Api<'_>) -> Vec<Base> {
    let mut bases = api.servers.iter().map(|server| base(&server.url)).collect::<Vec<_>>();
    bases.sort_by_key(|base| std::cmp::Reverse(base.len()));
    bases.dedup();
    if bases.is_empty() {
        bases.push(Vec::new());
    }
    bases
}

/// Returns the segments of the path of a server's URL, which can be relative and have variables.
fn base(url: &str) -> Base {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => url,
    };
    template(path)
}

fn template(path: &str) -> Vec<Vec<Part>> {
    path.split('/').filter(|segment| !segment.is_empty()).map(parts).collect()
}

fn parts(segment: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = segment;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        if !before.is_empty() {
            parts.push(Part::Literal(before.to_owned()));
        }
        parts.push(Part::Parameter(name.trim_start_matches(['+', '.', ';']).to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    parts
}

/// Returns true if a segment has these parts, and adds the parameters' values.
fn fit(parts: &[Part], text: &str, values: &mut Vec<(String, String)>) -> bool {
    match parts {
        [] => text.is_empty(),
        [Part::Literal(literal), rest @ ..] => {
            text.strip_prefix(literal.as_str()).is_some_and(|text| fit(rest, text, values))
        }
        [Part::Parameter(name)] => {
            values.push((name.clone(), text.to_owned()));
            !text.is_empty()
        }
        [Part::Parameter(name), Part::Literal(literal), rest @ ..] => {
            // The last place where the literal is: `{file}.{ending}` of `a.b.c`.
            let Some(at) = text.rfind(literal.as_str()).filter(|at| *at > 0) else { return false };
            values.push((name.clone(), text[..at].to_owned()));
            fit(rest, &text[at + literal.len()..], values)
        }
        [Part::Parameter(_), rest @ ..] => fit(rest, text, values),
    }
}

impl Contract<'_> {
    /// Returns the operation of a request, or the finding that there is none.
    pub(super) fn find(&self, method: &str, url: &Url) -> Result<Found, Box<Finding>> {
        let segments = url.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty());
        let mut segments = segments.map(decoded).take(MAX_SEGMENTS).collect::<Vec<_>>();
        let mut found = self.under_known_bases(&segments);
        // Some providers take every path with `.json` too, and describe it without.
        let bare = segments.last().and_then(|last| last.strip_suffix(".json")).map(str::to_owned);
        let is_literal = found.iter().any(|(index, ..)| self.routes[index.0].ends_with_literal());
        if let (Some(bare), Some(last), false) = (bare, segments.last_mut(), is_literal) {
            *last = bare;
            let without = self.under_known_bases(&segments);
            if !without.is_empty() {
                found = without;
            }
        }
        let is_known = !found.is_empty();
        if !is_known {
            found = self.under_any_base(&segments);
        }
        let mine =
            found.iter().filter(|(index, ..)| self.operation(*index).method.as_str().eq_ignore_ascii_case(method));
        // With equal literals, the base that is cut off less.
        let best = mine.max_by_key(|(index, depth, _)| (self.routes[index.0].literal, std::cmp::Reverse(*depth)));
        if let Some((index, depth, values)) = best {
            let foreign_base = (!is_known).then(|| format!("/{}", segments[..*depth].join("/")));
            return Ok(Found { index: *index, values: values.clone(), foreign_base });
        }
        let path = url.path();
        if found.is_empty() {
            let known = self.api.operations.iter().map(|operation| operation.path.as_str());
            let hint = nearest(path, known).map(|known| format!("; the nearest is `{known}`")).unwrap_or_default();
            let message = format!("the description has no path `{path}`{hint}");
            return Err(Box::new(Finding::new(FindingKind::Path, "path", message)));
        }
        let most = found.iter().map(|(index, ..)| self.routes[index.0].literal).max().unwrap_or_default();
        let mut methods = found
            .iter()
            .filter(|(index, ..)| self.routes[index.0].literal == most)
            .map(|(index, ..)| self.operation(*index).method.as_str().to_ascii_uppercase())
            .collect::<Vec<_>>();
        methods.sort_unstable();
        methods.dedup();
        let message = format!("`{path}` has {}, not {}", methods.join(", "), method.to_ascii_uppercase());
        Err(Box::new(Finding::new(FindingKind::Method, "method", message)))
    }

    /// Returns the operations with this path under a base path of the description: index, length of the base, values.
    fn under_known_bases(&self, segments: &[String]) -> Vec<Candidate> {
        let mut found = Vec::new();
        for (place, route) in self.routes.iter().enumerate() {
            let bases = route.base.as_ref().map_or(self.bases.as_slice(), std::slice::from_ref);
            let fitting = bases.iter().find_map(|base| {
                let (head, rest) = segments.split_at_checked(base.len())?;
                let fits = base.iter().zip(head).all(|(parts, text)| fit(parts, text, &mut Vec::new()));
                let values = if fits { route.values(rest) } else { None }?;
                Some((OperationIndex(place), base.len(), values))
            });
            found.extend(fitting);
        }
        found
    }

    /// Returns the operations whose path ends the requested one. A path that has only parameters would match anything.
    fn under_any_base(&self, segments: &[String]) -> Vec<Candidate> {
        let mut found = Vec::new();
        for (place, route) in self.routes.iter().enumerate().filter(|(_, route)| route.literal > 0) {
            let Some(cut) = segments.len().checked_sub(route.segments.len()) else { continue };
            if let Some(values) = route.values(&segments[cut..]) {
                found.push((OperationIndex(place), cut, values));
            }
        }
        found
    }
}
