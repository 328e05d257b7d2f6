//! Classes of API descriptions that are easily imported wrongly: each has inputs of its own.

use patchbay_connector::{
    Connector,
    definition::{Action, ArrayFormat, InputType, StepFunction, ValueTemplate},
    expr::{Bindings, Escape},
    import::{DescriptionFiles, ImportOptions, Imported, Overlay, Topic, difference, import, import_with_files},
    load, render,
};
use serde_json::{Value, json};

fn imported(root: &Value) -> Imported {
    import(&root.to_string(), &ImportOptions::default(), &mut |_| ()).unwrap_or_else(|error| panic!("{error}"))
}

fn connector(made: &Imported) -> Connector {
    let loaded = load(&made.files);
    assert_eq!(render(&loaded.diagnostics, &made.files), "");
    loaded.connector.unwrap()
}

/// Returns a description with these paths.
fn described(paths: &Value) -> Value {
    json!({ "openapi": "3.1.0", "servers": [{ "url": "https://x.example" }], "paths": paths })
}

/// Returns the connector of one operation with a JSON body.
fn with_body(schema: &Value) -> (Connector, Imported) {
    let body = json!({ "content": { "application/json": { "schema": schema } }, "required": true });
    let made = imported(&described(&json!({ "/a": { "post": { "operationId": "createA", "requestBody": body } } })));
    (connector(&made), made)
}

fn values(action: &Action, input: &str) -> Vec<Value> {
    action.inputs.iter().find(|known| known.name == input).map(|input| input.one_of.clone()).unwrap_or_default()
}

/// Returns the arguments of the first step that have a fixed value.
fn constants(action: &Action) -> Vec<String> {
    let StepFunction::Request(request) = &action.steps[0].function else { panic!("not a request") };
    let fixed = request.args.iter().filter_map(|arg| match &arg.value {
        ValueTemplate::Text(value) if value.is_literal() => Some(value.source().to_owned()),
        _ => None,
    });
    fixed.collect()
}

fn notes(made: &Imported, topic: Topic) -> Vec<&str> {
    made.notes.iter().filter(|note| note.topic == topic).map(|note| note.detail.as_str()).collect()
}

#[test]
fn the_kinds_of_alternatives_are_values_of_one_input() {
    let kind = |value: &str, more: Value| {
        let mut schema =
            json!({ "type": "object", "required": ["kind"], "properties": { "kind": { "enum": [value] } } });
        for (name, member) in more.as_object().unwrap() {
            schema["properties"][name] = member.clone();
            schema["required"].as_array_mut().unwrap().push(json!(name));
        }
        schema
    };
    let (cat, dog) = (kind("cat", json!({ "lives": { "type": "integer" } })), kind("dog", json!({})));
    for keyword in ["oneOf", "anyOf"] {
        let (connector, made) = with_body(&json!({ keyword: [cat, dog] }));
        let action = &connector.actions[0];
        assert_eq!(values(action, "kind"), [json!("cat"), json!("dog")]);
        assert_eq!(constants(action), [] as [&str; 0]);
        let input = |name: &str| action.inputs.iter().find(|input| input.name == name).unwrap();
        assert!(input("kind").required && !input("lives").required);
        assert!(notes(&made, Topic::Body)[0].contains("only some alternatives require `lives`"));
    }
    // More alternatives than an input can have variants, each with `const`.
    let many = (0..12).map(|number| json!({ "type": "object", "required": ["type"], "properties": { "type": { "const": format!("k{number}") } } }));
    let (connector, _) = with_body(&json!({ "oneOf": many.collect::<Vec<_>>() }));
    assert_eq!(values(&connector.actions[0], "type").len(), 12);
    // Beside members of the whole body, and selected by numbers.
    let (connector, _) = with_body(&json!({
        "type": "object", "required": ["type"], "properties": { "type": { "type": "integer" }, "name": { "type": "string" } },
        "oneOf": [{ "properties": { "type": { "enum": [4] } } }, { "properties": { "type": { "enum": [5, 6] } } }],
    }));
    assert_eq!(values(&connector.actions[0], "type"), [json!(4), json!(5), json!(6)]);
    // A mapping names the kinds.
    let (connector, _) = with_body(&json!({
        "oneOf": [
            { "$ref": "#/paths/~1a/post/requestBody/content/application~1json/schema/x-a" },
            { "$ref": "#/paths/~1a/post/requestBody/content/application~1json/schema/x-b" },
        ],
        "discriminator": { "propertyName": "kind", "mapping": { "first": "x-a", "second": "x-b" } },
        "x-a": { "type": "object", "required": ["kind"], "properties": { "kind": { "type": "string" } } },
        "x-b": { "type": "object", "required": ["kind"], "properties": { "kind": { "type": "string" }, "b": { "type": "string" } } },
    }));
    assert_eq!(values(&connector.actions[0], "kind"), [json!("first"), json!("second")]);
}

#[test]
fn a_kind_without_alternatives_stays_a_constant() {
    let (connector, _) = with_body(
        &json!({ "type": "object", "required": ["kind"], "properties": { "kind": { "enum": ["cat"] }, "a": {} } }),
    );
    assert_eq!(constants(&connector.actions[0]), ["cat"]);
}

#[test]
fn members_of_other_types_accept_the_values_of_each_alternative() {
    let of = |member: Value| json!({ "type": "object", "required": ["a"], "properties": { "a": member } });
    let (connector, _) = with_body(
        &json!({ "anyOf": [of(json!({ "type": "string" })), of(json!({ "type": "array", "items": { "type": "string" } }))] }),
    );
    let input = &connector.actions[0].inputs[0];
    assert_eq!((input.kind, input.array, input.variants.len()), (InputType::String, false, 1));
    assert!(input.required && input.variants[0].array);
    let of = |alternatives: Value| {
        with_body(&json!({ "type": "object", "properties": { "a": {}, "b": {}, "c": {} }, "anyOf": alternatives }))
    };
    let (connector, made) = of(json!([{ "required": ["a"] }, { "required": ["b"] }]));
    assert_eq!((connector.actions[0].rules.len(), notes(&made, Topic::Shape).len()), (1, 0));
    let (connector, made) = of(json!([{ "required": ["a"] }, { "required": ["b", "c"] }]));
    let note = notes(&made, Topic::Shape)[0];
    assert!(
        connector.actions[0].rules.is_empty()
            && note.contains("one of several sets of members")
            && note.contains("b and c")
    );
}

