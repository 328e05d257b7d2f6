//! What an editor shows: completions, descriptions, and the places of names.

use patchbay_connector::{
    SourceFile,
    diagnostic::Position,
    editor::{CompletionKind, complete, definition, hover},
};

const MAIN: &str = "\
Patchbay: 1.0.0
info: { title: CRM, key: crm, version: 1.0.0, description: Sound. }
baseUrl: https://api.example.com
scopeDefinitions:
  read: { description: Reads everything }
authentication:
  - custom:
      type: custom
      label: API Key
      authorization:
        type: bearer
        token: $.credentials.apiKey
      configFields:
        - { key: apiKey, label: API Key, type: password, required: true, secret: true, description: The key. }
      testActions:
        - { action: list_items, required: true }
actions:
  - $ref: crm.items
";
const PARTIAL: &str = "\
- actionId: list_items
  label: List items
  description: Lists items.
  actionType: list
  requiredScopes: read
  inputs:
    - name: query
      type: string
      in: query
      description: What to look for.
  steps:
    - stepId: fetch
      description: Fetches the items.
      stepFunction:
        functionName: request
        parameters:
          url: /items
          method: get
          args:
            - name: q
              value: $.inputs.query
              in: query
    - stepId: copy
      description: Copies them.
      stepFunction:
        functionName: static_values
        parameters: { values: $.steps.fetch.output.data }
  result:
    data: '{{present(steps.copy) ? steps.copy.output.data : []}}'
- actionId: get_item
  label: Get an item
  description: Gets an item.
  steps:
    - stepId: only
      description: Fetches one.
      stepFunction: { functionName: request, parameters: { url: /item, method: get } }
  result: { data: $.steps.only.output.data }
";
const MAIN_NAME: &str = "crm/crm.connector.yaml";
const PARTIAL_NAME: &str = "crm/crm.items.partial.yaml";

fn files(main: &str, partial: &str) -> [SourceFile; 2] {
    let file = |name: &str, text: &str| SourceFile { name: name.to_owned(), text: text.to_owned() };
    [file(MAIN_NAME, main), file(PARTIAL_NAME, partial)]
}

/// Returns the position of `|` in a text, and the text without it.
fn cursor(text: &str) -> (String, Position) {
    let before = text.split('¦').next().unwrap();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    (text.replacen('¦', "", 1), Position { line, column })
}

/// Returns the labels of the completions after a change of the partial in which `¦` is the cursor.
fn labels(from: &str, to: &str) -> Vec<String> {
    let changed = PARTIAL.replacen(from, to, 1);
    assert_ne!(changed, PARTIAL, "{from}");
    let (partial, at) = cursor(&changed);
    let (found, _) = complete(&files(MAIN, &partial), PARTIAL_NAME, at);
    found.into_iter().map(|completion| completion.label).collect()
}

fn main_labels(from: &str, to: &str) -> Vec<String> {
    let (main, at) = cursor(&MAIN.replacen(from, to, 1));
    let (found, _) = complete(&files(&main, PARTIAL), MAIN_NAME, at);
    found.into_iter().map(|completion| completion.label).collect()
}

#[test]
fn expressions_are_completed_with_the_names_of_the_action() {
    assert_eq!(labels("$.inputs.query", "$.inputs.¦"), ["query"]);
    assert_eq!(labels("$.inputs.query", "$.inputs.qu¦"), ["query"]);
    assert_eq!(labels("$.inputs.query", "'{{inputs.q¦'"), ["query"], "the file is not finished");
    assert_eq!(labels("$.inputs.query", "${credentials.¦"), ["apiKey"]);
    assert_eq!(labels("$.inputs.query", "$.steps.¦"), ["fetch", "copy"]);
    assert_eq!(labels("$.steps.only.output.data", "$.steps.¦"), ["only"], "those of the other action are not visible");
    assert_eq!(labels("$.inputs.query", "$.steps.fetch.¦"), ["output"]);
    assert_eq!(labels("$.inputs.query", "$.steps.fetch.output.st¦"), ["statusCode"]);
    assert_eq!(labels("$.inputs.query", "$.iterator.i¦"), ["item", "index"]);
    assert_eq!(labels("$.inputs.query", "$.¦"), ["inputs", "credentials", "steps", "iterator", "context"]);
    assert_eq!(labels("$.inputs.query", "'{{pre¦'"), ["present", "prefixKeys"]);
    assert_eq!(labels("$.inputs.query", "pre¦"), [] as [&str; 0], "a text");
    assert_eq!(labels("$.inputs.query", "'${inputs.query}/pre¦'"), [] as [&str; 0], "after an expression");
    assert_eq!(labels("$.inputs.query", "$.nothing.¦"), [] as [&str; 0]);
}

