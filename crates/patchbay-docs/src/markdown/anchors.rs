//! The anchors of headings.

use std::collections::HashSet;

/// Ids of the page around the text. A heading must not take them.
const RESERVED: [&str; 5] = ["contents", "main", "menu", "search", "top"];

/// Gives every heading of a page an anchor of its own.
#[derive(Debug)]
pub struct Anchors {
    used: HashSet<String>,
}

impl Default for Anchors {
    fn default() -> Self {
        Self::new()
    }
}

impl Anchors {
    /// Returns the anchors of a page without headings.
    pub fn new() -> Self {
        Self { used: RESERVED.map(str::to_owned).into() }
    }

    /// Returns the anchor of the next heading: the one that it names itself (`## Title {#anchor}`), or its text as code hosts
    /// write it. An anchor that is taken gets a number, as on code hosts.
    pub fn id(&mut self, text: &str, explicit: Option<&str>) -> String {
        let wanted = match explicit.map(own).filter(|id| !id.is_empty()) {
            Some(id) => id,
            None => slug(text),
        };
        let wanted = if wanted.is_empty() { "section".to_owned() } else { wanted };
        let mut id = wanted.clone();
        let mut number = 0_u32;
        while !self.used.insert(id.clone()) {
            number += 1;
            id = format!("{wanted}-{number}");
        }
        id
    }
}

/// Returns the anchor that a heading names: as it is spelled, because URLs of others contain it.
fn own(anchor: &str) -> String {
    let kept = anchor.chars().filter(|&c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    kept.collect()
}

/// Returns a text as code hosts write it in anchors: lower case, spaces as hyphens, without punctuation.
fn slug(text: &str) -> String {
    let kept = text.trim().to_lowercase();
    let kept = kept.chars().filter(|&c| c.is_alphanumeric() || matches!(c, '-' | '_') || c.is_whitespace());
    kept.map(|c| if c.is_whitespace() { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_those_of_code_hosts_and_unique() {
        let mut anchors = Anchors::new();
        for (text, explicit, expected) in [
            ("Two three", None, "two-three"),
            ("`x_y`: what & why?", None, "x_y-what--why"),
            ("Two three", None, "two-three-1"),
            ("Two three!", None, "two-three-2"),
            ("Anything", Some("two-three"), "two-three-3"),
            ("Anything", Some("statuses"), "statuses"),
            ("Main", None, "main-1"),
            ("???", None, "section"),
            ("Größe", None, "größe"),
            ("Hostile", Some("\" onclick=alert(1) x=\""), "onclickalert1x"),
            ("Anything", Some("ValidationError"), "ValidationError"),
        ] {
            assert_eq!(anchors.id(text, explicit), expected, "{text}");
        }
    }
}
