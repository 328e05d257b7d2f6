//! Upstream overrides: requests to one base URL go to another (sandbox, staging), while everything
//! that people and rules see keeps the provider's own URL. Compiled once at start.

use url::Url;

use crate::config::ConfigError;

/// One override. Paths have no trailing slash.
#[derive(Debug)]
struct Override {
    from: Url,
    to: Url,
}

/// All overrides, the longest prefix first.
#[derive(Debug, Default)]
pub(crate) struct Upstreams(Vec<Override>);

impl Upstreams {
    /// Reads pairs of base URLs.
    pub(crate) fn compile(pairs: &[(String, String)]) -> Result<Self, ConfigError> {
        let mut overrides = Vec::with_capacity(pairs.len());
        for (from, to) in pairs {
            overrides.push(Override { from: base(from)?, to: base(to)? });
        }
        overrides.sort_by_key(|one| std::cmp::Reverse(one.from.path().len()));
        Ok(Self(overrides))
    }

    /// The origins that the operator thereby trusts.
    pub(crate) fn trusted(&self) -> Vec<url::Origin> {
        self.0.iter().map(|one| one.to.origin()).collect()
    }

    /// Where a request to `url` goes instead.
    pub(crate) fn rewrite(&self, url: &Url) -> Option<Url> {
        self.0.iter().find_map(|one| moved(url, &one.from, &one.to))
    }

    /// The provider's URL that `wire` stands for: a redirect of the stand-in is one of the provider.
    pub(crate) fn restore(&self, wire: &Url, logical: &Url) -> Option<Url> {
        // Several bases may go to one target: the one that the request came from is meant.
        let of_request = self.0.iter().filter(|one| moved(logical, &one.from, &one.to).is_some());
        of_request.chain(&self.0).find_map(|one| moved(wire, &one.to, &one.from))
    }
}

fn base(text: &str) -> Result<Url, ConfigError> {
    let wrong = |why: &str| ConfigError::InvalidUpstream { url: text.to_owned(), reason: why.to_owned() };
    let mut url = Url::parse(text).map_err(|error| wrong(&format!("is not a URL ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong("is not an http or https URL"));
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("has a query, a fragment or a user"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// `url` with the base `from` replaced by `to`; whole segments only.
fn moved(url: &Url, from: &Url, to: &Url) -> Option<Url> {
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
        Upstreams::compile(&pairs.map(|(from, to)| (from.to_owned(), to.to_owned()))).unwrap()
    }

    #[test]
    fn the_longest_base_wins_and_slashes_stay() {
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
    fn a_redirect_comes_back_to_the_base_it_left() {
        let wire = Url::parse("http://127.0.0.1:9000/spotdraft/us/contracts/").unwrap();
        for base in ["https://api.us.spotdraft.com", "https://api.spotdraft.com"] {
            let logical = Url::parse(&format!("{base}/contracts")).unwrap();
            let restored = upstreams().restore(&wire, &logical).unwrap();
            assert_eq!(restored.as_str(), format!("{base}/contracts/"));
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for wrong in ["api.example.com", "ftp://x", "https://x/?q", "https://u:p@x/"] {
            let error = Upstreams::compile(&[(wrong.to_owned(), "http://127.0.0.1:1".to_owned())]).unwrap_err();
            assert!(error.to_string().contains(wrong), "{error}");
        }
    }
}
