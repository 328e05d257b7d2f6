//! The mistakes that authors make: each is reported once, at its position, with what to write.

use std::fmt::Write as _;

use patchbay_connector::{Severity, SourceFile, load, render};

/// A connector without mistakes.
const MAIN: &str = "\
Patchbay: 1.0.0
info: { title: CRM, key: crm, version: 1.0.0, description: Sound. }
baseUrl: https://api.example.com
scopeDefinitions:
  read: { description: Read }
authentication:
  - custom:
      type: custom
      label: API Key
      authorization:
        type: bearer
        token: $.credentials.apiKey
      configFields:
        - { key: apiKey, label: API Key, type: password, required: true, secret: true }
        - { key: region, label: Region, type: text, required: false, secret: false }
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
    - { name: q, type: string, in: query, required: false, description: Query }
    - { name: id, type: string, in: path, required: true, description: Id }
  steps:
    - stepId: fetch
      description: Fetches.
      stepFunction:
        functionName: request
        parameters:
          url: '/items/${inputs.id}'
          method: get
          args:
            - name: q
              value: $.inputs.q
              in: query
              condition: '{{present(inputs.q)}}'
    - stepId: copy
      description: Copies.
      iterator: $.steps.fetch.output.data
      stepFunction:
        functionName: static_values
        parameters:
          values: $.iterator.item
  result:
    data: $.steps.copy.output.data
- actionId: get_item
  label: Get an item
  description: Gets an item.
  actionType: get
  steps:
    - stepId: fetch
      description: Fetches.
      stepFunction:
        functionName: request
        parameters:
          url: /item
  result:
    data: $.steps.fetch.output.data
";

fn files(main: &str, partial: &str) -> [SourceFile; 2] {
    let file = |name: &str, text: &str| SourceFile { name: name.to_owned(), text: text.to_owned() };
    [file("crm.connector.yaml", main), file("crm.items.partial.yaml", partial)]
}