#[test]
fn keys_of_the_place_are_completed_without_those_that_are_there() {
    assert_eq!(labels("  actionType: list\n", "  actionType: list\n  execu¦\n"), ["executionMode"]);
    let of_step = labels("      description: Fetches the items.\n", "      ¦\n");
    assert!(of_step.contains(&"iterator".to_owned()) && of_step.contains(&"condition".to_owned()), "{of_step:?}");
    assert!(!of_step.contains(&"stepId".to_owned()) && !of_step.contains(&"stepFunction".to_owned()), "{of_step:?}");
    let of_parameters = labels("          url: /items\n", "          ¦\n");
    assert!(of_parameters.contains(&"url".to_owned()) && of_parameters.contains(&"customErrors".to_owned()));
    assert!(!of_parameters.contains(&"method".to_owned()) && !of_parameters.contains(&"values".to_owned()));
    let of_values =
        labels("        parameters: { values: $.steps.fetch.output.data }\n", "        parameters:\n          ¦\n");
    assert_eq!(of_values, ["values"]);
    assert_eq!(labels("              in: query\n", "              arr¦\n"), ["arrayFormat"]);
    assert_eq!(labels("            - name: q\n", "            - na¦\n"), ["name"]);
    assert_eq!(labels("- actionId: get_item", "- actionI¦"), ["actionId"]);
    assert_eq!(main_labels("baseUrl: https://api.example.com\n", "rate¦\n"), ["rateLimit"]);
    assert_eq!(main_labels("      label: API Key\n", "      setupF¦\n"), ["setupFields"]);
}

#[test]
fn values_are_completed_where_the_format_lists_them() {
    assert_eq!(labels("          method: get\n", "          method: p¦\n"), ["post", "put", "patch"]);
    assert_eq!(
        labels("      type: string\n", "      type: ¦\n"),
        ["string", "number", "boolean", "datetime_string", "object", "enum"]
    );
    assert_eq!(labels("functionName: request\n", "functionName: paginated¦\n"), ["paginated_request"]);
    assert_eq!(labels("functionName: request,", "functionName: sign¦,"), ["sign_jwt"], "within braces");
    assert_eq!(labels("  actionType: list\n", "  actionType: li¦\n"), ["list"]);
    assert_eq!(labels("requiredScopes: read", "requiredScopes: ¦"), ["read"]);
    assert_eq!(main_labels("$ref: crm.items", "$ref: ¦"), ["crm.items"]);
    assert_eq!(main_labels("action: list_items", "action: ¦"), ["list_items", "get_item"]);
    assert_eq!(labels("label: List items", "label: ¦"), [] as [&str; 0]);
}

#[test]
fn completions_say_what_they_mean_and_what_they_replace() {
    let (partial, at) = cursor(&PARTIAL.replacen("$.inputs.query", "$.inputs.qu¦", 1));
    let (found, typed) = complete(&files(MAIN, &partial), PARTIAL_NAME, at);
    assert_eq!(
        (typed, found[0].detail.as_str(), found[0].kind),
        (2, "string: What to look for.", CompletionKind::Name)
    );
    let (partial, at) = cursor(&PARTIAL.replacen("$.inputs.query", "'{{uppe¦'", 1));
    let (found, _) = complete(&files(MAIN, &partial), PARTIAL_NAME, at);
    assert_eq!((found[0].insert.as_str(), found[0].kind), ("upper(", CompletionKind::Function));
    let (partial, at) = cursor(&PARTIAL.replacen("  actionType: list\n", "  rele¦\n", 1));
    let (found, _) = complete(&files(MAIN, &partial), PARTIAL_NAME, at);
    assert_eq!((found[0].insert.as_str(), found[0].kind), ("releaseStage: ", CompletionKind::Key));
}