/// Returns the connector of one list.
fn listed(parameters: &Value, answer: &Value, headers: &Value) -> (Connector, Imported) {
    let responses = json!({ "200": { "headers": headers, "content": { "application/json": { "schema": answer } } } });
    let made = imported(&described(
        &json!({ "/things": { "get": { "operationId": "listThings", "parameters": parameters, "responses": responses } } }),
    ));
    (connector(&made), made)
}

/// Returns the parameter, the mode and the member of a detected pagination.
fn paged(connector: &Connector) -> Option<(String, String, Option<String>)> {
    let StepFunction::PaginatedRequest(paged) = &connector.actions[0].steps[0].function else { return None };
    let page = &paged.page;
    Some((page.key.clone(), format!("{:?}", page.mode).to_lowercase(), page.next_key.clone()))
}

#[test]
fn pages_follow_what_the_response_says() {
    let query = |name: &str, schema: Value| json!([{ "name": name, "in": "query", "schema": schema }]);
    let (text, number) = (json!({ "type": "string" }), json!({ "type": "integer" }));
    let with = |member: &str, schema: &Value| json!({ "type": "object", "properties": { "data": { "type": "array", "items": {} }, member: schema } });
    let within = |member: &str, schema: &Value| json!({ "type": "object", "properties": { member: schema } });
    for (parameters, answer, expected) in [
        (
            query("offset", text.clone()),
            with("next_page", &within("offset", &text)),
            Some(("offset", "cursor", Some("next_page.offset"))),
        ),
        (
            query("offset", number.clone()),
            with("next_page", &within("offset", &number)),
            Some(("offset", "offset", None)),
        ),
        (query("offset", text.clone()), with("total", &number), None),
        (query("page", text.clone()), with("next_page", &text), Some(("page", "cursor", Some("next_page")))),
        (
            query("PageToken", text.clone()),
            with("next_page_uri", &text),
            Some(("PageToken", "cursor", Some("next_page_uri"))),
        ),
        (query("Page", number.clone()), with("next_page_uri", &text), Some(("Page", "cursor", Some("next_page_uri")))),
        (
            query("page", number.clone()),
            with("links", &within("next", &within("href", &text))),
            Some(("page", "cursor", Some("links.next.href"))),
        ),
        (
            query("$top", number.clone()),
            with("@odata.nextLink", &text),
            Some(("$skiptoken", "cursor", Some("@odata.nextLink"))),
        ),
        (
            query("after", text.clone()),
            with("meta", &within("next_after", &text)),
            Some(("after", "cursor", Some("meta.next_after"))),
        ),
        (
            query("starting_after", text.clone()),
            with("pages", &within("next", &within("starting_after", &text))),
            Some(("starting_after", "cursor", Some("pages.next.starting_after"))),
        ),
        (
            query("page", number.clone()),
            with("has_more", &json!({ "type": "boolean" })),
            Some(("page", "page", Some("has_more"))),
        ),
        (
            query("page-token", text.clone()),
            with("nextPageToken", &text),
            Some(("page-token", "cursor", Some("nextPageToken"))),
        ),
    ] {
        let (connector, _) = listed(&parameters, &answer, &json!({}));
        let found = paged(&connector);
        let found = found.as_ref().map(|(key, mode, next)| (key.as_str(), mode.as_str(), next.as_deref()));
        assert_eq!(found, expected, "{parameters} {answer}");
    }
    let link = json!({ "Link": { "schema": { "type": "string" } } });
    let (connector, _) = listed(&query("after", text), &json!({ "type": "array", "items": {} }), &link);
    assert_eq!(paged(&connector).unwrap().2.as_deref(), Some("link"));
}

#[test]
fn a_page_that_is_an_object_is_paged_by_one_of_its_members() {
    let schema =
        json!({ "type": "object", "properties": { "size": { "type": "integer" }, "after": { "type": "string" } } });
    let parameters = json!([{ "name": "page", "in": "query", "style": "deepObject", "schema": schema }]);
    let answer = json!({ "type": "object", "properties": {
        "data": { "type": "array", "items": {} }, "meta": { "type": "object", "properties": { "after_cursor": { "type": "string" } } },
    } });
    let (connector, _) = listed(&parameters, &answer, &json!({}));
    assert_eq!(
        paged(&connector),
        Some(("page[after]".to_owned(), "cursor".to_owned(), Some("meta.after_cursor".to_owned())))
    );
    let names = connector.actions[0].inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["page_size", "page_after"]);
}

