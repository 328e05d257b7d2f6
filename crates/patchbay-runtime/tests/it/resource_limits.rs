//! Limits on the depth and the size of the values that a connector creates.

use std::fmt::Write as _;

use axum::{extract::Request, response::IntoResponse as _};
use patchbay_model::{ErrorCode, LARGE_VALUES};
use patchbay_runtime::Error;
use serde_json::{Value, json};

use crate::support::{RunnerBed, fixture, load_connector};

const HEAD: &str = "\
Patchbay: 1.0.0
info: {title: Flow, key: steps, version: 1.0.0, description: Hostile.}
baseUrl: https://api.steps.example.com
authentication:
  - none: {type: custom, label: None, authorization: {type: none}}
actions:
  - actionId: go
    label: Go
    description: Goes.
    inputs:
      - {name: list, type: number, in: body, array: true, description: List.}
    steps:
";

/// Runs an action with these steps.
async fn run(steps: &str) -> Result<Value, Error> {
    let connector = load_connector(&format!("{HEAD}{steps}"));
    let bed = RunnerBed::start(connector, "https://api.steps.example.com", |_: Request| async { "".into_response() });
    let list = (0..1_000).collect::<Vec<_>>();
    bed.await.run("go", json!({ "body": { "list": list } })).await
}

fn step(steps: &mut String, id: usize, function: &str) {
    writeln!(steps, "      - {{stepId: s{id}, description: Step, stepFunction: {function}}}").unwrap();
}

fn values(value: &str) -> String {
    format!("{{functionName: static_values, parameters: {{values: {value}}}}}")
}

#[tokio::test]
async fn nested_values_are_limited_in_depth() {
    let chain = |count: usize, wrap: &dyn Fn(usize) -> String| {
        let mut steps = String::new();
        step(&mut steps, 0, &values("1"));
        (1..count).for_each(|id| step(&mut steps, id, &wrap(id - 1)));
        steps
    };
    let expression =
        |last: usize| values(&format!("'{{{{{}steps.s{last}.output.data{}}}}}'", "[".repeat(40), "]".repeat(40)));
    let written = |last: usize| values(&format!("{}$.steps.s{last}.output.data{}", "[".repeat(30), "]".repeat(30)));
    let grouped = |last: usize| {
        format!("{{functionName: group_data, parameters: {{isSingleRecord: true, stepsDataToGroup: [s{last}]}}}}")
    };
    for (count, wrap) in [(400, &expression as &dyn Fn(usize) -> String), (400, &written), (4_000, &grouped)] {
        let error = run(&chain(count, wrap)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Connector);
        assert!(error.message.contains("is nested too deep"), "{}", error.message);
    }
    assert!(run(&chain(5, &expression)).await.is_ok());

    // The limit also applies within one step.
    let mut functions = String::new();
    for _ in 0..400 {
        let wrapped = values(&format!("'{{{{{}iterator.current{}}}}}'", "[".repeat(40), "]".repeat(40)));
        writeln!(functions, "          - {wrapped}").unwrap();
    }
    let steps = format!(
        "      - stepId: s\n        description: Step\n        iterator: '{{{{[1]}}}}'\n        stepFunctions:\n{functions}"
    );
    assert!(run(&steps).await.unwrap_err().message.contains("is nested too deep"));
}

#[tokio::test]
async fn copied_values_are_limited_in_memory() {
    // Each step contains the output of the previous step a thousand times.
    let mut steps = String::new();
    step(&mut steps, 0, &values("$.inputs.list"));
    for id in 1..6 {
        step(&mut steps, id, &values(&format!("[{}1]", format!("$.steps.s{}.output.data, ", id - 1).repeat(1_000))));
    }
    let error = run(&steps).await.unwrap_err();
    assert!(error.message.contains("exceeds the memory limit of a call"), "{}", error.message);

    let field = |id: usize| format!("{{targetFieldKey: f{id}, type: object, expression: $.inputs.list}}");
    let fields = (0..4_000).map(field).collect::<Vec<_>>().join(", ");
    let mut steps = String::new();
    let map = format!(
        "{{functionName: map_fields, version: '2', parameters: {{dataSource: '{{{{[{{a: 1}}, {{a: 2}}]}}}}', fields: [{fields}]}}}}"
    );
    step(&mut steps, 0, &map);
    let error = run(&steps).await.unwrap_err();
    assert!(error.message.contains("exceeds the memory limit of a call"), "{}", error.message);
}

#[tokio::test]
async fn many_small_pages_count_together() {
    let nested = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let items = vec![nested; 300].join(",");
    let respond = move |request: Request| {
        let after = request.uri().query().and_then(|query| query.strip_prefix("after=")?.parse().ok()).unwrap_or(0);
        let page = format!("{{\"items\":[{items}],\"next\":{}}}", after + 1);
        async move { ([("content-type", "application/json")], page).into_response() }
    };
    let bed = RunnerBed::start(fixture("steps"), "https://api.steps.example.com", respond).await;
    let error = bed.run("fault_paginated_request", json!({ "path": { "fault": "x" } })).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ProviderResponseTooLarge);
    assert!(error.message.contains("too many small values"), "{}", error.message);
    let pages = bed.take_requests().len();
    assert!((3..15).contains(&pages), "{pages} pages, each within the limit");
    assert_eq!(LARGE_VALUES.reserved(), 0);
}
