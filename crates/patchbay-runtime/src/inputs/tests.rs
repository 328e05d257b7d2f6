use patchbay_connector::{SourceFile, load, render};
use serde_json::{Value, json};

use super::*;

const ACTION: &str = r#"
Patchbay: 1.0.0
info: {title: Demo, key: demo, version: 1.0.0, description: A demo.}
baseUrl: https://api.example.com
authentication:
  - custom:
      type: custom
      label: Key
      authorization: {type: none}
      configFields: []
      environments: [{key: production, name: Production}]
actions:
  - actionId: change
    label: Change
    description: Changes a thing.
    categories: [demo]
    actionType: update
    inputs:
      - {name: id, type: string, in: path, required: true, description: The thing.}
      - {name: limit, type: number, in: query, description: Most., rules: {min: 1, max: 100}}
      - {name: deep, type: boolean, in: query, description: All.}
      - {name: tags, type: string, in: query, array: true, description: Tags.}
      - {name: X-Trace, type: string, in: headers, description: Trace.}
      - {name: name, type: string, in: body, description: Name., rules: {minLength: 2, maxLength: 5}}
      - {name: mail, type: string, in: body, description: Mail., rules: {format: email}}
      - {name: due, type: datetime_string, in: body, description: Due.}
      - {name: kind, type: enum, in: body, description: Kind., oneOf: {values: [draft, final]}}
      - name: approvals
        type: object
        in: body
        array: true
        description: Approvals.
        properties:
          - {name: order, type: number, required: true, description: Its place.}
          - {name: note, type: string, description: A note.}
      - {name: extra, type: object, in: body, description: Anything.}
      - name: pets
        type: object
        array: true
        in: body
        description: Pets.
        rules: {maxLength: 3}
        properties: [{name: lives, type: number, required: true, description: Lives.}]
        variants:
          - {type: string, array: true}
          - {type: object, array: true, properties: [{name: bark, type: string, required: true, description: Its bark.}]}
      - name: filters
        type: object
        array: true
        in: query
        description: Filters.
        rules: {maxLength: 4}
        filters:
          name: {eq: "f[name]", in: "f[name][in]"}
          state: {eq: "f[state]"}
          size: {eq: "f[size]", gt: "f[size][gt]"}
          tag: {any: tags}
      - {name: "f[name]", type: string, in: query, description: Name., hidden: true}
      - {name: "f[name][in]", type: string, in: query, description: Names., hidden: true}
      - {name: "f[state]", type: enum, in: query, description: State., hidden: true, oneOf: {values: [open, shut]}}
      - {name: "f[size]", type: number, in: query, description: Size., hidden: true}
      - {name: "f[size][gt]", type: number, in: query, description: Size., hidden: true}
    steps:
      - stepId: call
        description: Call.
        stepFunction:
          functionName: request
          parameters: {url: "/things/${inputs.id}", method: patch}
    result: {data: $.steps.call.output.data}
"#;

fn action() -> std::sync::Arc<Action> {
    let files = [SourceFile { name: "demo.connector.yaml".into(), text: ACTION.into() }];
    let loaded = load(&files);
    let connector = loaded.connector.unwrap_or_else(|| panic!("{}", render(&loaded.diagnostics, &files)));
    connector.action("change").unwrap().clone()
}

fn raw(value: &Value) -> RawInputs {
    let part = |key: &str| value.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    RawInputs { path: part("path"), query: part("query"), headers: part("headers"), body: part("body") }
}

fn problems(value: &Value) -> Vec<(String, &'static str)> {
    match check_inputs(&action(), raw(value)) {
        Ok(inputs) => panic!("accepted: {:?}", inputs.0),
        Err(error) => {
            assert_eq!((error.status(), error.code), (400, ErrorCode::Validation));
            error.problems.into_iter().map(|problem| (problem.path.to_string(), problem.code)).collect()
        }
    }
}

#[test]
fn text_outside_the_body_is_converted_to_the_declared_type() {
    let inputs = check_inputs(
        &action(),
        raw(&json!({
            "path": {"id": 42},
            "query": {"limit": "10", "deep": "true", "tags": "one"},
            "headers": {"x-trace": "t"},
            "body": {"name": null, "approvals": [{"order": 1}], "extra": {"any": {"thing": 1}}},
        })),
    )
    .unwrap();
    let expected = json!({
        "id": "42", "limit": 10, "deep": true, "tags": ["one"], "X-Trace": "t",
        "name": null, "approvals": [{"order": 1}], "extra": {"any": {"thing": 1}},
    });
    assert_eq!(inputs.0, expected);
}