#[test]
fn scopes_and_test_actions_stay_with_their_scheme() {
    let get = |id: &str, security: Value| json!({ "get": { "operationId": id, "security": security } });
    let flow = |scope: &str| json!({ "authorizationUrl": "https://x.example/a", "tokenUrl": "https://x.example/t", "scopes": { scope: "A scope" } });
    let mut root = described(&json!({
        "/open": get("listOpen", json!([])),
        "/maybe": get("listMaybe", json!([{}, { "user": ["a"] }])),
        "/own": get("listOwn", json!([{ "user": ["a"] }])),
        "/robots": get("listRobots", json!([{ "machine": ["b"] }])),
        "/both": { "post": { "operationId": "createBoth", "security": [{ "user": ["a"] }, { "machine": ["b"] }] } },
    }));
    root["components"]["securitySchemes"] = json!({
        "user": { "type": "oauth2", "flows": { "authorizationCode": flow("a") } },
        "machine": { "type": "oauth2", "flows": { "clientCredentials": flow("b") } },
        "key": { "type": "apiKey", "in": "header", "name": "X-Key" },
    });
    root["paths"]["/keyed"] = json!({ "delete": { "operationId": "deleteKeyed", "security": [{ "key": [] }] } });
    let made = imported(&root);
    connector(&made);
    let main = &made.files[0].text;
    let methods = main.split("\n  - ").skip(1).collect::<Vec<_>>();
    let method = |key: &str| *methods.iter().find(|method| method.starts_with(key)).unwrap_or_else(|| panic!("{main}"));
    let user = method("oauth2:");
    assert!(user.contains("scopes: a\n") && user.contains("action: list_own,"), "{user}");
    let machine = method("client_credentials:");
    assert!(machine.contains("scopes: b\n") && machine.contains("action: list_robots,"), "{machine}");
    assert!(!method("key:").contains("testActions"), "no public operation proves a key");
    let note = made.notes.iter().find(|note| note.place == "authentication.key.testActions");
    assert_eq!(note.map(|note| note.topic), Some(Topic::TestAction));
    let both = made.files.iter().find(|file| file.text.contains("create_both")).unwrap();
    let both = both.text.split("actionId: ").find(|action| action.starts_with("create_both")).unwrap();
    assert!(!both.contains("requiredScopes"), "neither scope is required of all accounts: {both}");
}

#[test]
fn forms_and_bytes_are_sent_with_and_without_files() {
    let form = |media: &str, content: Value| {
        let body = json!({ "required": true, "content": { media: content } });
        let made =
            imported(&described(&json!({ "/a": { "post": { "operationId": "createA", "requestBody": body } } })));
        let connector = connector(&made);
        let action = &connector.actions[0];
        let names = action.inputs.iter().map(|input| input.name.clone()).collect::<Vec<_>>().join(" ");
        let function = match &action.steps[0].function {
            StepFunction::UploadFile(_) => "file",
            StepFunction::UploadBinary(_) => "bytes",
            StepFunction::Request(_) => "request",
            _ => "other",
        };
        (function, names)
    };
    let of = |member: Value| json!({ "schema": { "type": "object", "properties": { "name": { "type": "string" }, "b": member } } });
    let upload = ("file", "name b b_name b_type".to_owned());
    assert_eq!(form("multipart/form-data", of(json!({ "type": "string" }))), ("request", "name b".to_owned()));
    assert_eq!(form("multipart/form-data", of(json!({ "type": "string", "contentEncoding": "binary" }))), upload);
    let mut encoded = of(json!({ "type": "string" }));
    encoded["encoding"] = json!({ "b": { "contentType": "image/png, image/jpeg" } });
    assert_eq!(form("multipart/form-data", encoded), upload);
    let file = json!({ "schema": { "type": "string", "format": "binary" } });
    assert_eq!(form("multipart/form-data", file.clone()), ("file", "file file_name file_type".to_owned()));
    assert_eq!(form("*/*", file.clone()), ("bytes", "content content_type".to_owned()));
    assert_eq!(form("text/csv", file), ("bytes", "content".to_owned()));
}

#[test]
fn addresses_of_a_sign_in_begin_at_the_server() {
    for (authorization, token, expected) in [
        ("/oauth/authorize", "token", Some(("https://x.example/oauth/authorize", "https://x.example/v2/token"))),
        ("//y.example/a", "https://y.example/t", Some(("https://y.example/a", "https://y.example/t"))),
        (
            "https://{tenant}.y.example/a",
            "https://{tenant}.y.example/t",
            Some(("https://${credentials.tenant}.y.example/a", "https://${credentials.tenant}.y.example/t")),
        ),
        ("/a", "ftp://y.example/t", None),
        ("/", "/", None),
    ] {
        let mut root = described(&json!({ "/a": { "get": { "operationId": "listA", "security": [{ "o": [] }] } } }));
        root["servers"] = json!([{ "url": "https://x.example/v2/" }]);
        let flow = json!({ "authorizationUrl": authorization, "tokenUrl": token, "scopes": {} });
        root["components"]["securitySchemes"] =
            json!({ "o": { "type": "oauth2", "flows": { "authorizationCode": flow } } });
        let made = imported(&root);
        connector(&made);
        let main = made.files[0].text.replace('"', "");
        match expected {
            Some((authorization, token)) => {
                assert!(main.contains(&format!("authorizationUrl: {authorization}\n")), "{main}");
                assert!(main.contains(&format!("tokenUrl: {token}\n")), "{main}");
            }
            None => assert!(main.contains("type: bearer") && !notes(&made, Topic::Authentication).is_empty(), "{main}"),
        }
    }
}

#[test]
fn parameters_are_sent_once_and_only_if_they_can_be() {
    let query = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "string" } });
    let mut paths = json!({
        "/b?k={k}&fixed=1": { "get": { "operationId": "listB", "parameters": [query("k"), query("token")] } },
        "/c?k={kind}": { "get": { "operationId": "listC", "parameters": [{ "name": "kind", "in": "path", "required": true, "schema": { "type": "string" } }, query("token")] } },
        "/d": { "get": { "operationId": "listD", "parameters": [
            query("token"), { "name": "a b", "in": "header", "schema": { "type": "string" } },
            { "name": "o", "in": "query", "explode": false, "schema": { "type": "object", "properties": { "x": {} } } },
        ] } },
    });
    let mut root = described(&paths.take());
    root["security"] = json!([{ "t": [] }]);
    root["components"]["securitySchemes"] = json!({ "t": { "type": "http", "scheme": "bearer" } });
    let made = imported(&root);
    let connector = connector(&made);
    let names = |at: usize| connector.actions[at].inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>();
    assert_eq!((names(0), names(1), names(2)), (vec!["k"], vec!["k"], vec!["o"]));
    let StepFunction::Request(request) = &connector.actions[0].steps[0].function else { panic!() };
    assert_eq!(request.url.source(), "/b?fixed=1");
    let found = notes(&made, Topic::Parameter);
    for expected in
        ["`token` of 3 operations", "`a b` is not a valid name of a header", "`o` is an object in one value"]
    {
        assert!(found.iter().any(|note| note.contains(expected)), "{expected}: {found:?}");
    }
}

