//! Adds parameters to the query of a URL.

use std::borrow::Borrow;

use url::{Url, form_urlencoded};

/// Adds parameters to the query of a URL, after those that it has. A space becomes `%20`: every server reads it as a space,
/// while a `+` is one only to servers that decode the query as a form.
pub fn extend_query<I, N, V>(url: &mut Url, parameters: I)
where
    I: IntoIterator,
    I::Item: Borrow<(N, V)>,
    N: AsRef<str>,
    V: AsRef<str>,
{
    // A `+` in a name or a value is already `%2B`.
    let added = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish().replace('+', "%20");
    if added.is_empty() {
        return;
    }
    let query = match url.query() {
        Some(query) if !query.is_empty() => format!("{query}&{added}"),
        _ => added,
    };
    url.set_query(Some(&query));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn extended(url: &str, parameters: &[(&str, &str)]) -> String {
        let mut url = Url::parse(url).unwrap();
        extend_query(&mut url, parameters.iter().copied());
        url.into()
    }

    #[test]
    fn a_space_is_percent_encoded_and_what_exists_stays() {
        let base = "https://a.example/x";
        assert_eq!(
            extended(base, &[("scope", "a b"), ("q", "1+1 = 2 & 3%")]),
            format!("{base}?scope=a%20b&q=1%2B1%20%3D%202%20%26%203%25")
        );
        assert_eq!(extended(&format!("{base}?have=it+all"), &[("n", "é")]), format!("{base}?have=it+all&n=%C3%A9"));
        assert_eq!(extended(&format!("{base}?"), &[("n", "")]), format!("{base}?n="));
        assert_eq!(extended(base, &[]), base);
    }

    proptest! {
        #[test]
        fn every_parameter_arrives(name in ".{1,20}", value in ".{0,40}") {
            let mut url = Url::parse("https://a.example/?first=1").unwrap();
            extend_query(&mut url, [(&name, &value)]);
            let query = url.query().unwrap_or_default();
            prop_assert!(!query.contains('+'));
            let found = url.query_pairs().into_owned().collect::<Vec<_>>();
            prop_assert_eq!(found, vec![("first".to_owned(), "1".to_owned()), (name, value)]);
        }
    }
}
