//! A connector with many mistakes: each one is reported at once, with its position and a hint.

use std::fmt::Write as _;

use patchbay_connector::{
    Severity, SourceFile,
    diagnostic::{CODES, code},
    load, render,
};
use proptest::prelude::*;
use serde_json::json;

const MAIN: &str = "\
Patchbay: 1.0.0
info:
  title: Broken
  key: Broken Key
  version: 1.0
  desciption: A connector with mistakes.
baseUrl: \"https://${credentials.rgion}.example.com\"
scopeDefinitions:
  things:read: { description: Read things }
authentication:
  - custom:
      type: custom
      label: API Key
      authorization: { type: bearer, token: $.credentials.apiKy }
      configFields:
        - { key: apiKey, label: API Key, type: pasword, required: true }
        - { key: region, label: Region, type: select, required: yes }
        - { key: region, label: Region again, type: text, required: true }
      testActions:
        - { action: list_thing, required: true }
actions:
  - $ref: broken.thing
";

const PARTIAL: &str = "\
- actionId: list_things
  label: List things
  description: Lists things.
  actionType: lst
  requiredScopes: [things:raed]
  inputs:
    - { name: limit, type: integer, in: query, required: false, description: How many }
    - { name: tags, type: array, in: query, required: false, description: Tags }
    - { name: state, type: enum, in: body, required: false, description: State }
    - { name: code, type: string, in: path, required: true, description: Code, rules: { pattern: \"(\" } }
  steps:
    - stepId: list
      stepFunction:
        functionName: requst
        parameters: { url: /things }
    - stepId: more
      stepFunction:
        functionName: request
        parameters:
          url: \"/things/${inputs.cod}\"
          method: fetch
          args:
            - { name: page, value: \"{{steps.lst.output +}}\", in: query }
            - { name: q, value: $.steps.later.output, in: qurey }
  result: { data: $.steps.mor.output.data }
- actionId: list_things
  label: List things again
  description: Lists things.
  steps:
    - stepId: list
      stepFunction: { functionName: browser_use, parameters: {} }
";

fn files(main: &str, partial: &str) -> [SourceFile; 2] {
    let file = |name: &str, text: &str| SourceFile { name: name.to_owned(), text: text.to_owned() };
    [file("broken.connector.yaml", main), file("broken.things.partial.yaml", partial)]
}

#[test]
fn every_mistake_is_reported_at_once() {
    // The reference first refers to a missing file, then to the partial, so that the mistakes of both files are
    // reported.
    let missing = files(MAIN, PARTIAL);
    let loaded = load(&missing);
    assert!(loaded.connector.is_none());
    insta::assert_snapshot!("main_file", render(&loaded.diagnostics, &missing));

    // References are only checked if the connector itself can be read.
    let fixed = MAIN.replace("Broken Key", "broken").replace("broken.thing\n", "broken.things\n");
    let fixed = fixed.replace("desciption", "description").replace("version: 1.0", "version: 1.0.0");
    let both = files(&fixed, PARTIAL);
    let loaded = load(&both);
    let errors = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    assert!(errors >= 12, "{errors}");
    insta::assert_snapshot!("both_files", render(&loaded.diagnostics, &both));
}

/// A connector without mistakes, for tests that add one.
const SOUND: &str = "\
Patchbay: 1.0.0
info: { title: CRM, key: crm, version: 1.0.0, description: Sound. }
baseUrl: https://${credentials.host}.example.com
scopeDefinitions:
  read: { description: Read }
  all: { description: All, includes: [read] }
authentication:
  - custom:
      type: custom
      label: API Key
      configFields:
        - { key: host, label: Host, validation: { pattern: '^[a-z]+$' } }
      testActions:
        - { action: list, required: true, condition: '{{present(credentials.host)}}' }
actions:
  - actionId: list
    label: List
    description: Lists.
    inputs:
      - { name: q, type: string, in: query, description: Query }
    validationRules:
      - { rule: atLeastOneOf, fields: [q] }
    steps:
      - stepId: get
        description: Gets.
        stepFunction: { functionName: request, parameters: { url: /x, method: get, args: [] } }
    result: { data: $.steps.get.output.data, query: $.inputs.q }
";

#[test]
fn streaming_before_the_last_step_is_a_warning() {
    let request = "functionName: request, parameters: { url: /x, method: get, args: [] }";
    let last = SOUND.replace(request, "functionName: download_file, parameters: { url: /x, responseMode: stream }");
    assert!(load(&files(&last, "[]")[..1]).diagnostics.is_empty());
    let more = "      - stepId: more
        description: More.
        stepFunction: { functionName: static_values, parameters: { values: 1 } }
    result:";
    let loaded = load(&files(&last.replace("    result:", more), "[]")[..1]);
    assert!(loaded.connector.is_some());
    let codes = loaded.diagnostics.iter().map(|found| (found.code, found.span.start.line)).collect::<Vec<_>>();
    assert_eq!(codes, [("PB0203", 24)]);
}

#[test]
fn each_mistake_is_reported_at_its_position() {
    let of = |text: &str| {
        let loaded = load(&files(text, "[]")[..1]);
        let is_sound = loaded.diagnostics.iter().all(|found| found.severity == Severity::Warning);
        assert_eq!(loaded.connector.is_some(), is_sound);
        loaded
            .diagnostics
            .iter()
            .map(|found| format!("{} {}", found.span.start.line, found.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(SOUND), Vec::<String>::new());
    let mut all = String::new();
    for (from, to, expected) in [
        ("${credentials.host}", "${credentials.hots}", &["3 unknown credential field `hots`"][..]),
        ("includes: [read]", "includes: [raed]", &["6 unknown scope `raed`"]),
        ("  all:", "  read:", &["6 the key `read` is duplicated"]),
        ("present(credentials.host)", "present(credentials.nope)", &["14 unknown credential field `nope`"]),
        ("fields: [q]", "fields: [q, p]", &["22 unknown input `p`"]),
        (
            "{ data: $",
            "{ '{{a +}}': 1, data: $",
            &["27 the key `{{a +}}` is not a valid expression: expected a value, found the end of the expression"],
        ),
        ("result: { data", "result: { a: 1, a: 2, data", &["27 the key `a` is duplicated"]),
        (
            "method: get, args: []",
            "method: fetch, args: [{ name: n, value: '{{a +}}', in: qurey }]",
            &[
                "26 `fetch` is not a valid value",
                "26 the expression is not valid: expected a value, found the end of the expression",
                "26 `qurey` is not a valid value",
            ],
        ),
        (
            "scopeDefinitions:",
            "rateLimit: { mainRatelimit: 0 }\nconcurrency: { max: 0 }\nscopeDefinitions:",
            &[
                "4 the requests per second must be greater than 0; omit it for no limit",
                "5 the limit must be at least 1; omit it for no limit",
            ],
        ),
        (
            "    validationRules:",
            "    cursor: { enabled: true, pageSize: 0 }\n    validationRules:",
            &["21 `pageSize` must be at least 1"],
        ),
        (
            "type: string, in: query, description: Query }\n",
            "type: string, in: query, description: Query }\n      - { name: next, type: number, in: query, description: Next }\n    cursor: { enabled: true }\n",
            &["22 the input `next` takes the cursor, so it must be a `string`"],
        ),
        (
            "    validationRules:",
            "    compositeIdentifiers:\n      version: 2\n      fields:\n        - { targetFieldKey: id, components: [a, { name: b, alias: a }] }\n        - { targetFieldKey: id, components: [a] }\n        - { targetFieldKey: other, components: [] }\n    validationRules:",
            &[
                "22 version 2 of composite ids is not supported",
                "24 there is another component `a`",
                "25 there is another composite id `id`",
                "26 a composite id needs at least one component",
            ],
        ),
        (
            "    validationRules:",
            "    fieldConfigs: [{ targetFieldKey: a, type: string, requiredScopes: [raed] }]\n    validationRules:",
            &["16 unknown scope `raed`"],
        ),
        (
            "method: get, args: []",
            "method: post, cacheTTL: 5, args: []",
            &["26 only responses to `method: get` are cached; `cacheTTL` has no effect here"],
        ),
        (
            "label: API Key\n",
            "label: API Key\n      authorization: { type: none, signing: { strategy: oauth1, signatureMethod: PLAINTEXT } }\n",
            &["11 `PLAINTEXT` sends the secrets without a signature"],
        ),
        (
            "label: API Key\n",
            "label: API Key\n      authorization: { type: oauth1, requestTokenUrl: 'https://a.example/r', authorizationUrl: 'https://a.example/a', tokenUrl: 'https://a.example/t' }\n",
            &["11 `authorization` of type `oauth1` requires an authentication method of that type"],
        ),
        (
            "type: custom\n",
            "type: oauth1\n",
            &["9 authentication of type `oauth1` needs `authorization` of type `oauth1`"],
        ),
        (
            "type: custom\n",
            "type: oauth1\n      authorization: { type: oauth1, requestTokenUrl: 'https://a.example/r', authorizationUrl: 'https://a.example/a', tokenUrl: 'https://a.example/t' }\n",
            &[
                "10 `consumerKey`, which signs requests, is missing",
                "10 `consumerSecret`, which signs requests, is missing",
            ],
        ),
        (
            "type: custom\n",
            "type: oauth1\n      authorization: { type: oauth1, consumerKey: k, consumerSecret: s, tokenMethod: put, authorizationParams: { oauth_callback: x } }\n",
            &[
                "10 the key `requestTokenUrl` is missing",
                "10 the key `authorizationUrl` is missing",
                "10 the key `tokenUrl` is missing",
                "10 `put` is not a valid value",
                "10 `oauth_callback` is a parameter of the protocol; a connector cannot set it",
            ],
        ),
        (
            "label: API Key\n",
            "label: API Key\n      certificates: { certs: [a], keys: [b, c] }\n",
            &["11 `certificates` has 1 `certs` and 2 `keys`"],
        ),
        (
            "label: API Key\n",
            "label: API Key\n      certificates: { certs: [a] }\n",
            &["11 `certificates` needs at least one item in `certs` and one in `keys`"],
        ),
        (
            "label: API Key\n",
            "label: API Key\n      certificates: { certs: [$.credentials.crt], keys: [$.credentials.host] }\n",
            &["11 unknown credential field `crt`"],
        ),
        (
            "method: get, args: []",
            "method: get, saml: { objectKey: a, key: b, clientId: c }, args: []",
            &["26 `saml` belongs to a request that exchanges it for a token"],
        ),
        (
            "url: /x",
            "url: \"{{inputs.q ? '/x/' + inputs.q : '/x'}}\"",
            &["26 an expression puts an input into the URL without encoding it; the input can change the URL's target"],
        ),
        (
            "url: /x",
            "url: '/x/{{inputs.q}}'",
            &["26 `{{…}}` is only an expression if it is the whole string; here it is literal text"],
        ),
        (
            "    validationRules:",
            "    authRequirements: { custom: read }\n    dataSync: { allowed: true }\n    entrypointUrl: /x\n    validationRules:",
            &[
                "21 `authRequirements` is read and checked, but has no effect yet",
                "22 `dataSync` is read and checked, but has no effect yet",
                "23 `entrypointUrl` is read and checked, but has no effect yet",
            ],
        ),
        (
            "scopeDefinitions:",
            "mcp: { instructions: Ask first. }\nsyncedActions: [list]\nscopeDefinitions:",
            &[
                "4 `mcp` is read and checked, but has no effect yet",
                "5 `syncedActions` is read and checked, but has no effect yet",
            ],
        ),
        (
            "label: Host,",
            "label: Host, computed: $.credentials.host,",
            &["12 `computed` is read and checked, but has no effect yet"],
        ),
        (
            "data: $.steps.get.output.data",
            "data: '{{response.data ?? iterator.item}}'",
            &["27 `response` has no value here", "27 `iterator` has no value here"],
        ),
        ("args: []", "args: [{ name: a, value: $.apiHostUri, in: query }]", &["26 `apiHostUri` has no value here"]),
        ("https://${credentials.host}", "https://${iterator.item}", &["3 `iterator` has no value here"]),
        ("args: []", "args: [{ name: t, value: \"{{'Dear {{name}},'}}\", in: query }]", &[]),
        ("url: /x", "url: \"{{inputs.q ? '/x/' + urlEncode(inputs.q) : '/x'}}\"", &[]),
        (
            "label: API Key\n",
            "label: API Key\n      authorization: { type: oauth2, token: t, revocationUrl: 'https://x.example.com/${credentials.hots}' }\n",
            &["11 unknown credential field `hots`"],
        ),
        (
            "scopeDefinitions:",
            "rateLimit: { mainRatelimit: 5, subPools: [] }\nscopeDefinitions:",
            &["4 `subPools` is not enforced yet; only `mainRatelimit` is"],
        ),
        (
            "request, parameters: { url: /x, method: get, args: [] }",
            "paginated_request, parameters: { url: /x, iterator: { key: a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a } }",
            &["26 the key has more than 48 parts"],
        ),
        (
            "request, parameters: { url: /x, method: get, args: [] }",
            "typecast, parameters: { dataSource: $.inputs, fields: [{ targetFieldKey: q, type: string }] }",
            &["26 `typecast` without `version: \"2\"` has the behavior of version 1"],
        ),
        (
            "request, parameters: { url: /x, method: get, args: [] }",
            "sign_jwt, parameters: { algorithm: RS257, privateKey: k, claims: {}, headers: { alg: none } }",
            &["26 `RS257` is not a valid value", "26 `algorithm` sets the header `alg`; remove it from `headers`"],
        ),
    ] {
        let text = SOUND.replace(from, to);
        assert_ne!(text, SOUND, "{from}");
        assert_eq!(of(&text), expected, "{to}");
        let files = files(&text, "[]");
        _ = write!(all, "### {to}\n\n{}", render(&load(&files[..1]).diagnostics, &files));
    }
    insta::assert_snapshot!("each_position", all);
}

/// The text of every code is in a snapshot, so that each change of a message is seen.
#[test]
fn every_code_is_in_a_snapshot() {
    let snapshots = [
        include_str!("snapshots/diagnostics__main_file.snap"),
        include_str!("snapshots/diagnostics__both_files.snap"),
        include_str!("snapshots/diagnostics__each_position.snap"),
        include_str!("snapshots/mistakes__each_mistake.snap"),
    ];
    let is_shown = |code: &str| snapshots.iter().any(|text| text.contains(&format!("[{code}]")));
    let missing = CODES.iter().map(|(code, _)| *code).filter(|code| !is_shown(code)).collect::<Vec<_>>();
    // `events.rs` tests the first one. A file must have very many mistakes for the last one, which
    // `diagnostics_are_limited_and_rendered_in_one_pass` tests.
    assert_eq!(missing, [code::UNVERIFIED, code::TOO_MANY]);
}

#[test]
fn undefined_names_are_marked_within_their_text() {
    let steps = "    steps:
      - stepId: get
        description: Gets.
        stepFunction:
          functionName: request
          parameters:
            url: \"/x/${inputs.qu}\"
            args:
              - { name: a, value: $.inputs.qu, in: query }
              - { name: b, value: $.inputs.qu, in: query }
              - { name: c, value: \"{{inputs['qu'] + credentials.hosts}}\", in: query }
              - { name: d, value: \"$.inputs.q[?(@.id == stepps.x)]\", in: query }
              - { name: \"\\x41 ${inputs.qu}\", value: 1, in: query }
              - { name: f, value: '{{''it''''s'' +}}', in: query }
              - name: e
                in: body
                value: { \"${inputs.qu}\": 1 }
    result: { data: $.steps.get.output.data }
";
    let text = format!("{}{steps}", &SOUND[..SOUND.find("    steps:").unwrap()]);
    let loaded = load(&files(&text, "[]")[..1]);
    let found = loaded.diagnostics.iter().map(|found| {
        let line = text.lines().nth(found.span.start.line - 1).unwrap();
        let (from, to) = (found.span.start.column - 1, found.span.end.column - 1);
        (found.span.start.line, &line[from..to], found.hint.as_deref().unwrap_or_default())
    });
    let hint = "did you mean `q`?";
    let expected = [
        (29, "qu", hint),
        (31, "qu", hint),
        (32, "qu", hint),
        (33, "qu", hint),
        (33, "hosts", "did you mean `host`?"),
        (34, "stepps", "did you mean `steps`?"),
        // With escapes, the text in the file differs from the string: the whole string is marked.
        (35, "\"\\x41 ${inputs.qu}\"", hint),
        (36, "'{{''it''''s'' +}}'", ""),
        (39, "qu", hint),
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn warnings_do_not_hide_an_error() {
    let input = |number: usize| format!("      - {{ name: n{number}, type: string, in: body }}\n");
    let inputs = (0..300).map(input).collect::<String>();
    let text = SOUND.replace("    validationRules:", &format!("{inputs}    validationRules:"));
    let text = text.replace("steps.get.output", "steps.got.output");
    let loaded = load(&files(&text, "[]")[..1]);
    assert!(loaded.connector.is_none());
    let errors = loaded.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    assert_eq!(errors.map(|found| found.message.as_str()).collect::<Vec<_>>(), ["unknown earlier step `got`"]);
    let last = loaded.diagnostics.iter().map(|found| found.message.as_str()).next_back().unwrap();
    assert_eq!(last, "100 more problems in this file; fix these first");
}

/// The most similar name is searched for each wrong name: thousands of them took minutes.
#[test]
fn many_wrong_names_are_reported_quickly() {
    let common = "p".repeat(50);
    let inputs =
        (0..3_000).map(|n| format!("      - {{ name: {common}{n:06}, type: string, in: body }}\n")).collect::<String>();
    let values = (0..3_000).map(|n| format!("$.inputs.q{common}{n:06}")).collect::<Vec<_>>().join(", ");
    let text = SOUND.replace("    validationRules:", &format!("{inputs}    validationRules:"));
    let text = text.replace("{ data: $.steps.get.output.data, query: $.inputs.q }", &format!("[{values}]"));
    let loaded = load(&files(&text, "[]")[..1]);
    assert_eq!(loaded.diagnostics.iter().filter(|found| found.severity == Severity::Error).count(), 200);
}

/// Twenty bytes of a pattern may compile to a megabyte.
#[test]
fn the_size_of_all_patterns_is_limited() {
    let input = |n: usize, pattern: &str| {
        format!("      - {{ name: n{n}, type: string, in: body, description: N, rules: {{ pattern: '{pattern}' }} }}\n")
    };
    let found = |inputs: String| {
        let text = SOUND.replace("    validationRules:", &format!("{inputs}    validationRules:"));
        // Nothing reads these inputs.
        let found = load(&files(&text, "[]")[..1]).diagnostics.into_iter();
        found.filter(|found| !["PB0203", "PB0299"].contains(&found.code)).collect::<Vec<_>>()
    };
    assert_eq!(found((0..500).map(|n| input(n, "^[a-z]{1,20}$")).collect()), []);
    let large = found((0..150).map(|n| input(n, "\\w{20}")).collect());
    assert!(large.len() > 50, "{}", large.len());
    assert!(
        large.iter().all(|found| found.message == "the connector's compiled patterns are larger than 64 MiB in total")
    );
    let too_large = found(input(0, "\\w{999}"));
    assert_eq!(too_large[0].code, "PB0105");
}

#[test]
fn inputs_share_enums_by_reference() {
    let of = |enums: &str, one_of: &str| {
        let text = SOUND.replace("authentication:", &format!("{enums}authentication:"));
        let text = text.replace("type: string, in: query,", &format!("type: enum, oneOf: {one_of}, in: query,"));
        load(&files(&text, "[]")[..1])
    };
    let messages = |enums: &str, one_of: &str| {
        let found = of(enums, one_of).diagnostics;
        found
            .into_iter()
            .map(|found| format!("{} {} {}", found.code, found.span.start.line, found.message))
            .collect::<Vec<_>>()
    };
    let enums = "enums:\n  state: [draft, signed, 3]\n";
    let connector = of(enums, "{ ref: state }").connector.unwrap();
    assert_eq!(connector.actions[0].inputs[0].one_of, [json!("draft"), json!("signed"), json!(3)]);
    assert_eq!(
        messages(enums, "{ ref: stat }"),
        [
            "PB0203 8 no input refers to the enum `state`",
            "PB0104 22 unknown enum `stat`; define it under `enums` of the main file",
        ]
    );
    assert_eq!(
        messages("", "{ ref: state }"),
        ["PB0104 20 unknown enum `state`; define it under `enums` of the main file"]
    );
    assert_eq!(
        messages(enums, "{ ref: state, values: [a] }"),
        ["PB0107 22 `oneOf` can have `values` or `ref`, not both"]
    );
    assert_eq!(
        messages("enums:\n  state: []\n", "{ ref: state }"),
        [
            "PB0107 8 the enum `state` has no values",
            "PB0107 22 the enum `q` has no values; list them under oneOf.values",
        ]
    );
    // A few bytes must not become millions of values.
    let list = (0..30_000).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let inputs = (0..9)
        .map(|n| format!("      - {{ name: n{n}, type: enum, oneOf: {{ ref: big }}, in: body, description: N }}\n"))
        .collect::<String>();
    let text = SOUND.replace("authentication:", &format!("enums:\n  big: [{list}]\nauthentication:"));
    let text = text.replace("    validationRules:", &format!("{inputs}    validationRules:"));
    let found = load(&files(&text, "[]")[..1]).diagnostics;
    assert_eq!(
        found.iter().map(|found| found.message.as_str()).collect::<Vec<_>>(),
        vec!["the references to enums have more than 200000 values in total"; 3]
    );
}

#[test]
fn input_names_are_unique_across_groups() {
    let found = |place: &str| {
        let more =
            format!("      - {{ name: q, type: string, in: {place}, description: Again }}\n    validationRules:");
        let loaded = load(&files(&SOUND.replace("    validationRules:", &more), "[]")[..1]);
        loaded.diagnostics.into_iter().map(|found| (found.code, found.severity)).collect::<Vec<_>>()
    };
    assert_eq!(found("query"), [("PB0103", Severity::Error)]);
    assert_eq!(found("body"), [("PB0103", Severity::Warning)]);
}

#[test]
fn action_ids_are_unique() {
    let (head, action) = SOUND.split_at(SOUND.find("  - actionId").unwrap());
    let text = format!("{head}{action}{}", action.replace("actionId: list", "actionId: crm_list"));
    let loaded = load(&files(&text, "[]")[..1]);
    let messages = loaded.diagnostics.iter().map(|found| found.message.as_str()).collect::<Vec<_>>();
    assert_eq!(messages, ["the public id `crm_list` is the id of another action"]);
}

#[test]
fn a_literal_dollar_is_not_changed() {
    for (pattern, good, bad) in [(r"US\$", "US$", "US"), ("^[a-z]+$", "ab", "ab1"), (r"a\\$", r"a\", "a")] {
        let loaded = load(&files(&SOUND.replace("^[a-z]+$", pattern), "[]")[..1]);
        let connector = loaded.connector.unwrap_or_else(|| panic!("{pattern}: {:?}", loaded.diagnostics));
        let validation = connector.authentication[0].config_fields[0].validation.as_ref().unwrap();
        assert!(validation.regex.is_match(good) && !validation.regex.is_match(bad), "{pattern}");
    }
}

#[test]
fn hostile_yaml_is_rejected_within_limits() {
    let deep = format!("a: {}1{}", "[".repeat(2000), "]".repeat(2000));
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    for text in [
        deep.as_str(),
        bomb,
        "a: !!python/object x",
        "a: [1, 2",
        "\u{0}",
        "--- a\n--- b\n",
        &"x".repeat(5 * 1024 * 1024),
    ] {
        let loaded = load(&files(text, "[]")[..1]);
        assert!(loaded.connector.is_none() && !loaded.diagnostics.is_empty());
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(text in ".{0,400}") {
        let _ = load(&files(&text, &text));
    }

    #[test]
    fn loading_a_changed_connector_never_panics(cut in 0..MAIN.len(), with in ".{0,12}") {
        if MAIN.is_char_boundary(cut) {
            let text = format!("{}{with}{}", &MAIN[..cut], &MAIN[cut..]);
            let loaded = load(&files(&text, PARTIAL));
            let _ = render(&loaded.diagnostics, &files(&text, PARTIAL));
            let _ = load(&files(&MAIN[..cut], PARTIAL));
        }
    }
}

#[test]
fn filters_name_other_inputs_of_the_action() {
    let of = |input: &str, filters: &str| {
        let input = format!(
            "      - {{ name: filters, in: query, description: Filters, {input}, filters: {filters} }}\n    validationRules:"
        );
        load(&files(&SOUND.replacen("    validationRules:", &input, 1), "[]")[..1])
    };
    let messages = |input: &str, filters: &str| {
        let found = of(input, filters).diagnostics.into_iter();
        found
            .map(|found| {
                format!("{} {}{}", found.code, found.message, found.hint.map(|_| " (hint)").unwrap_or_default())
            })
            .collect::<Vec<_>>()
    };
    let list = "type: object, array: true";
    let loaded = of(list, "{ size: { eq: q, is: q } }");
    assert_eq!(loaded.diagnostics, []);
    let connector = loaded.connector.unwrap();
    let input = connector.actions[0].inputs.iter().find(|input| input.name == "filters").unwrap();
    let field = &input.filters.as_ref().unwrap().fields[0];
    let operators = field.operators.iter().map(|operator| (operator.name.as_str(), operator.input.as_str()));
    assert_eq!((field.name.as_str(), operators.collect::<Vec<_>>()), ("size", vec![("eq", "q"), ("is", "q")]));

    assert_eq!(messages(list, "{ size: { eq: filter } }"), ["PB0104 unknown input `filter` (hint)"]);
    assert_eq!(messages(list, "{ size: { eq: filters } }"), ["PB0107 `filters` is itself a list of filters"]);
    assert_eq!(messages(list, "{ size: {} }"), ["PB0107 the field `size` has no operators"]);
    assert_eq!(messages(list, "{}"), ["PB0107 `filters` has no fields"]);
    assert_eq!(
        messages(list, "[size]"),
        ["PB0005 expected `filters` (a mapping), found a list", "PB0107 `filters` has no fields"]
    );
    for input in [
        "type: object",
        "type: string, array: true",
        "type: object, array: true, properties: [{ name: a, type: string }]",
    ] {
        let found = messages(input, "{ size: { eq: q } }");
        assert!(found.contains(&"PB0107 `filters` cannot have `filters` (hint)".to_owned()), "{input}: {found:?}");
    }
    assert_eq!(
        messages("type: object, array: true, required: true, hidden: true", "{ size: { eq: q } }"),
        ["PB0203 `hidden` has no effect, because the input `filters` is required"]
    );
}

#[test]
fn an_action_without_search_phrases_is_warned_of_if_others_have_some() {
    let one = "- { actionId: one, label: One, description: One., searchPhrases: [\"count to one\"], steps: [STEP] }\n";
    let two = "- { actionId: two, label: Two, description: Two., steps: [STEP] }\n";
    let step =
        "{ stepId: a, description: A., stepFunction: { functionName: static_values, parameters: { values: 1 } } }";
    let load_with = |actions: &str| {
        let main = format!("{}actions:\n  - $ref: crm.more\n", &SOUND[..SOUND.find("actions:").unwrap()]);
        let main = main.replace("action: list,", "action: two,");
        let partial = SourceFile { name: "crm.more.partial.yaml".to_owned(), text: actions.replace("STEP", step) };
        load(&[SourceFile { name: "crm.connector.yaml".to_owned(), text: main }, partial])
    };
    let found = |actions: &str| {
        let warnings =
            load_with(actions).diagnostics.into_iter().filter(|found| found.message.contains("searchPhrases"));
        warnings.map(|found| (found.code, found.severity, found.message)).collect::<Vec<_>>()
    };
    let message = "the action `two` has no `searchPhrases`, but others have; add what people say who want it";
    assert_eq!(found(&format!("{one}{two}")), [("PB0201", Severity::Warning, message.to_owned())]);
    assert_eq!(found(two), []);
    let both = format!("{one}{}", two.replace("steps", "searchPhrases: [\"count to two\", \"a pair\"], steps"));
    assert_eq!(found(&both), []);
    let connector = load_with(&both).connector.expect("the connector has no error");
    assert_eq!(connector.action("two").unwrap().search_phrases, ["count to two", "a pair"]);
}