#[test]
fn a_sentence_that_says_nothing_of_the_action_gives_way_to_the_summary() {
    let made = imported(&described(&json!({ "/a": { "get": {
        "operationId": "listA", "summary": "All the As", "description": "<b>Required scope: </b>`a:read`",
    } } })));
    assert_eq!(connector(&made).actions[0].description, "All the As.");
}

#[test]
fn operations_that_lead_to_other_files_are_followed_or_named() {
    struct Folder;
    impl DescriptionFiles for Folder {
        fn text(&self, path: &str) -> Option<String> {
            (path == "ops/a.yml")
                .then(|| "operationId: listA\nparameters: [{$ref: '../main.yml#/components/parameters/P'}]".to_owned())
        }
    }
    let mut root =
        described(&json!({ "/a": { "get": { "$ref": "ops/a.yml" } }, "/b": { "get": { "$ref": "gone.yml" } } }));
    root["components"]["parameters"]["P"] = json!({ "name": "p", "in": "query", "schema": { "type": "string" } });
    let options = ImportOptions { source: "main.yml".to_owned(), ..ImportOptions::default() };
    let made = import_with_files(&root.to_string(), &options, &Folder, &mut |_| ()).unwrap();
    let connector = connector(&made);
    assert_eq!((connector.actions.len(), connector.actions[0].inputs[0].name.as_str()), (1, "p"));
    assert_eq!(notes(&made, Topic::LeftOut), ["its `$ref` `gone.yml` is not in this file or beside it"]);
    let error =
        import(&described(&json!({ "/b": { "get": { "$ref": "gone.yml" } } })).to_string(), &options, &mut |_| ());
    assert!(error.unwrap_err().to_string().contains("`gone.yml`"));
}

#[test]
fn repeated_keys_are_noted() {
    let made =
        import("openapi: 3.0.0\npaths: {}\npaths: {/a: {get: {}}}\n", &ImportOptions::default(), &mut |_| ()).unwrap();
    assert!(made.notes.iter().any(|note| note.topic == Topic::RepeatedKey && note.place == "paths"));
}

/// Returns the words of a connector: labels and descriptions.
fn words_of(made: &Imported) -> Vec<String> {
    let mut found = Vec::new();
    for line in made.files.iter().flat_map(|file| file.text.lines()) {
        let line = line.trim_start().trim_start_matches("- ");
        for key in ["label: ", "description: ", "title: "] {
            found.extend(line.find(key).map(|at| line[at + key.len()..].to_owned()));
        }
        if !line.contains(": ") {
            found.push(line.to_owned());
        }
    }
    found
}

fn runs(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase);
    let words = words.collect::<Vec<_>>();
    (0..words.len().saturating_sub(7)).map(move |at| words[at..at + 8].join(" "))
}

/// Returns the sentences of a description.
fn sentences(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, member)| match member {
            Value::String(text) if ["description", "summary", "title"].contains(&key.as_str()) => {
                found.push(text.clone());
            }
            member => sentences(member, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| sentences(item, found)),
        _ => {}
    }
}

/// Checks that a connector shares no run of eight words with the sentences of its description.
fn assert_own_words(name: &str, tree: &Value, made: &Imported) {
    let mut texts = Vec::new();
    sentences(tree, &mut texts);
    let theirs = texts.iter().flat_map(|text| runs(text)).collect::<std::collections::HashSet<_>>();
    for own in words_of(made) {
        let shared = runs(&own).find(|run| theirs.contains(run));
        assert_eq!(shared, None, "{name}: {own}");
    }
}

#[test]
fn facts_only_takes_no_sentence_of_the_description() {
    let long = "Lists every single one of the ships that are in the harbour today and tomorrow";
    let mut root = described(&json!({ "/ports/{port_id}/ships": {
        "get": { "operationId": "x1", "summary": long, "description": long, "tags": ["Ships"], "parameters": [
            { "name": "port_id", "in": "path", "required": true, "description": long, "schema": { "type": "string" } },
            { "name": "is_open", "in": "query", "description": long, "schema": { "type": "boolean", "description": long } },
        ] },
        "post": { "operationId": "x2", "requestBody": { "description": long, "content": { "application/json": { "schema": {
            "type": "object", "description": long, "properties": { "call_sign": { "type": "string", "title": long, "description": long } },
        } } } } },
    } }));
    root["info"] = json!({ "title": "Harbour", "description": long });
    root["servers"] = json!([{ "url": "https://{region}.x.example", "variables": { "region": { "default": "eu", "description": long } } }]);
    root["security"] = json!([{ "k": [] }, { "o": ["ships:read"] }]);
    let flow = json!({ "authorizationUrl": "https://x.example/a", "tokenUrl": "https://x.example/t", "scopes": { "ships:read": long } });
    root["components"]["securitySchemes"] = json!({
        "k": { "type": "apiKey", "in": "header", "name": "X-Key", "description": long },
        "o": { "type": "oauth2", "flows": { "authorizationCode": flow } },
    });
    let options = ImportOptions { facts_only: true, ..ImportOptions::default() };
    let made = import(&root.to_string(), &options, &mut |_| ()).unwrap();
    let connector = connector(&made);
    assert_own_words("inline", &root, &made);
    let list = &connector.actions[0];
    assert_eq!((list.id.as_str(), list.description.as_str()), ("list_port_ships", "Lists the port ships."));
    let about = list.inputs.iter().map(|input| input.description.as_str()).collect::<Vec<_>>();
    assert_eq!(about, ["The port ID.", "Whether it is open."]);
    assert!(notes(&made, Topic::Description).is_empty());
    for text in [
        include_str!("import/openapi3.yaml"),
        include_str!("import/swagger2.json"),
        include_str!("import/google_discovery.json"),
    ] {
        let made = import(text, &options, &mut |_| ()).unwrap();
        self::connector(&made);
        let theirs = runs(text).collect::<std::collections::HashSet<_>>();
        for own in words_of(&made) {
            assert_eq!(runs(&own).find(|run| theirs.contains(run)), None, "{own}");
        }
    }
}

