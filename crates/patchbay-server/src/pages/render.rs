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
            ("guide.html", include_str!("../templates/guide.html")),
            ("guides.html", include_str!("../templates/guides.html")),
            ("reference.html", include_str!("../templates/reference.html")),
            ("not_built.html", include_str!("../templates/not_built.html")),
            ("not_connected.html", include_str!("../templates/not_connected.html")),
        ] {
            environment.add_template(name, source).expect("the templates are checked by a test that renders each");
        }
        environment
    })
}

/// Renders a page.
pub(super) fn page(template: &str, values: Value) -> Response {
    let whole = context! { style => super::assets::style_path(), ..values };
    match environment().get_template(template).and_then(|template| template.render(whole)) {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, template, "could not render a page");
            ApiError::from(Error::new(ErrorCode::Internal, "could not show the page; the server's log says why"))
                .into_response()
        }
    }
}
