//! The page of a window whose authorization at a provider linked no account. It says what happened and what to do: a provider
//! that could not be reached has refused nothing.

use axum::response::Response;
use minijinja::context;
use patchbay_engine::Error;
use patchbay_model::FailureReason;

use super::render::page;

/// What the page says about a failure. The titles are those of the Hub (`web/shared/src/failureReason.ts`).
struct Words {
    title: &'static str,
    /// What the person can do now.
    next_step: &'static str,
}

/// Returns what to say about a failure; without a reason, no provider has a part in it.
const fn words(reason: Option<FailureReason>) -> Words {
    let (title, next_step) = match reason {
        None => ("The account was not connected", "Close this window and start again on the page you came from."),
        Some(FailureReason::Refused) => (
            "The provider refused the request",
            "Check your permissions at the provider. Close this window and start again on the page you came from.",
        ),
        Some(FailureReason::Unreachable) => (
            "The provider could not be reached",
            "Close this window, and start again in a few minutes on the page you came from.",
        ),
        Some(FailureReason::TimedOut) => (
            "The provider did not respond in time",
            "Close this window, and start again in a few minutes on the page you came from.",
        ),
        Some(FailureReason::RateLimited) => (
            "Too many requests to the provider",
            "Close this window, wait a minute, and start again on the page you came from.",
        ),
        Some(FailureReason::Misconfigured) => (
            "The connection to the provider is not set up correctly",
            "Send this message to the person who gave you the link. They can correct the setup.",
        ),
        Some(FailureReason::Unavailable) => {
            ("The provider has a problem", "Close this window, and start again later on the page you came from.")
        }
    };
    Words { title, next_step }
}

/// Returns the page of a window whose authorization at a provider linked no account.
pub(crate) fn not_connected(error: &Error) -> Response {
    let reason = error.reason();
    let Words { title, next_step } = words(reason);
    let message = &error.message;
    page("not_connected.html", context! { title, message, next_step, has_reason => reason.is_some() })
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use patchbay_engine::ErrorCode;

    use super::*;

    const HUB: &str = include_str!("../../../../web/shared/src/failureReason.ts");

    #[test]
    fn each_reason_has_the_title_of_the_hub_and_a_next_step_of_its_own() {
        for reason in FailureReason::ALL {
            let Words { title, next_step } = words(Some(reason));
            let in_hub = title.replace("The provider", "${provider}").replace("the provider", "${provider}");
            assert!(HUB.contains(&format!("`{in_hub}`")), "the Hub does not say `{in_hub}`");
            assert!(!next_step.is_empty() && next_step != words(None).next_step, "{title}");
        }
    }

    #[tokio::test]
    async fn the_page_says_what_happened_and_what_to_do() {
        let html = |error: Error| async move {
            let body = to_bytes(not_connected(&error).into_body(), 64 * 1024).await.unwrap();
            String::from_utf8(body.to_vec()).unwrap()
        };
        let denied = html(Error::new(ErrorCode::SignInDenied, "access <was> not granted")).await;
        for part in
            ["<h1>The provider refused the request</h1>", "access &lt;was&gt; not granted", "Check your permissions"]
        {
            assert!(denied.contains(part), "`{part}` is missing: {denied}");
        }
        assert!(denied.contains("The account was not connected."), "{denied}");
        let unknown = html(Error::new(ErrorCode::SignInUnknown, "unknown authorization")).await;
        assert_eq!(unknown.matches("The account was not connected").count(), 1, "{unknown}");
    }
}
