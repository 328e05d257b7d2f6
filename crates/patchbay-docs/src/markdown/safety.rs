//! Whatever a stranger writes, the HTML has only the elements, attributes and addresses that this module makes.

use proptest::prelude::*;

use super::{Renderer, to_html};

const ELEMENTS: [&str; 33] = [
    "a",
    "blockquote",
    "br",
    "code",
    "div",
    "em",
    "figcaption",
    "figure",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "img",
    "li",
    "ol",
    "p",
    "picture",
    "pre",
    "source",
    "span",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
    "del",
    "sup",
    "sub",
];
const ATTRIBUTES: [&str; 19] = [
    "alt",
    "aria-label",
    "class",
    "data-tab",
    "decoding",
    "height",
    "href",
    "id",
    "loading",
    "media",
    "rel",
    "role",
    "src",
    "srcset",
    "start",
    "tabindex",
    "target",
    "title",
    "width",
];
const ADDRESSES: [&str; 5] = ["#", "/", "http://", "https://", "mailto:"];

/// Returns what is wrong with the tags of HTML.
fn wrong(html: &str) -> Option<String> {
    html.split('<').skip(1).find_map(|rest| {
        let Some((tag, _)) = rest.split_once('>') else { return Some(format!("a tag has no end: {rest}")) };
        let tag = tag.trim_start_matches('/').trim_end_matches('/').trim();
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        if !ELEMENTS.contains(&name) {
            return Some(format!("the element {name:?}"));
        }
        while !attributes.trim().is_empty() {
            let (attribute, rest) = attributes.trim_start().split_once("=\"")?;
            let (value, rest) = rest.split_once('"')?;
            attributes = rest;
            if !ATTRIBUTES.contains(&attribute) {
                return Some(format!("the attribute {attribute:?}"));
            }
            if matches!(attribute, "href" | "src" | "srcset") && !is_harmless(value) {
                return Some(format!("the address {value:?}"));
            }
        }
        None
    })
}

/// Returns true for an address that a browser reads as one of this server or of the web.
fn is_harmless(address: &str) -> bool {
    let read = address.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect::<String>().replace('\\', "/");
    let lower = read.to_lowercase();
    address.is_empty() || (ADDRESSES.iter().any(|lead| lower.starts_with(lead)) && !read.starts_with("//"))
}

/// Pieces of Markdown and HTML that matter together.
fn pieces() -> impl Strategy<Value = String> {
    const PIECES: [&str; 40] = [
        "<",
        ">",
        "\"",
        "'",
        "&",
        "<script>",
        "</script>",
        "<img src=x onerror=alert(1)>",
        "<!--",
        "-->",
        "javascript:alert(1)",
        "JaVa\tScript:x",
        "data:text/html,x",
        "//evil.example",
        "/\\evil.example",
        "https://a.example/",
        "[x](",
        "![x](",
        ")",
        "](<",
        "[r]: ",
        "[r]",
        "`",
        "```",
        "```sh tab=\"",
        "~~~",
        "# ",
        "## x {#a onclick=b .c}",
        "> [!NOTE]\n",
        "> ",
        "| a | b |\n|--:|---|\n",
        "|",
        "- ",
        "1. ",
        "**",
        "*",
        "\n",
        "\n\n",
        " ",
        "\t",
    ];
    let piece = prop_oneof![3 => prop::sample::select(PIECES.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,6}"];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_of_a_stranger_makes_an_element_of_its_own(text in pieces()) {
        let html = to_html(&text).0;
        prop_assert_eq!(wrong(&html), None, "{}", html);
        let mut renderer = Renderer::new();
        let heading = renderer.heading(2, &text);
        let html = format!("{heading}{}{}", renderer.inline(&text), renderer.block(&text));
        prop_assert_eq!(wrong(&html), None, "{}", html);
    }
}

#[test]
fn the_check_finds_what_is_wrong() {
    for html in
        ["<script>", "<p onclick=\"x\">", "<a href=\"javascript:x\">", "<a href=\"//x\">", "<a href=\"/\t/x\">", "<p"]
    {
        assert!(wrong(html).is_some(), "{html}");
    }
    assert_eq!(wrong("<p>a &lt;b&gt; <a href=\"/x\" title=\"y\">z</a></p>"), None);
}