/// Each mistake: what is written, and what instead.
const MISTAKES: [(&str, &str); 69] = [
    // Keys.
    ("  actionType: list\n", "  actionTyp: list\n"),
    ("  label: List items\n", "  lable: List items\n"),
    ("- actionId: list_items", "- action_id: list_items"),
    ("          method: get\n", "          metod: get\n"),
    (
        "      description: Fetches.\n      stepFunction:\n        functionName: request\n        parameters:\n          url: '",
        "      description: Fetches.\n      method: get\n      stepFunction:\n        functionName: request\n        parameters:\n          url: '",
    ),
    ("              in: query\n", "              on: query\n"),
    ("  actionType: list\n", "  actionType: list\n  actionType: list\n"),
    // Names.
    ("iterator: $.steps.fetch.output.data", "iterator: $.steps.fetsh.output.data"),
    ("value: $.inputs.q\n", "value: $.inputs.qq\n"),
    ("value: $.inputs.q\n", "value: '{{inputs.q ?? inputs.something_else}}'\n"),
    ("$.credentials.apiKey", "$.credentials.apiKye"),
    ("$.credentials.apiKey", "$.credentials.token"),
    ("action: list_items, required", "action: list_item, required"),
    ("requiredScopes: read", "requiredScopes: raed"),
    ("requiredScopes: read", "requiredScopes: files.write"),
    ("$ref: crm.items", "$ref: crm.item"),
    ("value: $.inputs.q\n", "value: '{{presnt(inputs.q)}}'\n"),
    // Ids twice.
    ("- actionId: get_item", "- actionId: list_items"),
    ("key: region", "key: apiKey"),
    // Values.
    ("actionType: list\n", "actionType: lst\n"),
    ("method: get\n", "method: GET\n"),
    ("in: query\n", "in: header\n"),
    ("name: q, type: string", "name: q, type: integer"),
    ("name: q, type: string", "name: q, type: array"),
    ("functionName: static_values", "functionName: static_value"),
    ("required: false, description: Query", "required: no, description: Query"),
    ("required: false, description: Query", "required: off, description: Query"),
    ("required: true, description: Id", "required: 'true', description: Id"),
    ("version: 1.0.0", "version: 1.0"),
    // Expressions.
    ("value: $.inputs.q\n", "value: $.inputs[?(@.x = 1)]\n"),
    ("value: $.inputs.q\n", "value: '{{inputs.q | upper}}'\n"),
    ("value: $.inputs.q\n", "value: '{{inputs.q and inputs.id}}'\n"),
    ("value: $.inputs.q\n", "value: '{{inputs?.q}}'\n"),
    ("value: $.inputs.q\n", "value: 'a {{inputs.q}}'\n"),
    ("value: $.inputs.q\n", "value: $inputs.q\n"),
    ("value: $.inputs.q\n", "value: inputs.q\n"),
    ("value: $.inputs.q\n", "value: '{inputs.q}'\n"),
    ("value: $.inputs.q\n", "value: 'a $inputs.q b'\n"),
    ("data: $.steps.fetch.output.data", "data: steps.fetch.output.data"),
    ("data: $.steps.fetch.output.data", "data: $.steps.fetch.data"),
    ("data: $.steps.fetch.output.data", "data: $.steps.fetch.outputs.data"),
    ("data: $.steps.fetch.output.data", "data: $.steps.fetch.output.body"),
    ("data: $.steps.fetch.output.data", "data: '{{steps.fetch.output.dta ?? 1}}'"),
    // Requests.
    ("url: '/items/${inputs.id}'", "url: '/items/{id}/${inputs.id}'"),
    ("url: /item\n", "url: /item/:id\n"),
    ("          url: /item\n", "          url: /item\n          headers: { accept: text/csv }\n"),
    ("          url: /item\n", "          url: /item\n          body: { a: 1 }\n"),
    ("          url: /item\n", "          url: /item\n          timeout: 5\n"),
    ("url: /item\n", "url: '/item?key=${credentials.apiKey}'\n"),
    ("baseUrl: https://api", "baseUrl: http://api"),
    ("token: $.credentials.apiKey", "token: sk_live_0123456789"),
    ("required: true, secret: true }", "required: true, secret: false }"),
    (
        "              value: $.inputs.q\n              in: query\n              condition: '{{present(inputs.q)}}'\n",
        "              value: 1\n              in: query\n",
    ),
    // YAML.
    ("value: $.inputs.q\n", "value: {{inputs.q}}\n"),
    (
        "            - name: q\n              value: $.inputs.q\n              in: query\n              condition: '{{present(inputs.q)}}'\n",
        "            - { name: q, value: ${inputs.q}, in: query }\n",
    ),
    ("description: Lists items.", "description: Lists: all items"),
    ("          method: get\n", "\t\t\t\t\tmethod: get\n"),
    ("          method: get\n", "\u{a0}\u{a0}        method: get\n"),
    ("          method: get\n", "          \u{a0}method: get\n"),
    ("description: Lists items.", "description: @all items"),
    ("description: Lists items.", "description: %all items"),
    ("description: Lists items.", "description: \u{201c}Lists\u{201d}: items"),
    ("description: Lists items.", "description: 'Lists items"),
    ("description: Lists items.", "description: 'It's all'"),
    ("description: Lists items.", "description: \"a \\d\""),
    ("          method: get\n", "          method:get\n"),
    (
        "    - stepId: fetch\n      description: Fetches.\n      stepFunction:\n        functionName: request\n        parameters:\n          url: '",
        "    -stepId: fetch\n      description: Fetches.\n      stepFunction:\n        functionName: request\n        parameters:\n          url: '",
    ),
    ("in: path, required: true, description: Id }", "in: path, required: true, description: Id"),
    ("required: false, description: Query }", "required: false description: Query }"),
];