#[test]
fn headers_that_most_operations_share_are_no_inputs() {
    let header = |name: &str, required: bool, schema: Value| json!({ "name": name, "in": "header", "required": required, "schema": schema });
    let text = json!({ "type": "string" });
    let get = |id: &str| {
        json!({ "get": { "operationId": id, "parameters": [
        header("X-Version", true, json!({ "type": "string", "default": "2026-01" })), header("X-Tenant-Id", true, text.clone()),
        header("Idempotency-Key", false, text.clone()), header("accept", true, json!({ "enum": ["application/vnd.x+json;version=2"] })),
    ], "responses": { "200": { "content": { "application/vnd.x.v2+json": { "schema": {} } } } } } })
    };
    let mut root = described(&json!({ "/a": get("listA"), "/b": get("listB"), "/c": get("listC") }));
    root["security"] = json!([{ "k": [] }]);
    root["components"]["securitySchemes"] = json!({ "k": { "type": "apiKey", "in": "header", "name": "Authorization", "description": "`Authorization: SSWS {token}`" } });
    let made = imported(&root);
    let connector = connector(&made);
    let names = connector.actions[0].inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["idempotency_key"]);
    assert_eq!(constants(&connector.actions[0]), ["2026-01", "application/vnd.x+json;version=2"]);
    let method = &connector.authentication[0];
    assert_eq!(method.config_fields.iter().map(|field| field.key.as_str()).collect::<Vec<_>>(), ["k", "tenant_id"]);
    assert!(made.files[0].text.contains("SSWS ${credentials.k}"), "{}", made.files[0].text);
    // The media type of the response, if no parameter names it.
    let answer = json!({ "200": { "content": { "application/vnd.x.v3+json": { "schema": {} } } } });
    let made = imported(&described(&json!({ "/a": { "get": { "operationId": "listA", "responses": answer } } })));
    assert_eq!(constants(&self::connector(&made).actions[0]), ["application/vnd.x.v3+json"]);
}

#[test]
fn an_overlay_decides_and_names_what_does_not_fit() {
    let query = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "string" } });
    let answer = json!({ "200": { "content": { "application/json": { "schema": { "type": "object", "properties": { "rows": { "type": "array", "items": {} } } } } } } });
    let mut root = described(&json!({
        "/a": { "get": { "operationId": "listA", "parameters": [query("from"), query("expand")], "responses": answer } },
        "/b": { "get": { "operationId": "listB" }, "delete": { "operationId": "dropB" } },
    }));
    root["security"] = json!([{ "o": ["x"] }]);
    let flow = json!({ "authorizationUrl": "https://x.example/a", "tokenUrl": "https://x.example/t", "scopes": { "x": "X", "y": "Y" } });
    root["components"]["securitySchemes"] =
        json!({ "o": { "type": "oauth2", "flows": { "authorizationCode": flow } } });
    let overlay = "
key: chosen
title: Chosen
description: What it is for
categories: [hris]
factsOnly: true
testAction: { oauth2: fetch_a }
scopes: { oauth2: [y] }
headers:
  X-Api-Version: { value: '3' }
omit: [expand]
actions:
  GET /a:
    id: fetch_a
    label: Fetch them
    description: Fetches every A
    category: things
    scopes: [y]
    paging: { key: from, mode: offset, data: rows }
    inputs: { from: Where the page begins }
  dropB: { omit: true }
  GET /gone: { omit: true }
";
    let options = ImportOptions { overlay: Overlay::read(overlay).unwrap(), ..ImportOptions::default() };
    let made = import(&root.to_string(), &options, &mut |_| ()).unwrap();
    let connector = connector(&made);
    assert_eq!((connector.key.as_str(), connector.title.as_str()), ("chosen", "Chosen"));
    let main = made.files[0].text.replace('"', "");
    for expected in ["description: What it is for.", "categories: [hris]", "scopes: y\n", "action: fetch_a,"] {
        assert!(main.contains(expected), "{expected}: {main}");
    }
    assert!(!main.contains("Guessed: it should be cheap"));
    assert_eq!(connector.actions.iter().map(|action| action.id.as_str()).collect::<Vec<_>>(), ["fetch_a", "list_b"]);
    let action = &connector.actions[0];
    assert_eq!((action.label.as_str(), action.description.as_str()), ("Fetch them", "Fetches every A."));
    assert_eq!((action.required_scopes.as_slice(), action.inputs.len()), (["y".to_owned()].as_slice(), 1));
    assert_eq!(action.inputs[0].description, "Where the page begins.");
    assert_eq!(paged(&connector), Some(("from".to_owned(), "offset".to_owned(), None)));
    let StepFunction::Request(request) = &connector.actions[1].steps[0].function else { panic!() };
    assert_eq!(request.args.len(), 1, "every action sends the header");
    let unfit = made.notes.iter().filter(|note| note.topic == Topic::Overlay).map(|note| note.place.as_str());
    assert_eq!(unfit.collect::<Vec<_>>(), ["GET /gone"]);
    // The action whose id another one takes gets an id that is free.
    let taken = Overlay::read("actions: {GET /a: {id: list_b_2}, dropB: {id: list_b}}").unwrap();
    let taken =
        import(&root.to_string(), &ImportOptions { overlay: taken, ..ImportOptions::default() }, &mut |_| ()).unwrap();
    let taken = self::connector(&taken);
    let ids = taken.actions.iter().map(|action| action.id.as_str()).collect::<Vec<_>>();
    assert_eq!(ids, ["list_b_2", "list_b_3", "list_b"]);
    let invalid = |text: &str| {
        let options = ImportOptions { overlay: Overlay::read(text).unwrap(), ..ImportOptions::default() };
        import(&root.to_string(), &options, &mut |_| ()).unwrap_err().to_string()
    };
    assert!(invalid("testAction: list_c").contains("the action `list_c` does not exist; did you mean `list_"));
    assert!(invalid("actions: {GET /a: {id: Bad}}").contains("`Bad` is not a valid action id"));
    assert!(invalid("actions: {GET /a: {id: x}, GET /b: {id: x}}").contains("two actions have the id `x`"));
}