#[test]
fn all_problems_are_reported_at_once() {
    let found = problems(&json!({
        "query": {"limit": "many", "deep": 1, "limt": 1, "name": "x"},
        "headers": {"x-trace": "a\r\nb"},
        "body": {
            "name": "x", "mail": "nobody", "due": "tomorrow", "kind": "finl",
            "approvals": [{"order": "first"}, {"note": 1, "ordr": 2}],
        },
    }));
    let expected = [
        ("query.limit", "type"),
        ("query.deep", "type"),
        ("query.limt", "unknown_field"),
        ("query.name", "unknown_field"),
        ("headers.X-Trace", "header_value"),
        ("body.name", "min_length"),
        ("body.mail", "format"),
        ("body.due", "type"),
        ("body.kind", "enum"),
        ("body.approvals[0].order", "type"),
        ("body.approvals[1].note", "type"),
        ("body.approvals[1].ordr", "unknown_field"),
        ("body.approvals[1].order", "required"),
        ("path.id", "required"),
    ];
    assert_eq!(found, expected.map(|(path, code)| (path.to_owned(), code)));
}

#[test]
fn at_most_a_hundred_problems_are_reported() {
    let many = vec![json!({"ordr": 1}); 50_000];
    let error = check_inputs(&action(), raw(&json!({"path": {"id": "1"}, "body": {"approvals": many}}))).unwrap_err();
    assert_eq!(error.problems.len(), 100);
    assert_eq!(error.problems[0].path, "body.approvals[0].ordr".into());
    assert!(error.message.starts_with("`demo_change`: 100 or more inputs are not valid; the first: "), "{error}");
}

#[test]
fn hints_suggest_similar_names() {
    let error =
        check_inputs(&action(), raw(&json!({"path": {"id": "1"}, "query": {"limt": 1, "name": "x"}}))).unwrap_err();
    assert!(error.problems[0].message.contains("did you mean `limit`?"), "{error:?}");
    assert!(error.problems[1].message.contains("belongs in `body`"), "{error:?}");
    let error = check_inputs(&action(), raw(&json!({"path": {"id": "1"}, "body": {"kind": "finl"}}))).unwrap_err();
    assert_eq!(error.message, "`body.kind` must be one of: draft, final; did you mean `final`?");
}

#[test]
fn path_values_that_would_change_the_route_are_rejected() {
    for id in ["", ".", ".."] {
        assert_eq!(problems(&json!({"path": {"id": id}})), [("path.id".to_owned(), "path_segment")]);
    }
    assert!(check_inputs(&action(), raw(&json!({"path": {"id": "a/../b"}}))).is_ok(), "it is escaped as one segment");
}

#[test]
fn limits_are_checked() {
    assert_eq!(problems(&json!({"path": {"id": "1"}, "query": {"limit": 0}})), [("query.limit".to_owned(), "min")]);
    assert_eq!(problems(&json!({"path": {"id": "1"}, "query": {"limit": 101}})), [("query.limit".to_owned(), "max")]);
    let long = problems(&json!({"path": {"id": "1"}, "body": {"name": "sixsix"}}));
    assert_eq!(long, [("body.name".to_owned(), "max_length")]);
}

/// Returns the inputs that filters set; the list of filters itself stays as it is.
fn filtered(filters: &Value) -> Value {
    let inputs = check_inputs(&action(), raw(&json!({"path": {"id": "1"}, "query": {"filters": filters}}))).unwrap();
    let Value::Object(mut checked) = inputs.0 else { panic!("not an object") };
    checked.remove("id");
    checked.remove("filters");
    Value::Object(checked)
}

#[test]
fn a_filter_gives_its_value_to_the_input_of_its_operator() {
    let filters = json!([
        {"field": "name", "operator": "in", "value": ["a", 2, true]},
        {"field": "state", "operator": "eq", "value": "open"},
        {"field": "size", "operator": "gt", "value": "10"},
        {"field": "tag", "operator": "any", "value": ["x,y", "z"]},
    ]);
    let expected = json!({"f[name][in]": "a,2,true", "f[state]": "open", "f[size][gt]": 10, "tags": ["x,y", "z"]});
    assert_eq!(filtered(&filters), expected);
    assert_eq!(filtered(&json!({"field": "name", "operator": "eq", "value": "a,b"})), json!({"f[name]": "a,b"}));
    assert_eq!(filtered(&json!([])), json!({}));
    assert_eq!(filtered(&Value::Null), json!({}));
}

