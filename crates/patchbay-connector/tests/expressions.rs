//! Test cases of the expression language.

use std::path::Path;

use patchbay_connector::expr::{Bindings, Escape, EvalError, Template};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The expected result of a case.
#[derive(Debug, PartialEq)]
enum Outcome {
    Value(Value),
    Undefined,
    Error,
}

fn run(expression: &str, context: &Value) -> Outcome {
    let roots = context.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value)).collect::<Vec<_>>();
    match Template::parse(expression).map(|template| template.eval(&Bindings { roots: &roots })) {
        Err(_) | Ok(Err(_)) => Outcome::Error,
        Ok(Ok(None)) => Outcome::Undefined,
        Ok(Ok(Some(value))) => Outcome::Value(value),
    }
}

/// Runs the cases of the format's specification; the last line of their file is the common context.
#[test]
#[ignore = "needs PATCHBAY_SPECIFICATION, the folder of the format's specification, which is not in this repository"]
fn the_specification_cases_pass() {
    let Some(folder) = option_env!("PATCHBAY_SPECIFICATION") else {
        panic!("PATCHBAY_SPECIFICATION must name a folder")
    };
    let text = std::fs::read_to_string(Path::new(folder).join("expression-cases.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>();
    let (last, cases) = lines.split_last().unwrap();
    let mut failures = Vec::new();
    for case in cases {
        let expected = if case.get("undefined").is_some() {
            Outcome::Undefined
        } else if case.get("error").is_some() {
            Outcome::Error
        } else {
            Outcome::Value(case["result"].clone())
        };
        let outcome = run(case["expr"].as_str().unwrap(), &last["context"]);
        if outcome != expected {
            failures.push(format!("{}: expected {expected:?}, was {outcome:?}", case["expr"]));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(cases.len() > 90);
}

fn context() -> Value {
    json!({
        "inputs": { "id": "c-1", "limit": 25, "empty": "", "none": null, "tags": ["x", "y"], "odd key": "ok" },
        "credentials": { "region": "us" },
        "users": [{ "name": "Ada", "age": 36 }, { "name": "Grace", "age": 45 }, { "name": "Joan", "age": 20 }],
        "context": { "now": "2026-06-15T12:00:00Z" },
    })
}

#[test]
fn additional_cases_pass() {
    for (expression, expected) in [
        ("$.inputs.id", Outcome::Value(json!("c-1"))),
        ("$.inputs.zzz", Outcome::Undefined),
        ("$.users[?(@.age > 30)].name", Outcome::Value(json!(["Ada", "Grace"]))),
        ("$.users[(@.length-1)].name", Outcome::Value(json!("Joan"))),
        ("$.users[?(@.name == 'Ada')]^.length", Outcome::Value(json!(3))),
        ("$.users[0].name^", Outcome::Value(json!({ "name": "Ada", "age": 36 }))),
        ("$.users[0].name^^[1].name", Outcome::Value(json!("Grace"))),
        ("$.users[0].name.^.age", Outcome::Value(json!(36))),
        ("$.users[*].age[^].name", Outcome::Value(json!(["Ada", "Grace", "Joan"]))),
        ("$..age^.name", Outcome::Value(json!(["Ada", "Grace", "Joan"]))),
        ("$.users[?(@.age > 40)]^[0].name", Outcome::Value(json!("Ada"))),
        ("$.inputs^", Outcome::Undefined),
        ("$.inputs.id^^", Outcome::Undefined),
        ("$.users[1].*~", Outcome::Value(json!(["name", "age"]))),
        ("$.users[?(@.age > 30)]~", Outcome::Value(json!([0, 1]))),
        ("$.inputs.id~", Outcome::Value(json!("id"))),
        ("$.inputs[~]", Outcome::Value(json!("inputs"))),
        ("$.inputs.id~.length", Outcome::Error),
        ("$.users[::-1].name", Outcome::Value(json!(["Joan", "Grace", "Ada"]))),
        ("$.users[-1:0:-1].name", Outcome::Value(json!(["Joan", "Grace"]))),
        ("$.users[0:2:0].name", Outcome::Error),
        ("$.inputs['id','limit']", Outcome::Value(json!(["c-1", 25]))),
        ("$.inputs[id,limit]", Outcome::Value(json!(["c-1", 25]))),
        ("{{users[.age > 30].name}}", Outcome::Value(json!(["Ada", "Grace"]))),
        ("{{users[.name == 'Ada'].age + 1}}", Outcome::Value(json!(37))),
        ("{{users[30 < .age].name}}", Outcome::Value(json!(["Ada", "Grace"]))),
        ("{{users[!(.age > 30)].name}}", Outcome::Value(json!("Joan"))),
        ("{{users[present(.zzz)].name}}", Outcome::Undefined),
        ("{{[[1, 2], [3, 4]][1][0]}}", Outcome::Value(json!(3))),
        ("{{ [{t: ['x']}, {t: ['y']}][.t[0] == 'y'].t }}", Outcome::Value(json!(["y"]))),
        ("x ${'it\\'s }'}", Outcome::Value(json!("x it's }"))),
        ("{{!!!!!inputs.empty}}", Outcome::Value(json!(true))),
        ("{{---1}}", Outcome::Value(json!(-1))),
        ("{{ {a: inputs.id, b: {c: 1}, d: inputs.zzz} }}", Outcome::Value(json!({ "a": "c-1", "b": { "c": 1 } }))),
        ("{{inputs.empty ?: 'd'}}", Outcome::Value(json!("d"))),
        ("{{2 ^ 3 ^ 2}}", Outcome::Value(json!(64))),
        ("{{inputs.id.toUpperCase()}}", Outcome::Value(json!("C-1"))),
        ("{{inputs.id.split('-')[1]}}", Outcome::Value(json!("1"))),
        ("{{inputs.tags.length}}", Outcome::Value(json!(2))),
        ("{{encodeBase64('a:b')}}", Outcome::Value(json!("YTpi"))),
        ("{{hasPassed('2026-06-14', 'yyyy-MM-dd')}}", Outcome::Value(json!(true))),
        ("{{hasPassed('2026-06-14', 'yyyy-MM-dd', 1)}}", Outcome::Value(json!(false))),
        ("{{nextAnniversary('01/03/2020', 'dd/MM/yyyy')}}", Outcome::Value(json!("01/03/2027"))),
        ("{{map(users, .age + 1)}}", Outcome::Value(json!([37, 46, 21]))),
        ("{{map(users, 'name')}}", Outcome::Value(json!(["Ada", "Grace", "Joan"]))),
        ("{{map(filter(users, .age > 30), .name)}}", Outcome::Value(json!(["Ada", "Grace"]))),
        ("{{filter(users, 'name', 'Joan')[0].age}}", Outcome::Value(json!(20))),
        ("{{users[length(map(users, .name)) - 1].age}}", Outcome::Value(json!(20))),
        ("{{uuid() == uuid() && uuid('a') != uuid('b')}}", Outcome::Value(json!(true))),
        ("{{uuid()[14]}}", Outcome::Value(json!("8"))),
        ("{{uuid().slice(14, 15)}}", Outcome::Value(json!("8"))),
        ("{{hmac('data', 'key', 'sha1', 'base64')}}", Outcome::Value(json!("EEFSxb/coHvGM+69RhmfAlXJ9J0="))),
        ("{{hmac('data', 'key', 'crc')}}", Outcome::Error),
        ("{{formatDate('2026-01-05', 'd MMM yyyy')}}", Outcome::Value(json!("5 Jan 2026"))),
        (
            "{{formatDate(1767571200000, 'yyyy-MM-dd\\'T\\'HH:mm:ssXXX')}}",
            Outcome::Value(json!("2026-01-05T00:00:00+00:00")),
        ),
        ("{{formatDate('2026-01-05', 'QQQ')}}", Outcome::Error),
        ("{{parseDate('2026-01-05 10:30', 'yyyy-MM-dd HH:mm')}}", Outcome::Value(json!("2026-01-05T10:30:00.000Z"))),
        ("{{addDays('2026-01-01T00:00:00Z', -1)}}", Outcome::Value(json!("2025-12-31T00:00:00.000Z"))),
        ("{{addDays('2026-01-01', 99999999999)}}", Outcome::Error),
        ("{{addDays('31/12/2025', 1, 'dd/MM/yyyy')}}", Outcome::Value(json!("01/01/2026"))),
        ("{{1 / 0}}", Outcome::Value(Value::Null)),
        ("{{inputs.zzz + 1}}", Outcome::Error),
        ("{{prsent(inputs.id)}}", Outcome::Error),
        ("x ${inputs.zzz}", Outcome::Error),
        ("x ${inputs.limit > 20 ? 'many' : 'few'}", Outcome::Value(json!("x many"))),
        ("$5", Outcome::Value(json!("$5"))),
        ("[see](https://example.com) {a}", Outcome::Value(json!("[see](https://example.com) {a}"))),
    ] {
        assert_eq!(run(expression, &context()), expected, "{expression}");
    }
}

#[test]
fn syntax_errors_have_a_position_and_a_hint() {
    let error = Template::parse("x ${prsent(inputs.id)}").unwrap_err();
    assert_eq!((error.offset, error.hint.as_deref()), (4, Some("did you mean `present`?")));
    let error = Template::parse("{{replace('a', 'b')}}").unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("the call is replace(string, from, to)"));
    let error = Template::parse("{{s.toUppercase()}}").unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("did you mean `.toUpperCase()`?"));
    for broken in
        ["{{x +}}", "{{(}}", "{{'a}}", "${x", "$.a[", "$.a..", "{{a b}}", "{{f(}}", "{{a.}}", "{{#}}", "{{{a:}}}"]
    {
        assert!(Template::parse(broken).is_err(), "{broken}");
    }
}

#[test]
fn depth_and_length_are_limited() {
    for hostile in ["(", "[", "!", "-", "{a:", "present("] {
        assert!(Template::parse(&format!("{{{{{}}}}}", hostile.repeat(1500))).is_err(), "{hostile}");
    }
    assert!(Template::parse(&format!("{{{{{}1}}}}", "!".repeat(3000))).is_ok());
    assert!(Template::parse(&format!("{{{{{}}}}}", "1+".repeat(3000))).is_err());
}

/// A server thread has a stack of 2 MiB. The longest chains that parse must be evaluated, searched and dropped on it,
/// and those that do not parse must be dropped on it, too.
#[test]
fn chains_do_not_overflow_a_small_stack() {
    let run_all = || {
        let roots = [("a", &Value::Null)];
        for (link, tail) in [("1+", "1"), ("!-", "1"), ("a||", "a"), ("1?", "1")] {
            for count in [20, 60, 120, 600, 4000 / link.len()] {
                if let Ok(template) = Template::parse(&format!("{{{{{}{tail}}}}}", link.repeat(count))) {
                    template.references();
                    template.eval(&Bindings { roots: &roots }).unwrap();
                }
            }
        }
        for (start, link) in [("'t'", ".a"), ("a", "[0]"), ("'a'", ".trim()"), ("a", "[.b]")] {
            for count in [20, 60, 120, 4000 / link.len()] {
                let parsed = Template::parse(&format!("{{{{{start}{}}}}}", link.repeat(count)));
                assert_eq!(parsed.is_ok(), count <= 120, "{start}{link} {count}");
                if let Ok(template) = parsed {
                    template.references();
                    template.eval(&Bindings { roots: &roots }).unwrap();
                }
            }
        }
    };
    std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(run_all).unwrap().join().unwrap();
}

#[test]
fn a_filter_that_copies_the_list_for_each_item_runs_out_of_fuel() {
    let rows: Value = (0..20_000).map(|id| json!({ "id": id })).collect();
    let run = |text: &str| Template::parse(text).unwrap().eval(&Bindings { roots: &[("rows", &rows)] });
    assert_eq!(run("{{rows[.id == first(rows).id]}}"), Err(EvalError::Fuel));
    // A single item is not a copy of all items.
    assert_eq!(run("{{rows[19999].id + rows[0].id}}"), Ok(Some(json!(19_999))));
}

/// Each of these would need gigabytes.
#[test]
fn results_are_charged_to_the_memory_budget() {
    let inputs = json!({
        "list": (0..20_000).collect::<Vec<_>>(),
        "names": (0..20_000).map(|n| (format!("n{n}"), json!(n))).collect::<serde_json::Map<_, _>>(),
        "text": "x".repeat(200_000),
        "big": "y".repeat(8_000_000),
        "json": format!("[{}0]", "0,".repeat(6_000_000)),
    });
    let run = |text: &str| Template::parse(text).unwrap().eval(&Bindings { roots: &[("inputs", &inputs)] });
    for text in [
        "{{join(inputs.list, inputs.text)}}",
        "{{prefixKeys(inputs.names, inputs.text)}}",
        "{{replace(inputs.text, 'x', inputs.text)}}",
        "{{split(inputs.big, '')}}",
        "{{fromJson(inputs.json)}}",
        "{{map(inputs.list, inputs.text + @)}}",
        &format!("{{{{[{}1]}}}}", "inputs.big,".repeat(60)),
        &format!("$.inputs[{}'big']", "'big',".repeat(60)),
        &"${inputs.big}".repeat(60),
        &"${inputs.big + ''}".repeat(60),
    ] {
        assert!(run(text) == Err(EvalError::Large), "{text:.60}");
    }
    assert_eq!(run(&format!("$.inputs.list[{}*]", "*,".repeat(2_000))), Err(EvalError::Fuel));
    // Values of the size that connectors need are permitted.
    assert!(run("{{join(inputs.list, ', ')}}").is_ok());
    assert!(run("{{[inputs.big, inputs.text]}}").is_ok());
    assert!(run("$.inputs.list[*]").is_ok());
}

#[test]
fn numbers_are_formatted_as_in_javascript() {
    for (number, expected) in
        [(json!(25.0), "25"), (json!(2.5), "2.5"), (json!(-0.0), "0"), (json!(u64::MAX), "18446744073709551615")]
    {
        assert_eq!(text_of("${inputs.v}", number, Escape::None).unwrap().unwrap(), expected);
    }
}

#[test]
fn references_within_filters_are_found() {
    let template = Template::parse("$.inputs.list[?(@.id == steps.fetch.output.data.id)]").unwrap();
    assert_eq!(template.steps_referenced(), Some(vec!["fetch".to_owned()]));
    let references = Template::parse("${$.inputs.list[?(@.id == inputs.b)].name}{{").unwrap().references();
    assert!(references.contains(&("inputs".to_owned(), Some("b".to_owned()))), "{references:?}");
    let references = Template::parse("{{inputs['odd name'] + steps['x'].output}}").unwrap().references();
    assert_eq!(
        references,
        [("inputs", "odd name"), ("steps", "x")].map(|(root, name)| (root.to_owned(), Some(name.to_owned())))
    );
}

#[expect(clippy::needless_pass_by_value, reason = "a case is written where it is called")]
fn text_of(expression: &str, value: Value, escape: Escape) -> Result<Option<String>, EvalError> {
    let inputs = json!({ "v": value });
    Template::parse(expression).unwrap().eval_text(&Bindings { roots: &[("inputs", &inputs)] }, escape)
}

#[test]
fn escaping_depends_on_the_position() {
    let text = |value: Value, escape| text_of("/a/${inputs.v}/b", value, escape);
    assert_eq!(text(json!("x/../y?z#"), Escape::PathSegment).unwrap().unwrap(), "/a/x%2F..%2Fy%3Fz%23/b");
    for dots in ["", ".", ".."] {
        assert!(matches!(text(json!(dots), Escape::PathSegment), Err(EvalError::Refused { .. })), "{dots:?}");
    }
    assert!(matches!(text(json!("a\r\nb"), Escape::Header), Err(EvalError::Refused { .. })));
    assert!(matches!(text(json!([1]), Escape::PathSegment), Err(EvalError::Refused { .. })));
    assert!(matches!(text(Value::Null, Escape::None), Err(EvalError::Missing { .. })));
    let host = |value: &str| text_of("https://${inputs.v}.example.com", json!(value), Escape::Host);
    assert_eq!(host("acme").unwrap().unwrap(), "https://acme.example.com");
    for hostile in ["evil.test/", "a@b", "a#", "a?b", "a:80", "", "a\\b", "a b"] {
        assert!(matches!(host(hostile), Err(EvalError::Refused { .. })), "{hostile}");
    }
    for dots in [".", "..", "..."] {
        let base = text_of("https://a.example.com/t/${inputs.v}/api", json!(dots), Escape::Host);
        assert!(matches!(base, Err(EvalError::Refused { .. })), "{dots}");
    }
    assert!(text_of("${inputs.v}/x", json!("https://a.example.com/base"), Escape::Host).is_ok());
    assert!(text_of("${inputs.v}/x", json!("https://u:p@a.example.com"), Escape::Host).is_err());
    // The text after the value must be the end of the host, so a whole URL before it is rejected.
    assert!(text_of("${inputs.v}.example.com", json!("https://evil.test/"), Escape::Host).is_err());
    assert!(text_of("${inputs.v}${inputs.v}", json!("https://evil.test/"), Escape::Host).is_err());
    assert!(text_of("$.inputs.v", json!("https://a.example.com"), Escape::Host).is_ok());
    for hostile in ["file:///etc/passwd", "https://a.example.com/?x", "https://a b.example.com", "acme"] {
        assert!(text_of("$.inputs.v", json!(hostile), Escape::Host).is_err(), "{hostile}");
    }
    let query = |value: Value| text_of("/a?q=${inputs.v}&r=1", value, Escape::PathSegment).unwrap().unwrap();
    assert_eq!(query(json!("x&y=z #")), "/a?q=x%26y%3Dz%20%23&r=1");
    assert_eq!(query(json!("")), "/a?q=&r=1");
    let json_text =
        |value: Value| text_of(r#"{"a": "${inputs.v}", "b": ${inputs.v}}"#, value, Escape::Json).unwrap().unwrap();
    let hostile = "x\", \"admin\": true, \"y\": \"\n";
    let read: Value = serde_json::from_str(&json_text(json!(hostile))).unwrap();
    assert_eq!(read, json!({ "a": hostile, "b": hostile }));
    assert_eq!(json_text(json!(1)), r#"{"a": "1", "b": 1}"#);
    let xml = |value: Value| text_of("<a b='${inputs.v}'>${inputs.v}</a>", value, Escape::Xml);
    assert_eq!(xml(json!("<&'")).unwrap().unwrap(), "<a b='&lt;&amp;&apos;'>&lt;&amp;&apos;</a>");
    assert!(matches!(xml(json!("a\u{0}b")), Err(EvalError::Refused { .. })));
}

proptest! {
    #[test]
    fn parsing_text_never_panics(text in ".{0,200}") {
        let _ = run(&text, &context());
        let _ = run(&format!("{{{{{text}}}}}"), &context());
        let _ = run(&format!("${text}"), &context());
    }

    #[test]
    fn parsing_tokens_never_panics(parts in proptest::collection::vec(
        proptest::sample::select(vec!["$", "..", ".", "[", "]", "(", ")", "?", ":", "@", "users", "age", "'x'", "1", "-", "*", "==", ",", "{", "}", "!", "present", "length", "in", " "]), 0..40)) {
        let text = parts.concat();
        let _ = run(&format!("{{{{{text}}}}}"), &context());
        let _ = run(&format!("$.{text}"), &context());
    }

    #[test]
    fn a_path_value_is_one_segment(value in ".+") {
        if let Ok(Some(text)) = text_of("/a/${inputs.v}/b", json!(value), Escape::PathSegment) {
            prop_assert_eq!(text.matches('/').count(), 3);
            prop_assert!(!text.contains(['?', '#', '\\']) && !text.contains("/../") && !text.contains("/./"));
        }
    }
}
