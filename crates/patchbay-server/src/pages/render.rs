//! Templates. Every value is escaped.

use std::sync::OnceLock;

use axum::response::{Html, IntoResponse, Response};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use patchbay_engine::{Error, ErrorCode};

use crate::error::ApiError;

fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, source) in [
            ("base.html", include_str!("../templates/base.html")),
            ("start.html", include_str!("../templates/start.html")),
            ("docs.html", include_str!("../templates/docs.html")),
            ("docs_frame.html", include_str!("../templates/docs_frame.html")),
            ("docs_missing.html", include_str!("../templates/docs_missing.html")),
            ("docs_search.html", include_str!("../templates/docs_search.html")),
            ("navigation.html", include_str!("../templates/navigation.html")),
            ("search.html", include_str!("../templates/search.html")),
            ("not_built.html", include_str!("../templates/not_built.html")),
            ("not_connected.html", include_str!("../templates/not_connected.html")),
        ] {
            environment.add_template(name, source).expect("the templates are checked by a test that renders each");
        }
        environment
    })
}

/// Renders a part of a page.
pub(super) fn part(template: &str, values: Value) -> Result<String, minijinja::Error> {
    environment().get_template(template)?.render(values)
}

/// Renders a page.
pub(super) fn page(template: &str, values: Value) -> Response {
    match part(template, context! { style => super::assets::style_path(), ..values }) {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, template, "could not render a page");
            ApiError::from(Error::new(ErrorCode::Internal, "could not show the page; the server's log says why"))
                .into_response()
        }
    }
}
