//! Step functions of the StackOne format that Patchbay does not support.

/// The functions, each with the reason and a replacement.
const UNSUPPORTED: [(&str, &str); 2] = [
    (
        "code_execution_lambda",
        "it runs its own code on AWS, which Patchbay can neither limit nor record; call the provider with `request` \
         and transform the response with expressions",
    ),
    (
        "browser_use",
        "it controls a browser with a language model, which a gateway can neither repeat nor limit; use the provider's \
         API with `request`",
    ),
];

/// Returns the reason why a function is not supported; `None` if it is supported or unknown.
pub(super) fn reason(function: &str) -> Option<&'static str> {
    UNSUPPORTED.iter().find(|(name, _)| *name == function).map(|(_, reason)| *reason)
}

/// Returns the names of the functions that are not supported.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    UNSUPPORTED.into_iter().map(|(name, _)| name)
}
