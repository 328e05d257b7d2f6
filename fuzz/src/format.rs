//! Targets of the connector format: no input causes a panic, a hang, a stack overflow, or more memory than the limits of
//! the format permit.

use patchbay_connector::{
    SourceFile,
    expr::{Bindings, Escape, Template},
    import::{ImportOptions, import},
    load, render, to_json, to_sarif,
};
use serde_json::{Value, json};

/// Loads the bytes as a connector with a main file and a partial, separated by a NUL, and renders the diagnostics in
/// every form.
pub fn connector(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (main, partial) = text.split_once('\0').unwrap_or((text, "[]"));
    let file = |name: &str, text: &str| SourceFile { name: name.to_owned(), text: text.to_owned() };
    let files = [file("f.connector.yaml", main), file("f.more.partial.yaml", partial)];
    let loaded = load(&files);
    assert_eq!(
        loaded.connector.is_none(),
        loaded.diagnostics.iter().any(|found| found.severity == patchbay_connector::Severity::Error)
    );
    let text = render(&loaded.diagnostics, &files);
    assert_eq!(text.is_empty(), loaded.diagnostics.is_empty());
    let _ = (to_json(&loaded.diagnostics), to_sarif(&loaded.diagnostics));
    if let Some(connector) = loaded.connector {
        connector.actions.iter().for_each(|action| _ = action.input_schema());
    }
}

/// Imports the bytes as an API description. The result is a valid connector in the layout of `connector fmt`.
pub fn description(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(imported) = import(text, &ImportOptions { source: "f".to_owned(), ..ImportOptions::default() }, &mut |_| ())
    else {
        return;
    };
    let loaded = load(&imported.files);
    let errors = loaded.diagnostics.iter().filter(|found| found.severity == patchbay_connector::Severity::Error);
    assert_eq!(errors.count(), 0, "{}", render(&loaded.diagnostics, &imported.files));
}

/// Compiles the bytes as a string of a connector file, in each form, and evaluates it with every escape.
pub fn expression(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let context = context();
    let roots =
        context.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value)).collect::<Vec<_>>();
    let bindings = Bindings { roots: &roots };
    let in_base = format!("https://${{{text}}}.example.com/t/${{{text}}}/api");
    for source in
        [text.to_owned(), format!("{{{{{text}}}}}"), format!("$.{text}"), format!("/a/${{{text}}}/b"), in_base.clone()]
    {
        let Ok(template) = Template::parse(&source) else { continue };
        let _ = (template.references(), template.steps_referenced(), template.lets_through("inputs"));
        let _ = (template.eval(&bindings), template.is_truthy(&bindings));
        for escape in [Escape::None, Escape::Query, Escape::Host, Escape::Json, Escape::Xml] {
            let _ = template.eval_text(&bindings, escape);
        }
        if let Ok(Some(header)) = template.eval_text(&bindings, Escape::Header)
            && !source.contains(['\r', '\n'])
        {
            assert!(!header.contains(['\r', '\n']));
        }
        if let (true, Ok(Some(base))) = (source == in_base, template.eval_text(&bindings, Escape::Host))
            && !text.contains(['}', '$', '\'', '"'])
        {
            // Not every name is a host name (`xn--` and others).
            let Ok(url) = url::Url::parse(&base) else { continue };
            assert!(url.host_str().is_some_and(|host| host.ends_with(".example.com")), "{base}");
            assert!(url.path().starts_with("/t/") && url.path().ends_with("/api"), "{base}");
        }
        if let (true, Ok(Some(path))) =
            (source.starts_with("/a/${"), template.eval_text(&bindings, Escape::PathSegment))
            && !text.contains(['}', '$'])
        {
            assert!(path.matches('/').count() == 3 && !path.contains(['?', '#']), "{path}");
        }
    }
}

fn context() -> Value {
    json!({
        "inputs": { "id": "c-1/..", "n": 25, "none": null, "tags": ["x", "y\r\n"], "odd key": "ok" },
        "credentials": { "domain": "acme" },
        "users": [{ "name": "Ada", "age": 36 }, { "name": "Grace", "age": 45 }],
        "steps": { "get": { "output": { "data": [[1, 2], { "a": { "b": [] } }] } } },
        "context": { "now": "2026-06-15T12:00:00Z", "actionRunId": "run-1" },
    })
}