#[test]
fn what_callers_notice_between_two_imports_is_listed() {
    let of = |parameters: Value, path: &str| {
        let root = described(&json!({ path: { "get": { "operationId": "listA", "parameters": parameters } } }));
        connector(&imported(&root))
    };
    let query = |name: &str, required: bool, schema: Value| json!({ "name": name, "in": "query", "required": required, "schema": schema });
    let text = json!({ "type": "string" });
    let before = of(
        json!([
            query("a", false, text.clone()),
            query("b", false, json!({ "enum": ["x", "y"] })),
            query("c", false, text.clone())
        ]),
        "/a",
    );
    let after = of(
        json!([
            query("a", true, text.clone()),
            query("b", false, json!({ "enum": ["x", "z", "w"] })),
            query("d", true, text)
        ]),
        "/v2/a",
    );
    assert_eq!(difference(&before, &before), [] as [&str; 0]);
    assert_eq!(
        difference(&before, &after),
        [
            "~ list_a: its path is /v2/a",
            "~ list_a: - c",
            "~ list_a: a is required",
            "~ list_a: b has 2 more and 1 fewer values",
            "~ list_a: + d (required)",
        ]
    );
}

#[test]
fn a_default_that_the_base_url_refuses_does_not_validate() {
    let made = imported(&json!({
        "openapi": "3.1.0", "paths": { "/a": { "get": { "operationId": "listA" } } },
        "servers": [{ "url": "https://{region}.x.example", "variables": { "region": { "default": "eu" } } }],
    }));
    let errors = |default: &str| {
        let mut files = made.files.clone();
        files[0].text = files[0].text.replace("value: eu\n", &format!("value: \"{default}\"\n"));
        let loaded = load(&files);
        loaded.diagnostics.iter().map(|found| found.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(errors("us-east.1"), [] as [&str; 0]);
    let refused = errors("eu/v1");
    assert!(refused.len() == 1 && refused[0].contains("the value `eu/v1` that the field `region` has"), "{refused:?}");
}

#[test]
fn queries_by_post_are_paged_within_their_bodies() {
    let of = |path: &str, members: Value| {
        let answer = json!({ "type": "object", "properties": { "results": { "type": "array", "items": {} }, "next_cursor": { "type": "string" } } });
        let made = imported(&described(&json!({ path: { "post": {
            "operationId": "x", "requestBody": { "content": { "application/json": { "schema": { "type": "object", "properties": members } } } },
            "responses": { "200": { "content": { "application/json": { "schema": answer } } } },
        } } })));
        connector(&made)
    };
    let connector = of("/things/search", json!({ "cursor": { "type": "string" }, "text": { "type": "string" } }));
    assert_eq!(paged(&connector), Some(("cursor".to_owned(), "cursor".to_owned(), Some("next_cursor".to_owned()))));
    let StepFunction::PaginatedRequest(found) = &connector.actions[0].steps[0].function else { panic!() };
    assert_eq!(format!("{:?}", found.page.location), "Body");
    assert_eq!(paged(&of("/things", json!({ "cursor": { "type": "string" } }))), None, "a POST that creates");
    assert_eq!(paged(&of("/things/search", json!({ "offset": { "type": "integer" } }))), None);
}

#[test]
fn a_secret_of_the_operator_does_not_go_to_a_host_of_the_account() {
    for (url, is_setup) in [
        ("https://{domain}", false),
        ("{endpoint}/v1", false),
        ("https://{domain}.x.example", true),
        ("https://x.example", true),
    ] {
        let name = url.split(['{', '}']).nth(1).filter(|_| url.contains('{')).unwrap_or("unused");
        let mut root = described(&json!({ "/a": { "get": { "operationId": "listA", "security": [{ "o": [] }] } } }));
        root["servers"] = json!([{ "url": url, "variables": { name: { "default": "acme" } } }]);
        let flow = json!({ "authorizationUrl": "/a", "tokenUrl": "/t", "scopes": {} });
        root["components"]["securitySchemes"] =
            json!({ "o": { "type": "oauth2", "flows": { "authorizationCode": flow } } });
        let method = &connector(&imported(&root)).authentication[0];
        assert_eq!(method.setup_fields.iter().any(|field| field.key == "clientSecret"), is_setup, "{url}");
    }
}

#[test]
fn a_server_of_one_operation_has_the_defaults_of_its_variables() {
    let mut root =
        described(&json!({ "/a": { "get": { "operationId": "listA" } }, "/b": { "get": { "operationId": "listB" } } }));
    root["paths"]["/b"]["get"]["servers"] = json!([{ "url": "https://{area}.y.example/{v}", "variables": { "area": { "default": "eu" }, "v": { "default": "v2" } } }]);
    let connector = connector(&imported(&root));
    let base = |at: usize| {
        let StepFunction::Request(request) = &connector.actions[at].steps[0].function else { panic!() };
        request.base_url.as_ref().map(|base| base.source().to_owned())
    };
    assert_eq!((base(0), base(1).as_deref()), (None, Some("https://eu.y.example/v2")));
}

#[test]
fn a_credential_in_every_body_is_no_input() {
    let schema = json!({ "type": "object", "required": ["token"], "properties": { "token": { "type": "string" }, "name": { "type": "string" } } });
    let post = |id: &str| json!({ "post": { "operationId": id, "requestBody": { "content": { "application/x-www-form-urlencoded": { "schema": schema } } } } });
    let mut root = described(&json!({ "/a": post("createA"), "/b": post("createB"), "/c": post("createC") }));
    root["components"]["securitySchemes"] = json!({ "t": { "type": "http", "scheme": "bearer" } });
    let connector = connector(&imported(&root));
    let names = connector.actions[0].inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["name"]);
}

#[test]
fn lists_of_a_form_are_written_as_described() {
    let list = json!({ "type": "array", "items": { "type": "string" } });
    let objects =
        json!({ "type": "array", "items": { "type": "object", "properties": { "a": { "type": "string" } } } });
    let written = |root: &Value| {
        let made = imported(root);
        let connector = connector(&made);
        let StepFunction::Request(request) = &connector.actions[0].steps[0].function else { panic!() };
        let args = request.args.iter().filter(|arg| arg.name.source() == "x");
        let all = args.map(|arg| arg.array_format).collect::<Vec<_>>();
        (all, notes(&made, Topic::Body).len())
    };
    let form = |media: &str, schema: &Value, encoding: &Value| {
        let body = json!({ "content": { media: { "encoding": { "x": encoding }, "schema": { "type": "object", "properties": { "x": schema } } } } });
        written(&described(&json!({ "/a": { "post": { "operationId": "createA", "requestBody": body } } })))
    };
    let media = "application/x-www-form-urlencoded";
    for (schema, encoding, expected, count) in [
        (&list, json!({}), ArrayFormat::Repeat, 0),
        (&list, json!({ "style": "form", "explode": true }), ArrayFormat::Repeat, 0),
        (&list, json!({ "explode": false }), ArrayFormat::Comma, 0),
        (&list, json!({ "style": "deepObject" }), ArrayFormat::Indexed, 0),
        (&list, json!({ "contentType": "application/json" }), ArrayFormat::Stringify, 0),
        (&objects, json!({}), ArrayFormat::Indexed, 1),
        (&objects, json!({ "contentType": "application/json" }), ArrayFormat::Stringify, 0),
    ] {
        assert_eq!(form(media, schema, &encoding), (vec![expected], count), "{schema} {encoding}");
    }
    // The parts of a form without files have the name of the list.
    assert_eq!(form("multipart/form-data", &list, &json!({})), (vec![ArrayFormat::Repeat], 0));
    // Swagger.
    for (format, expected) in
        [(json!("multi"), ArrayFormat::Repeat), (json!("csv"), ArrayFormat::Comma), (json!(null), ArrayFormat::Comma)]
    {
        let field = json!({ "name": "x", "in": "formData", "type": "array", "items": { "type": "string" }, "collectionFormat": format });
        let root = json!({
            "swagger": "2.0", "host": "x.example", "schemes": ["https"], "consumes": [media],
            "paths": { "/a": { "post": { "operationId": "createA", "parameters": [field] } } },
        });
        assert_eq!(written(&root).0, [expected], "{format}");
    }
}

/// Returns the messages with which an error is reported, by status.
fn messages(responses: &Value, answer: &Value) -> Vec<(u16, Option<String>)> {
    let mut root = described(&json!({ "/a": { "get": { "operationId": "getA", "responses": responses } } }));
    root["info"] = json!({ "title": "X Example" });
    messages_of(&imported(&root), answer)
}

fn messages_of(made: &Imported, answer: &Value) -> Vec<(u16, Option<String>)> {
    let response = json!({ "data": answer });
    let bindings = Bindings { roots: &[("response", &response)] };
    let mut found = Vec::new();
    let connector = connector(made);
    let StepFunction::Request(request) = &connector.actions[0].steps[0].function else { panic!("not a request") };
    for rule in &request.custom_errors {
        assert_eq!(rule.received_status, rule.target_status);
        let applies = rule.condition.as_ref().unwrap().is_truthy(&bindings).unwrap();
        let text = || rule.message.as_ref().unwrap().eval_text(&bindings, Escape::None).unwrap();
        found.push((rule.received_status, applies.then(text).flatten()));
    }
    found
}

#[test]
fn errors_show_the_message_that_the_description_names() {
    let text = json!({ "type": "string" });
    let object = |members: Value| json!({ "type": "object", "properties": members });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let response = |schema: &Value| json!({ "content": { "application/json": { "schema": schema } } });
    let of = |schema: &Value, answer: Value| messages(&json!({ "200": {}, "422": response(schema) }), &answer);
    let shown = |message: &str| vec![(422, Some(message.to_owned()))];

    // A list of errors, at the top, below a member, and as the whole body.
    let error = object(json!({ "code": text, "detail": text, "source": object(json!({ "pointer": text })) }));
    let errors = object(json!({ "errors": list(error.clone()) }));
    let two = json!({ "errors": [{ "detail": "No name." }, { "detail": "No age." }] });
    assert_eq!(of(&errors, two.clone()), shown("X Example responded with 422: No name.; No age."));
    let nested = object(json!({ "meta": object(json!({ "problems": list(error.clone()) })), "data": text }));
    let answer = json!({ "meta": { "problems": [{ "detail": "No name." }] } });
    assert_eq!(of(&nested, answer), shown("X Example responded with 422: No name."));
    assert_eq!(of(&list(error), json!([{ "detail": "No." }])), shown("X Example responded with 422: No."));
    // Names that Patchbay does not know.
    let summary = object(json!({ "errorCode": text, "errorSummary": text }));
    assert_eq!(of(&summary, json!({ "errorSummary": "No." })), shown("X Example responded with 422: No."));
    // Long messages are shortened.
    let long = of(&summary, json!({ "errorSummary": "x".repeat(5_000) }));
    assert_eq!(long[0].1.as_ref().map(|text| text.chars().count()), Some(330));

    // What the provider sends in place of the described error is shown as it is.
    for other in
        [json!(null), json!("<html>"), json!(["a"]), json!({}), json!({ "errors": [] }), json!({ "errors": "No" })]
    {
        assert_eq!(of(&errors, other.clone()), [(422, None)], "{other}");
    }

    // Patchbay finds these without a rule.
    for known in [
        object(json!({ "message": text })),
        object(json!({ "error": object(json!({ "message": text, "errors": list(text.clone()) })) })),
        object(json!({ "fault": object(json!({ "detail": text })) })),
        object(json!({ "title": text, "errors": list(text.clone()) })),
        object(json!({ "code": json!({ "type": "integer" }) })),
        text.clone(),
        json!({}),
    ] {
        assert_eq!(of(&known, json!({})), [], "{known}");
    }

    // Statuses: those that Patchbay handles itself are left to it; a class stands for the usual ones.
    let all = response(&errors);
    let statuses = |responses: Value| messages(&responses, &two).iter().map(|(status, _)| *status).collect::<Vec<_>>();
    assert_eq!(
        statuses(json!({ "200": {}, "400": all, "401": all, "403": all, "429": all, "500": all, "409": all })),
        [400, 409]
    );
    assert_eq!(
        statuses(json!({ "200": {}, "4XX": all, "404": response(&object(json!({ "message": text }))) })),
        [400, 409, 422]
    );
    assert_eq!(statuses(json!({ "200": {}, "default": all })), [400, 404, 409, 422]);
    assert_eq!(statuses(json!({ "default": all })), [] as [u16; 0], "the success");

    // Swagger, and a title that an expression could not contain.
    let root = json!({
        "swagger": "2.0", "info": { "title": "A ${b}" }, "host": "x.example", "schemes": ["https"],
        "paths": { "/a": { "get": { "operationId": "getA", "responses": { "200": {}, "400": { "$ref": "#/responses/E" } } } } },
        "responses": { "E": { "schema": errors } },
    });
    let found = messages_of(&imported(&root), &two);
    assert_eq!(found, [(400, Some("The provider responded with 400: No name.; No age.".to_owned()))]);
}

#[test]
fn a_list_of_several_kinds_accepts_a_mixed_list() {
    let of = |kind: &str, member: &str| json!({ "type": "object", "required": ["kind"], "properties": { "kind": { "const": kind }, member: { "type": "string" } } });
    for keyword in ["oneOf", "anyOf"] {
        let list = json!({ "type": "array", "items": { keyword: [of("cat", "lives"), of("dog", "tricks")] } });
        for (schema, name) in
            [(list.clone(), "body"), (json!({ "type": "object", "properties": { "pets": list } }), "pets")]
        {
            let (connector, _) = with_body(&schema);
            let input = connector.actions[0].inputs.iter().find(|input| input.name == name).unwrap();
            // An item of the list matches any of the variants; each is a list.
            let kinds = std::iter::once(input).chain(&input.variants).map(|one| {
                assert!(one.array && one.kind == InputType::Object, "{one:?}");
                one.properties.iter().find(|member| member.name == "kind").map(|member| member.one_of.clone())
            });
            assert_eq!(kinds.flatten().collect::<Vec<_>>(), [[json!("cat")], [json!("dog")]], "{name}");
            assert_eq!(constants(&connector.actions[0]), [] as [&str; 0]);
        }
    }
}

#[test]
fn the_first_public_server_is_used() {
    let base = |urls: &[&str]| {
        let mut root = described(&json!({ "/a": { "get": { "operationId": "listA" } } }));
        root["servers"] = urls.iter().map(|url| json!({ "url": url })).collect();
        connector(&imported(&root)).base_url.map(|base| base.source().to_owned())
    };
    for local in ["http://localhost:3000", "http://127.0.0.1/v1", "https://api.internal", "http://x.localhost"] {
        assert_eq!(base(&[local, "https://x.example/v1"]).as_deref(), Some("https://x.example/v1"), "{local}");
    }
}

#[test]
fn a_path_parameter_with_slashes_is_noted() {
    let made = imported(&described(&json!({ "/v1/{+name}/x": { "get": { "operationId": "getX", "parameters": [
        { "name": "name", "in": "path", "required": true, "schema": { "type": "string" } },
    ] } } })));
    let connector = connector(&made);
    assert_eq!(connector.actions[0].inputs.len(), 1);
    assert_eq!(notes(&made, Topic::Parameter), ["`+name` can contain slashes, which are encoded"]);
}

/// A list or a text is sent as it is; without it, the request has an empty object.
#[test]
fn a_list_or_a_text_as_the_whole_body_is_required_unless_described_otherwise() {
    let list = json!({ "type": "array", "items": { "type": "string" } });
    for (schema, required, expected) in [
        (&list, json!(null), true),
        (&list, json!(true), true),
        (&list, json!(false), false),
        (&json!({ "type": "string" }), json!(null), true),
        (&json!({ "type": "object" }), json!(null), false),
        (&json!({}), json!(null), false),
    ] {
        let body = json!({ "content": { "application/json": { "schema": schema } }, "required": required });
        let made =
            imported(&described(&json!({ "/a": { "post": { "operationId": "createA", "requestBody": body } } })));
        assert_eq!(connector(&made).actions[0].inputs[0].required, expected, "{schema} {required}");
    }
}
