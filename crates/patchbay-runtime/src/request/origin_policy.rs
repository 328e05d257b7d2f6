//! Who chose where a request goes: the connector's author and the account, or data that came in with the call.

use patchbay_connector::expr::Template;

/// Names whose values a caller or a provider chooses, call by call.
const DATA_ROOTS: [&str; 4] = ["inputs", "steps", "iterator", "response"];

/// Whether the file itself names the origin of this URL, perhaps with the account's own fields. Then the account's
/// credentials may go there; an origin that data chose gets none.
pub(super) fn is_chosen_by_author(url: &Template) -> bool {
    if url.is_literal() {
        return true;
    }
    if url.is_expression() {
        // Which of several URLs it is may hang on data; what it says may not.
        return !DATA_ROOTS.iter().any(|root| url.lets_through(root));
    }
    // What stands behind the host is encoded, and changes nothing about it.
    let host = host_part(url.source().trim_start());
    Template::parse(host).is_ok_and(|template| reads_no_data(&template)) || has_literal_suffix(host)
}

fn reads_no_data(template: &Template) -> bool {
    template.steps_referenced().is_some_and(|steps| steps.is_empty())
        && template.references().iter().all(|(root, _)| !DATA_ROOTS.contains(&root.as_str()))
}

/// A URL without its scheme, up to the end of the host; what stands within `${…}` ends nothing.
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

/// Whether the host ends as the file has it: `${inputs.region}.example.com`. What is put in is encoded, so that it
/// cannot end the host before.
fn has_literal_suffix(host: &str) -> bool {
    // Of two labels: `.com` alone is anyone's.
    host.rsplit_once('}').is_some_and(|(_, tail)| tail.starts_with('.') && tail.matches('.').count() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_named_by_the_file_or_by_data() {
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
