//! Decides whether the connector and the account choose a request's origin, or data of the call.

use patchbay_connector::expr::Template;

/// The roots whose values the caller or the provider chooses in each call.
const DATA_ROOTS: [&str; 4] = ["inputs", "steps", "iterator", "response"];

/// Returns true if the connector file chooses the origin of this URL, with or without the account's fields. Only such an
/// origin may receive the account's credentials.
pub(super) fn is_chosen_by_author(url: &Template) -> bool {
    if url.is_literal() {
        return true;
    }
    if url.is_expression() {
        // Data may select one of several URLs, but not be a part of one.
        return !DATA_ROOTS.iter().any(|root| url.lets_through(root));
    }
    if reads_no_data(url) {
        return true;
    }
    // Values after the host are encoded, so that they cannot change it.
    let host = host_part(url.source().trim_start());
    Template::parse(host).is_ok_and(|template| reads_no_data(&template)) || has_literal_suffix(host)
}

/// Returns true if a template reads no value that data chooses.
fn reads_no_data(template: &Template) -> bool {
    template.steps_referenced().is_some_and(|steps| steps.is_empty())
        && template.references().iter().all(|(root, _)| !DATA_ROOTS.contains(&root.as_str()))
}

/// Returns the authority of a URL. Characters within `${…}` do not end it.
fn host_part(url: &str) -> &str {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or(url);
    let mut depth = 0_usize;
    let end = rest.find(|character| {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(character, '/' | '?' | '#')
    });
    &rest[..end.unwrap_or(rest.len())]
}

/// Returns true if the connector file fixes the end of the host, for example `${inputs.region}.example.com`. Values are
/// encoded, so that they cannot end the host earlier.
fn has_literal_suffix(host: &str) -> bool {
    // At least two labels: anyone can register a name under `.com`.
    host.rsplit_once('}').is_some_and(|(_, tail)| tail.starts_with('.') && tail.matches('.').count() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connector_or_data_chooses_the_origin() {
        let by_author = |url: &str| is_chosen_by_author(&Template::parse(url).unwrap());
        for url in [
            "https://api.example.com/x/${inputs.id}",
            "https://${credentials.host}/x/${inputs.id}",
            "https://${inputs.region}.example.com/x",
            "${credentials.instanceUrl}/x/${inputs.id}?q=${steps.find.output.data.q}",
            "https://${replace(credentials.host, '/', '')}/x/${inputs.id}",
            "https://${inputs.a / 2}.example.com/x",
            "$.credentials.instanceUrl",
            "{{inputs.eu ? 'https://eu.example.com' : 'https://us.example.com'}}",
            "{{context.environment == 'test' ? 'https://t.example.com' : 'https://' + credentials.host}}",
        ] {
            assert!(by_author(url), "{url}");
        }
        for url in [
            "$.inputs.url",
            "$..url",
            "{{'https://' + inputs.host}}",
            "https://${inputs.host}/x",
            "https://${inputs.host}",
            "https://${inputs.host}.com/x",
            "https://api.${steps.find.output.data.host}/x",
            "https://${inputs.host}:443/x",
            "${steps.find.output.data.url}/x",
            "https://${replace(inputs.host, '}', '/')}/x",
            "https://${$..host}/x",
        ] {
            assert!(!by_author(url), "{url}");
        }
    }
}