#[test]
fn each_mistake_is_reported_once_with_what_to_write() {
    assert!(load(&files(MAIN, PARTIAL)).diagnostics.is_empty(), "{:#?}", load(&files(MAIN, PARTIAL)).diagnostics);
    let mut wrong = Vec::new();
    let mut all = String::new();
    for (from, to) in MISTAKES {
        let (main, partial) = (MAIN.replacen(from, to, 1), PARTIAL.replacen(from, to, 1));
        assert!(main != MAIN || partial != PARTIAL, "{from}");
        let files = files(&main, &partial);
        let found = load(&files).diagnostics;
        _ = write!(all, "### {}\n\n{}", to.trim(), render(&found, &files));
        if found.len() != 1 || found.iter().all(|found| found.hint.is_none() && found.earlier.is_none()) {
            wrong.push(format!("### {to}\n\n{}", render(&found, &files)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
    insta::assert_snapshot!("each_mistake", all);
}

/// A file that is not YAML has one error; what follows from it is not reported.
#[test]
fn nothing_follows_from_a_file_that_cannot_be_read() {
    let broken = PARTIAL.replace("  label: List items\n", "  label: [\n");
    for partial in [broken.as_str(), "a: b: c"] {
        let found = load(&files(MAIN, partial)).diagnostics;
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!((found[0].code, found[0].file.as_str()), ("PB0001", "crm.items.partial.yaml"));
    }
    // A reference without a file, and an action that cannot be read.
    let missing = load(&files(&MAIN.replace("crm.items", "other"), "[]")[..1]).diagnostics;
    assert_eq!(missing.iter().map(|found| found.code).collect::<Vec<_>>(), ["PB0102"], "{missing:#?}");
    let unreadable = PARTIAL.replace("actionType: list\n", "actionType: lst\n");
    let found = load(&files(MAIN, &unreadable)).diagnostics;
    assert_eq!(found.iter().map(|found| found.code).collect::<Vec<_>>(), ["PB0006"], "{found:#?}");
}

/// The part of a long line around the caret is shown.
#[test]
fn the_window_follows_the_caret() {
    let long = format!("value: '{} ${{inputs.nope}} {}'\n", "x".repeat(300), "y".repeat(300));
    let files = files(MAIN, &PARTIAL.replace("value: $.inputs.q\n", &long));
    let text = render(&load(&files).diagnostics, &files);
    let lines = text.lines().collect::<Vec<_>>();
    let at = lines.iter().position(|line| line.contains("${inputs.nope}")).unwrap();
    let (shown, carets) = (lines[at], lines[at + 1]);
    let column = carets.chars().position(|c| c == '^').unwrap();
    assert_eq!(shown.chars().skip(column).take(4).collect::<String>(), "nope");
    assert_eq!(carets.matches('^').count(), 4);
    assert!(shown.contains(" | …xxx") && shown.ends_with("yyy…") && shown.chars().count() < 180, "{shown}");
}

/// What files of the original format have, and the engine that they were written for accepts.
#[test]
fn files_of_the_original_format_load() {
    let original = MAIN.replace("Patchbay: 1.0.0", "StackOne: 1.0.0");
    let reported = |main: &str, partial: &str| {
        let loaded = load(&files(main, partial));
        assert!(loaded.connector.is_some(), "{:#?}", loaded.diagnostics);
        loaded.diagnostics.iter().map(|found| format!("{} {}", found.code, found.message)).collect::<Vec<_>>()
    };
    assert_eq!(reported(&original, PARTIAL), Vec::<String>::new());

    // Unknown parameters, misspelt or not.
    let parameters = PARTIAL
        .replace("          url: /item\n", "          url: /item\n          headers: {}\n          metod: get\n");
    let expected = [
        "PB0002 `parameters` has no key `headers`; it is ignored",
        "PB0002 `parameters` has no key `metod`; it is ignored",
    ];
    assert_eq!(reported(&original, &parameters), expected);

    // Inputs that are not declared.
    let undeclared = PARTIAL.replace("value: $.inputs.q\n", "value: '{{inputs.q ?? inputs.page_size}}'\n");
    assert_eq!(reported(&original, &undeclared), ["PB0104 the input `page_size` is not declared; it has no value"]);

    // Partials at the root, with `actions` in them, once or several times.
    let at_root = original.replace("actions:\n  - $ref: crm.items", "$ref: crm.items");
    let under_actions = format!("actions:\n{}", PARTIAL.lines().map(|line| format!("  {line}\n")).collect::<String>());
    assert_eq!(reported(&at_root, PARTIAL), Vec::<String>::new());
    assert_eq!(reported(&at_root, &under_actions), Vec::<String>::new());
    let twice = load(&files(&at_root.replace("$ref: crm.items", "$ref: crm.items\n$ref: crm.items"), PARTIAL));
    assert_eq!(twice.diagnostics.len(), 1, "{:#?}", twice.diagnostics);
    assert!(twice.diagnostics[0].earlier.is_some());

    // Types of methods.
    let custom = "      type: custom\n";
    assert_eq!(
        reported(&original.replace(custom, "      type: apikey\n"), PARTIAL),
        ["PB0202 `type: apikey` is read like `type: custom`"]
    );
    assert_eq!(
        reported(&original.replace(custom, "      type: oauth2\n"), PARTIAL),
        ["PB0202 no token is requested for this method of type `oauth2`; it is read like `custom`"]
    );
    let with_token = original.replace(custom, "      type: oauth2\n").replace("type: bearer", "type: oauth2");
    assert_eq!(reported(&with_token, PARTIAL).len(), 1);
    assert!(load(&files(&MAIN.replace(custom, "      type: oauth2\n"), PARTIAL)).connector.is_none());

    // What nothing acts on is reported once.
    let without_effect = PARTIAL.replace("  actionType:", "  entrypointUrl: /x\n  actionType:");
    assert_eq!(
        reported(&original, &without_effect),
        ["PB0205 `entrypointUrl` is read and checked, but has no effect yet, here and in another place"]
    );

    // Members of outputs that the original has, or that it does not check.
    for (member, count) in [("output.message", 0), ("output.raw.x", 0), ("output.body", 1), ("data", 1)] {
        let text = PARTIAL.replace("data: $.steps.fetch.output.data", &format!("data: $.steps.fetch.{member}"));
        assert_eq!(reported(&original, &text).len(), count, "{member}");
    }
}

/// A refresh may return what its steps map, or whatever a step returns, and knows the server's address.
#[test]
fn credentials_of_a_refresh_are_known() {
    let refresh = |step: &str, result: &str| {
        let refresh = format!(
            "      refreshAuthentication:
        action:
          steps:
            - stepId: token
              description: Requests a token.
              stepFunction: {step}
          result: {result}
      testActions:"
        );
        let main =
            MAIN.replace("      testActions:", &refresh).replace("$.credentials.apiKey", "$.credentials.cloudId");
        let found = load(&files(&main, PARTIAL)).diagnostics;
        found
            .into_iter()
            .filter(|found| found.severity == Severity::Error)
            .map(|found| found.message)
            .collect::<Vec<_>>()
    };
    let fields = |key: &str| {
        format!(
            "{{ functionName: map_fields, version: '2', parameters: {{ dataSource: $.credentials, fields: [{{ targetFieldKey: \
             {key}, expression: $.region, type: string }}] }} }}"
        )
    };
    let request = "{ functionName: request, parameters: { url: '/x?to=${apiHostUri}' } }";
    let unknown = ["unknown credential field `cloudId`"];
    for (step, result, expected) in [
        (fields("cloudId").as_str(), "{ data: $.steps.token.output.data }", &[][..]),
        (&fields("cloudId"), "$.steps.token.output.data", &[]),
        (&fields("other"), "{ data: $.steps.token.output.data }", &unknown),
        (request, "{ data: $.steps.token.output.data }", &[]),
        (request, "$.steps.token.output.data", &[]),
        (request, "{ data: { cloudId: $.steps.token.output.data.id } }", &[]),
        (request, "{ cloudId: $.steps.token.output.data.id }", &[]),
        (request, "{ accessToken: $.steps.token.output.data.id }", &unknown),
        (request, "{ cloudId: $.apiHostUri }", &[]),
    ] {
        assert_eq!(refresh(step, result), expected, "{step} {result}");
    }
}
