//! Upstream overrides: a request to one base URL is sent to another one (sandbox, staging). Everything that people and
//! rules see keeps the provider's URL.

use url::Url;

use crate::config_error::ConfigError;

/// One override. The paths have no trailing slash.
#[derive(Debug)]
struct Override {
    from: Url,
    to: Url,
}

/// All overrides, the longest path first.
#[derive(Debug, Default)]
pub(crate) struct Upstreams(Vec<Override>);

impl Upstreams {
    /// Parses pairs of base URLs: the provider's, and the one that replaces it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidUpstream`] for the first one that is not a base URL.
    pub(crate) fn parse(pairs: &[(String, String)]) -> Result<Self, ConfigError> {
        let mut overrides = Vec::with_capacity(pairs.len());
        for (from, to) in pairs {
            overrides.push(Override { from: parse_base_url(from)?, to: parse_base_url(to)? });
        }
        overrides.sort_by_key(|one| std::cmp::Reverse(one.from.path().len()));
        Ok(Self(overrides))
    }

    /// Returns the origins of the upstreams, which the operator trusts.
    pub(crate) fn origins(&self) -> Vec<url::Origin> {
        self.0.iter().map(|one| one.to.origin()).collect()
    }

    /// Returns the upstream's URL that a request to `url` is sent to; `None` if no override applies.
    pub(crate) fn rewrite(&self, url: &Url) -> Option<Url> {
        self.0.iter().find_map(|one| rebase(url, &one.from, &one.to))
    }

    /// Returns the provider's URL that `upstream_url` replaces, so that a redirect of an upstream becomes a redirect of
    /// the provider. `request_url` is the provider's URL of the redirected request.
    pub(crate) fn restore(&self, upstream_url: &Url, request_url: &Url) -> Option<Url> {
        // Several base URLs may have the same upstream: the one of the request comes first.
        let of_request = self.0.iter().filter(|one| rebase(request_url, &one.from, &one.to).is_some());
        of_request.chain(&self.0).find_map(|one| rebase(upstream_url, &one.to, &one.from))
    }
}

fn parse_base_url(text: &str) -> Result<Url, ConfigError> {
    let invalid = |reason: &str| ConfigError::InvalidUpstream { url: text.to_owned(), reason: reason.to_owned() };
    let mut url = Url::parse(text).map_err(|error| invalid(&format!("is not a URL ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(invalid("is not an http or https URL"));
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("has a query, a fragment or a user"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Returns `url` with the base URL `from` replaced by `to`; `None` if `from` is not a prefix in whole path segments.
fn rebase(url: &Url, from: &Url, to: &Url) -> Option<Url> {
    if url.scheme() != from.scheme()
        || url.host() != from.host()
        || url.port_or_known_default() != from.port_or_known_default()
    {
        return None;
    }
    let rest = url.path().strip_prefix(from.path().trim_end_matches('/'))?;
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    let mut target = to.clone();
    target.set_path(&format!("{}{rest}", to.path().trim_end_matches('/')));
    target.set_query(url.query());
    Some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstreams() -> Upstreams {
        let pairs = [
            ("https://api.us.spotdraft.com", "http://127.0.0.1:9000/spotdraft/us"),
            ("https://api.us.spotdraft.com/api/v3/", "http://127.0.0.1:9000/v3"),
            ("https://api.spotdraft.com", "http://127.0.0.1:9000/spotdraft/us"),
        ];
        Upstreams::parse(&pairs.map(|(from, to)| (from.to_owned(), to.to_owned()))).unwrap()
    }

    #[test]
    fn the_longest_base_url_wins_and_slashes_remain() {
        let rewrite = |url: &str| upstreams().rewrite(&Url::parse(url).unwrap()).map(String::from);
        assert_eq!(
            rewrite("https://api.us.spotdraft.com/api/v2.1/contracts/?page=1").as_deref(),
            Some("http://127.0.0.1:9000/spotdraft/us/api/v2.1/contracts/?page=1")
        );
        assert_eq!(rewrite("https://api.us.spotdraft.com/api/v3/x").as_deref(), Some("http://127.0.0.1:9000/v3/x"));
        assert_eq!(
            rewrite("https://api.us.spotdraft.com:443/api/v33").as_deref(),
            Some("http://127.0.0.1:9000/spotdraft/us/api/v33")
        );
        assert_eq!(rewrite("http://api.us.spotdraft.com/"), None);
        assert_eq!(rewrite("https://api.us.spotdraft.com.evil.example/"), None);
    }

    #[test]
    fn a_redirect_is_restored_to_the_base_url_of_its_request() {
        let upstream_url = Url::parse("http://127.0.0.1:9000/spotdraft/us/contracts/").unwrap();
        for base in ["https://api.us.spotdraft.com", "https://api.spotdraft.com"] {
            let request_url = Url::parse(&format!("{base}/contracts")).unwrap();
            let restored = upstreams().restore(&upstream_url, &request_url).unwrap();
            assert_eq!(restored.as_str(), format!("{base}/contracts/"));
        }
    }

    #[test]
    fn an_invalid_base_url_is_rejected() {
        for invalid in ["api.example.com", "ftp://x", "https://x/?q", "https://u:p@x/"] {
            let error = Upstreams::parse(&[(invalid.to_owned(), "http://127.0.0.1:1".to_owned())]).unwrap_err();
            assert!(error.to_string().contains(invalid), "{error}");
        }
    }
}