/// Returns the description and the declaration of what is after `¦`.
fn at_cursor(text: &str, file: &str) -> (Option<String>, Option<(String, Position)>) {
    let (text, at) = cursor(text);
    let files = if file == MAIN_NAME { files(&text, PARTIAL) } else { files(MAIN, &text) };
    let place = definition(&files, file, at).map(|(file, span)| (file, span.start));
    (hover(&files, file, at).map(|hover| hover.text), place)
}

#[test]
fn names_are_described_and_lead_to_their_declaration() {
    let of = |from: &str, to: &str| at_cursor(&PARTIAL.replacen(from, to, 1), PARTIAL_NAME);
    let place = |file: &str, line, column| Some((file.to_owned(), Position { line, column }));
    let input = Some("input `query`\n\nstring: What to look for.".to_owned());
    assert_eq!(of("$.inputs.query", "$.inputs.¦query"), (input.clone(), place(PARTIAL_NAME, 7, 13)));
    assert_eq!(of("$.inputs.query", "$.inputs.quer¦y"), (input, place(PARTIAL_NAME, 7, 13)));
    let step = Some("step `fetch`\n\nrequest: Fetches the items.".to_owned());
    assert_eq!(of("$.steps.fetch.output", "$.steps.fe¦tch.output"), (step, place(PARTIAL_NAME, 12, 15)));
    let copy = of("steps.copy.output", "steps.¦copy.output");
    assert_eq!(copy, (Some("step `copy`\n\nstatic_values: Copies them.".to_owned()), place(PARTIAL_NAME, 23, 15)));
    let present = of("present(", "pre¦sent(").0.unwrap();
    assert!(present.starts_with("`present(value)`\n\nReturns true if there is a value"), "{present}");
    assert_eq!(of("$.steps.only", "$.steps.fe¦tch"), (None, None), "a step of another action");
    assert_eq!(of("requiredScopes: read", "requiredScopes: re¦ad"), (None, place(MAIN_NAME, 5, 3)));
    assert_eq!(
        of("method: get", "me¦thod: get").0.as_deref(),
        Some("`method`: `get`, `post`, `put`, `patch`, `delete`")
    );
    assert_eq!(of("label: List", "la¦bel: List"), (None, None));

    let of = |from: &str, to: &str| at_cursor(&MAIN.replacen(from, to, 1), MAIN_NAME);
    let key = Some("credential field `apiKey`\n\nAPI Key: The key.".to_owned());
    assert_eq!(of("$.credentials.apiKey", "$.credentials.api¦Key"), (key, place(MAIN_NAME, 14, 18)));
    assert_eq!(of("action: list_items", "action: list¦_items").1, place(PARTIAL_NAME, 1, 13));
    assert_eq!(of("$ref: crm.items", "$ref: crm¦.items").1.map(|(file, _)| file).as_deref(), Some(PARTIAL_NAME));
}

proptest::proptest! {
    /// No position of any file makes the editor fail.
    #[test]
    fn no_position_panics(cut in 0..PARTIAL.len(), with in "[a-z{}$.:\\[\\]'\" \n¦é-]{0,12}", line in 0_usize..50, column in 0_usize..60) {
        let text = format!("{}{with}{}", &PARTIAL[..cut], &PARTIAL[cut..]);
        let (files, at) = (files(MAIN, &text), Position { line, column });
        complete(&files, PARTIAL_NAME, at);
        hover(&files, PARTIAL_NAME, at);
        definition(&files, PARTIAL_NAME, at);
    }
}
