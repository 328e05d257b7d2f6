//! What is read by name and refused for good.

/// Functions that stay out, each with the reason and the way around it.
const NEVER: [(&str, &str); 2] = [
    (
        "code_execution_lambda",
        "it runs code of its own on AWS, outside of what Patchbay can bound or record; call the provider with `request` \
         and shape the answer with expressions",
    ),
    (
        "browser_use",
        "it steers a browser with a language model, which a gateway can neither repeat nor bound; use the provider's API \
         with `request`",
    ),
];

/// The reason why a function is refused for good, if it is.
pub(super) fn reason(function: &str) -> Option<&'static str> {
    NEVER.iter().find(|(name, _)| *name == function).map(|(_, reason)| *reason)
}

/// The names of the refused functions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    NEVER.into_iter().map(|(name, _)| name)
}