#[test]
fn hidden_inputs_are_accepted_beside_filters() {
    let query = json!({"f[size]": "3", "filters": [{"field": "name", "operator": "eq", "value": "a"}]});
    let inputs = check_inputs(&action(), raw(&json!({"path": {"id": "1"}, "query": query}))).unwrap();
    assert_eq!((&inputs.0["f[size]"], &inputs.0["f[name]"]), (&json!(3), &json!("a")));
}

#[test]
fn every_problem_of_a_filter_has_its_path() {
    let one = |field: &str, operator: &str, value: Value| json!({"field": field, "operator": operator, "value": value});
    let found = |filters: Value| problems(&json!({"path": {"id": "1"}, "query": {"filters": filters}}));
    for (filters, path, code) in [
        (json!("name"), "", "type"),
        (json!([1]), "[0]", "type"),
        (json!([{"field": "name", "operator": "eq"}]), "[0].value", "required"),
        (json!([{"field": "name", "operator": "eq", "value": null}]), "[0].value", "required"),
        (json!([{"field": "name", "operator": "eq", "value": "a", "valeu": "b"}]), "[0].valeu", "unknown_field"),
        (json!([one("nam", "eq", json!("a"))]), "[0].field", "enum"),
        (json!([one("name", "gt", json!("a"))]), "[0].operator", "enum"),
        (json!([{"field": 1, "operator": "eq", "value": "a"}]), "[0].field", "enum"),
        (json!([one("state", "eq", json!("opn"))]), "[0].value", "enum"),
        (json!([one("size", "eq", json!("many"))]), "[0].value", "type"),
        (json!([one("name", "eq", json!({}))]), "[0].value", "type"),
        (json!([one("name", "in", json!(["a,b"]))]), "[0].value[0]", "format"),
        (json!([one("name", "in", json!(["a", {}]))]), "[0].value[1]", "type"),
        (json!([one("name", "in", json!([]))]), "[0].value", "required"),
        (json!([one("name", "in", json!(["", ""]))]), "[0].value", "required"),
        (json!([one("name", "eq", json!("a")), one("name", "eq", json!("b"))]), "[1]", "mutually_exclusive"),
        (json!(vec![one("name", "eq", json!("a")); 5]), "", "max_length"),
    ] {
        let path = format!("query.filters{path}");
        assert!(
            found(filters.clone()).contains(&(path.clone(), code)),
            "{filters}: {path} {code}: {:?}",
            found(filters.clone())
        );
    }
    let both = json!({"f[name]": "a", "filters": [one("name", "eq", json!("b"))]});
    assert_eq!(
        problems(&json!({"path": {"id": "1"}, "query": both})),
        [("query.filters[0]".to_owned(), "mutually_exclusive")]
    );
    let error =
        check_inputs(&action(), raw(&json!({"path": {"id": "1"}, "query": {"filters": [one("nam", "eq", json!(1))]}})));
    assert!(error.unwrap_err().message.ends_with("must be one of: name, state, size, tag; did you mean `name`?"));
}

#[test]
fn each_item_of_a_list_matches_one_of_the_variants_that_are_lists() {
    let checked = |pets: Value| {
        let inputs = check_inputs(&action(), raw(&json!({"path": {"id": "1"}, "body": {"pets": pets.clone()}})));
        inputs.map(|inputs| assert_eq!(inputs.0["pets"], pets)).is_ok()
    };
    let (cat, dog) = (json!({"lives": 9}), json!({"bark": "wau"}));
    assert!(checked(json!([cat])) && checked(json!([dog])) && checked(json!(["rex"])) && checked(json!([])));
    assert!(checked(json!([cat, dog, "rex"])) && checked(json!(["rex", cat])));
    assert!(!checked(json!([cat, {"lives": 9, "bark": "wau"}])), "an item has the members of one variant");
    assert!(!checked(json!([cat, 5])) && !checked(json!([cat, dog, "a", "b"])) && !checked(json!("rex")));
}

#[test]
fn a_long_name_is_repeated_in_short() {
    let long = "x".repeat(1 << 20);
    let given = [
        json!({"path": {"id": "1"}, "body": {(long.clone()): 1}}),
        json!({"path": {"id": "1"}, "query": {(long.clone()): 1}}),
    ];
    for given in given {
        let error = check_inputs(&action(), raw(&given)).unwrap_err();
        assert!(error.message.len() < 3_000, "{} bytes", error.message.len());
        for problem in &error.problems {
            assert!(problem.path.to_string().len() < 1_100 && problem.message.len() < 1_100, "{}", problem.message);
        }
    }
}
