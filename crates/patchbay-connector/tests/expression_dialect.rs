//! What files of others contain: each row is an expression with its answer in the original engine, or the answer that
//! `docs/build/compatibility.md` gives the reason of.

use patchbay_connector::expr::{Bindings, Escape, Template};
use serde_json::{Value, json};

/// Returns the value as JSON, `undefined`, or `error: MESSAGE`.
fn run(expression: &str, context: &Value) -> String {
    let roots = context.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value)).collect::<Vec<_>>();
    match Template::parse(expression) {
        Err(error) => format!("error: {}", error.message),
        Ok(template) => match template.eval(&Bindings { roots: &roots }) {
            Err(error) => format!("error: {error}"),
            Ok(None) => "undefined".to_owned(),
            Ok(Some(value)) => value.to_string(),
        },
    }
}

fn context() -> Value {
    serde_json::from_str(
        r#"{
        "inputs": { "id": "c-1", "name": "Ada Lovelace", "limit": 25, "zero": 0, "empty": "", "flag": true, "off": false,
            "nothing": null, "tags": ["x", "y", "z"], "nested": {"a": {"b": {"c": 7}}}, "odd key": "ok", "length": 4 },
        "steps": { "fetch": { "output": { "data": { "next-link": "/p", "results": [
            { "id": 1, "name": "NDA", "status": "DRAFT" }, { "id": 2, "name": "MSA", "status": "SIGN" } ] } } } },
        "users": [{"name": "John", "age": 30}, {"name": "Jane", "age": 25}, {"name": "Jim", "age": 41}],
        "x": 10, "y": 5, "s": "abc", "ms": 1760000000123, "id64": 9223372036854775807, "u64": 18446744073709551615,
        "a": [{"k": 42}, {"k": "42"}, {"k": 43}],
        "weird": {"a b": [1, 2], "it's": 3, "a.b": 4, "\"q\"": 5, "back\\slash": 6, "]": 7, "é": 8},
        "deep": {"list": [1, 2, 3], "text": "abc", "objs": [{"length": 7}, {"length": 8}], "o": {"length": 9}},
        "nested": [[1, 2], [3]], "emptylist": [], "none": null,
        "tiny": 0.000001, "tiny2": 1e-7, "hundred": 1e2, "minus": -0.0, "big": 1e21, "big20": 1e20, "price": 1.10,
        "context": { "now": "2026-06-15T12:00:00Z" }
    }"#,
    )
    .unwrap()
}

#[test]
fn expressions_have_the_answers_of_the_original_engine() {
    let context = context();
    let mut wrong = Vec::new();
    for (expression, expected) in [
        // A path beside an operator.
        ("${$.inputs.page ?? 1}", r#""1""#),
        ("${$.inputs.limit ?? 1}", r#""25""#),
        ("${$.inputs.limit + 1}", r#""26""#),
        ("${$.inputs.limit*2}", r#""50""#),
        ("${$.inputs.limit > 2}", r#""true""#),
        ("${$.inputs.limit % 10}/x", r#""5/x""#),
        (r#"${$.x > 3 ? "a" : "b"}"#, r#""a""#),
        ("${$.x>3?1:2}", r#""1""#),
        ("${$.deep.list[0] + 1}", r#""2""#),
        (r#"${$.inputs["odd key"] + "x"}"#, r#""okx""#),
        (r#"${$.inputs['odd key'] ?? "d"}"#, r#""ok""#),
        (r#"${$.inputs.missing || "d"}"#, r#""d""#),
        ("${$.inputs.missing ?? $.inputs.name}", r#""Ada Lovelace""#),
        ("${inputs.missing ?? $.inputs.name}", r#""Ada Lovelace""#),
        ("${!$.inputs.flag}", r#""false""#),
        ("${present($.inputs.flag)}", r#""true""#),
        ("${$.x}${$.y}", r#""105""#),
        ("${ $.inputs.limit }", r#""25""#),
        ("${$.inputs.name.toUpperCase()}", r#""ADA LOVELACE""#),
        ("${$.steps.fetch.output.data.next-link}", r#""/p""#),
        (r#"${$.steps.fetch.output.data.results[?(@.status=="DRAFT")].name}"#, r#""NDA""#),
        (r#"${$.steps.fetch.output.data.results[?(@.status=="NONE")].name ?? "none"}"#, r#""none""#),
        ("${$.deep.list[-1:] + 1}", r#""4""#),
        ("{{$.deep.list[*]}}", "[1,2,3]"),
        ("{{$..['k'] ?? 1}}", r#"[42,"42",43]"#),
        ("{{$.deep.list[(@.length-1)] * 2}}", "6"),
        ("{{length($.users[?(@.age > 26)])}}", "2"),
        ("{{$.users[?(@.age > 26)].name.length}}", "[4,3]"),
        ("{{$.inputs.limit / 5}}", "5"),
        ("{{$.users[.age > 26].name}}", r#"["John","Jim"]"#),
        // A regular expression in another argument is not that of the outer function.
        ("{{replace('a.b', '.', replace('x', /x/, '-'))}}", r#""a-b""#),
        ("{{'a.b'.replace('.', 'x'.replace(/x/, '-'))}}", r#""a-b""#),
        ("{{replace(replace('a.b', /[.]/, ','), ',', '-')}}", r#""a-b""#),
        // Brackets after a dot, and escapes in them.
        ("$.weird.['a b']", "[1,2]"),
        (r#"$.weird.["a b"]"#, "[1,2]"),
        ("$.weird.['a b'][0]", "1"),
        ("$.weird.['a b'].[1]", "2"),
        ("$.deep.list.[0]", "1"),
        ("$.deep.list.[-1:]", "3"),
        ("$.a.[?(@.k==42)]", r#"[{"k":42},{"k":"42"}]"#),
        ("$.a.[*].k", r#"[42,"42",43]"#),
        ("{{weird.['a b']}}", "[1,2]"),
        ("{{$.weird.['a b']}}", "[1,2]"),
        ("$.weird['a.b']", "4"),
        (r"$.weird['it\'s']", "3"),
        (r#"$.weird["it's"]"#, "3"),
        (r#"$.weird["\"q\""]"#, "5"),
        (r"$.weird['back\\slash']", "6"),
        ("$.weird[']']", "7"),
        (r"$.weird['\u00e9']", "8"),
        (r"$.weird['it\'s','a.b']", "[3,4]"),
        // The length of lists and strings.
        ("$.deep.list.length", "3"),
        ("$.deep.text.length", "3"),
        ("$.deep.o.length", "9"),
        ("$.deep.objs.length", "2"),
        ("$.deep.objs[*].length", "[7,8]"),
        ("$.emptylist.length", "0"),
        ("$.nested[0].length", "2"),
        ("$.nested[*].length", "[2,1]"),
        ("$..list.length", "3"),
        ("$.steps.fetch.output.data.results.length", "2"),
        ("$.steps.fetch.output.data.results[?(@.id > 1)].name.length", "3"),
        ("$.inputs.length", "4"),
        ("$.inputs.nested.length", "undefined"),
        ("$.inputs.limit.length", "undefined"),
        ("$.missing.length", "undefined"),
        ("/x/${$.users.length}", r#""/x/3""#),
        ("$.users[(@.length-1)].name", r#""Jim""#),
        ("$.users[?(@.name.length > 3)].name", r#"["John","Jane"]"#),
        // An index that is a string.
        (r#"{{inputs.tags["0"]}}"#, r#""x""#),
        (r#"{{inputs.tags["1"]}}"#, r#""y""#),
        (r#"{{inputs.tags["3"]}}"#, "undefined"),
        (r#"{{inputs.tags["-1"]}}"#, "undefined"),
        (r#"{{inputs.tags["01"]}}"#, "undefined"),
        (r#"{{inputs.tags["length"]}}"#, "3"),
        ("{{inputs.tags[string(2)]}}", r#""z""#),
        ("{{inputs.tags[-1]}}", "undefined"),
        (r#"{{users["name"]}}"#, "undefined"),
        (r#"{{users[0]["name"]}}"#, r#""John""#),
        (r#"{{inputs["odd key"]}}"#, r#""ok""#),
        ("{{s[0]}}", r#""a""#),
        (r#"{{s["2"]}}"#, r#""c""#),
        (r#"$.inputs.tags["0"]"#, r#""x""#),
        // Equality without a conversion.
        ("$.a[?(@.k === 42)]", r#"{"k":42}"#),
        ("$.a[?(@.k == 42)]", r#"[{"k":42},{"k":"42"}]"#),
        ("$.a[?(@.k !== 42)]", r#"[{"k":"42"},{"k":43}]"#),
        ("$.a[?(@.k != 42)]", r#"{"k":43}"#),
        ("{{x === 10.0}}", "true"),
        (r#"{{x === "10"}}"#, "false"),
        (r#"{{x !== "10"}}"#, "true"),
        ("{{inputs.off === 0}}", "false"),
        ("{{none === null}}", "true"),
        ("{{inputs.missing === null}}", "false"),
        ("{{inputs.tags === ['x', 'y', 'z']}}", "true"),
        // Powers associate to the left, and `??` replaces an empty string.
        ("{{2 ^ 3 ^ 2}}", "64"),
        ("{{2 ^ 3 ^ 2 ^ 1}}", "64"),
        ("{{2 ^ (3 ^ 2)}}", "512"),
        ("{{-2 ^ 2}}", "4"),
        ("{{2 ^ -1}}", "0.5"),
        ("{{10 - 2 - 3}}", "5"),
        (r#"{{"" ?? x}}"#, "10"),
        ("{{inputs.empty ?? inputs.id}}", r#""c-1""#),
        ("{{inputs.zero ?? x}}", "0"),
        ("{{inputs.off ?? x}}", "false"),
        ("{{emptylist ?? x}}", "[]"),
        (r#"{{inputs.empty ?? ""}}"#, r#""""#),
        // Regular expressions.
        ("$.users[?(@.name.match(/^J/))].name", r#"["John","Jane","Jim"]"#),
        ("$.users[?(/^Ja/.test(@.name))].name", r#""Jane""#),
        ("$.users[?(@.name.match(/^ja/i))].age", "25"),
        ("$.users[?(matches(@.name, 'n$') || @.age > 40)].age", "[30,41]"),
        ("{{users[matches(.name, /a/)].name}}", r#""Jane""#),
        ("{{matches(inputs.name, '^Ada')}}", "true"),
        (r#"{{matches(inputs.missing, "a")}}"#, "false"),
        ("{{matches(ms, /^17/)}}", "true"),
        ("{{match(inputs.name, /(\\w+) (\\w+)/)[2]}}", r#""Lovelace""#),
        ("{{inputs.name.match(/[A-Z]/g)}}", r#"["A","L"]"#),
        ("{{match(s, /(x)?b/)}}", r#"["b",null]"#),
        ("{{match(s, /z/) ?? 'none'}}", r#""none""#),
        ("{{replace(inputs.name, /a/g, 'o')}}", r#""Ado Loveloce""#),
        ("{{inputs.name.replace(/(\\w+) (\\w+)/, '$2, $1')}}", r#""Lovelace, Ada""#),
        ("{{replace(s, /b/, '[$&$$$1]')}}", r#""a[b$$1]c""#),
        ("{{replace('a/b', /[/]/, '-')}}", r#""a-b""#),
        ("{{replace('a-b-c', '-', '+')}}", r#""a+b+c""#),
        ("{{x / y / 2}}", "1"),
        ("{{(x) / y}}", "2"),
        ("{{inputs.tags[0] == 'x' ? 6 / 3 : 1}}", "2"),
        // Integers of 64 bits.
        ("${ms * 1000000}", r#""1760000000123000000""#),
        ("{{ms * 1000000}}", "1760000000123000000"),
        ("{{id64 - 1}}", "9223372036854775806"),
        ("{{id64 + 1}}", "9223372036854775808"),
        ("{{u64 - id64}}", "9223372036854775808"),
        ("{{-id64}}", "-9223372036854775807"),
        ("{{id64 % 1000}}", "807"),
        ("{{id64 // 10}}", "922337203685477580"),
        ("{{-7 // 2}}", "-4"),
        ("{{-7 % 3}}", "-1"),
        ("{{7.5 // 2}}", "3"),
        ("{{9007199254740993}}", "9007199254740993"),
        ("{{9007199254740993 * 2 / 2}}", "9007199254740993"),
        ("${9007199254740993}", r#""9007199254740993""#),
        (r#"{{number("9007199254740993")}}"#, "9007199254740993"),
        ("{{string(u64)}}", r#""18446744073709551615""#),
        ("{{sum([id64, -1, 1])}}", "9223372036854775807"),
        ("{{3 ^ 35}}", "50031545098999707"),
        ("{{u64 * 10}}", "184467440737095500000"),
        ("{{2 ^ 0.5 > 1.4}}", "true"),
        ("{{1 / 0}}", "null"),
        ("{{1 % 0}}", "null"),
        ("{{true + 1}}", "2"),
        (r#"{{"5" * 2}}"#, "10"),
        (r#"{{"5" - 2}}"#, "3"),
        // Numbers in text.
        ("${tiny}", r#""0.000001""#),
        ("${tiny2}", r#""1e-7""#),
        ("${hundred}", r#""100""#),
        ("${minus}", r#""0""#),
        ("${big}", r#""1e+21""#),
        ("${big20}", r#""100000000000000000000""#),
        ("${price}", r#""1.1""#),
        ("${3.0}", r#""3""#),
        ("{{3.0}}", "3"),
        ("${0.1 + 0.2}", r#""0.30000000000000004""#),
        ("${-inputs.zero}", r#""0""#),
        // Dates.
        (r#"{{formatDate("9999-12-31", "dd/MM/yyyy")}}"#, r#""31/12/9999""#),
        (r#"{{formatDate("9999-12-31T23:59:59.999Z", "yyyy-MM-dd HH:mm:ss")}}"#, r#""9999-12-31 23:59:59""#),
        (r#"{{parseDate("31.12.9999", "dd.MM.yyyy")}}"#, r#""9999-12-31T00:00:00.000Z""#),
        (r#"{{formatDate("0001-01-01", "yyyy")}}"#, r#""0001""#),
        ("{{formatDate(1709251200, 'yyyy-MM-dd')}}", r#""2024-03-01""#),
        ("{{formatDate(1709251200000, 'yyyy-MM-dd')}}", r#""2024-03-01""#),
        ("{{formatDate('2024-03-01T00:00:00Z', 't')}}", r#""1709251200""#),
        ("{{formatDate('2024-03-01', 'T')}}", r#""1709251200000""#),
        ("{{formatDate('1709251200', 'yyyy', 't')}}", r#""2024""#),
        ("{{formatDate('2024-03-01T01:30:00+02:00', 'yyyy-MM-dd HH:mm')}}", r#""2024-02-29 23:30""#),
        ("{{formatDate('2024-03-01T10:00:00', \"yyyy-MM-dd'T'HH:mm:ssXXX\")}}", r#""2024-03-01T10:00:00+00:00""#),
        ("{{unixSeconds('2024-03-01')}}", "1709251200"),
        ("{{unixSeconds('1969-12-31T23:59:59.500Z')}}", "-1"),
        ("{{unixMillis('2024-03-01T00:00:00.250Z')}}", "1709251200250"),
        ("{{unixSeconds('01/03/2024', 'dd/MM/yyyy')}}", "1709251200"),
        ("{{unixSeconds('9999-12-31T23:59:59Z')}}", "253402300799"),
        ("{{fromUnix(1709251200)}}", r#""2024-03-01T00:00:00.000Z""#),
        ("{{fromUnix('1709251200.25')}}", r#""2024-03-01T00:00:00.250Z""#),
        ("{{fromUnix(5, 'milliseconds')}}", r#""1970-01-01T00:00:00.005Z""#),
        ("{{fromUnix(253402300799)}}", r#""1978-01-11T21:31:40.799Z""#),
        ("{{fromUnix(253402300799, 'seconds')}}", r#""9999-12-31T23:59:59.000Z""#),
        ("{{addDays('9999-12-30', 1)}}", r#""9999-12-31""#),
    ] {
        let found = run(expression, &context);
        if found != expected {
            wrong.push(format!("{expression}: expected {expected}, was {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn errors_say_what_to_write() {
    let hint = |text: &str| {
        let error = Template::parse(text).unwrap_err();
        format!("{} ({}) {}", error.message, error.offset, error.hint.unwrap_or_default())
    };
    for (text, expected) in [
        ("$.a[?(@.x = 1)]", "`=` is not allowed in an expression (10) write `==` to compare"),
        ("{{a | f(x)}}", "`|` is not allowed in an expression (4) write `||` for or; a function is called as f(value)"),
        ("{{a & b}}", "`&` is not allowed in an expression (4) write `&&` for and"),
        ("{{a and b}}", "`and` is not an operator (4) write `&&`"),
        ("{{a == 1 or b}}", "`or` is not an operator (9) write `||`"),
        ("{{a?.b}}", "`?.` is not an operator (3) write `.`: a member of a value that is missing is missing, too"),
        ("$.a[?(@.n =~ /x/)]", "`=` is not allowed in an expression (10) write matches(text, /pattern/)"),
        ("{{\u{201c}a\u{201d}}}", "`\u{201c}` is not allowed in an expression (2) write straight quotes: ' or \""),
        ("{{a\u{a0}== 1}}", ""),
        (
            "{{matches(s, inputs.pattern)}}",
            "the pattern of `matches` is not a literal (13) write it as /^a/ or '^a'; it is compiled once, when the file is loaded",
        ),
        (
            "{{matches(s, '(?=a)')}}",
            "`(?=a)` is not a supported regular expression (13) look-around and backreferences are not supported",
        ),
        (
            "{{matches(s, /a/y)}}",
            "the flag `y` of the regular expression is not supported (13) the flags are: g, i, m, s, u",
        ),
        (
            "{{/a/}}",
            "a regular expression is not allowed here (2) the functions with a regular expression are: matches, match, replace",
        ),
        (
            "$.x > 5",
            "expected a name (2) a path has no operators; write the expression in {{ }}: {{$.inputs.limit > 5}}",
        ),
    ] {
        if expected.is_empty() {
            // A no-break space is white space.
            assert!(Template::parse(text).is_ok(), "{text}");
        } else {
            assert_eq!(hint(text), expected, "{text}");
        }
    }
}

/// The bound on the length of an expression is that of each `${…}`, not of the text around it.
#[test]
fn long_texts_may_contain_short_expressions() {
    let context = context();
    let text = format!("{}${{inputs.id}}{}", "<a>".repeat(20_000), "</a>".repeat(20_000));
    assert!(run(&text, &context).contains("<a>c-1</a>"));
    let several = format!("{}${{x}}", "${inputs.id} ".repeat(5_000));
    assert!(run(&several, &context).ends_with("c-1 10\""));
    let long = format!("inputs.id == '{}'", "x".repeat(4_100));
    for expression in
        [format!("a ${{{long}}}"), format!("{{{{{long}}}}}"), format!("$.inputs['{}']", "x".repeat(4_100))]
    {
        assert_eq!(run(&expression, &context), "error: the expression is longer than 4096 bytes");
    }
}

/// Paths, filters and expressions can contain each other, to a depth that parsing and evaluating bear.
#[test]
fn nested_paths_are_bounded() {
    let nested = |depth: usize| format!("{{{{{}1{}}}}}", "$.users[?(".repeat(depth), ")]".repeat(depth));
    assert!(Template::parse(&nested(5)).is_ok());
    for depth in [60, 400] {
        let message = Template::parse(&nested(depth)).unwrap_err().message;
        assert!(message.contains("nested deeper than") || message.contains("longer than"), "{message}");
    }
}

/// Patterns that take exponential time with backtracking.
#[test]
fn regular_expressions_take_linear_time() {
    let text = "a".repeat(100_000);
    let context = json!({ "text": format!("{text}!") });
    for pattern in ["/^(a+)+$/", "/(a|aa)*b/", "/(.*)*x/", "/^(([a-z])+.)+[A-Z]$/"] {
        assert_eq!(run(&format!("{{{{matches(text, {pattern})}}}}"), &context), "false");
    }
    let error = Template::parse(r"{{matches(text, /\w{1000}{1000}/)}}").unwrap_err();
    assert!(error.message.ends_with("is not a supported regular expression"), "{}", error.message);
}

/// An expression in a URL that returns a number, a boolean or a date cannot change its target.
#[test]
fn only_results_with_text_of_inputs_pass_through() {
    for (expression, passes) in [
        ("{{'/x/' + unixSeconds(inputs.at)}}", false),
        ("{{'/x/' + fromUnix(inputs.at)}}", false),
        ("{{matches(inputs.at, /a/) ? '/a' : '/b'}}", false),
        ("{{'/x/' + match(inputs.at, /.*/)[0]}}", true),
        ("{{'/x/' + replace('a', /a/, inputs.at)}}", true),
        ("{{'/x/' + $.inputs[?(@.id)].at}}", true),
        ("{{'/x/' + $.steps[?(@.id)].at}}", false),
        ("{{'/x/' + $..at}}", true),
    ] {
        assert_eq!(Template::parse(expression).unwrap().lets_through("inputs"), passes, "{expression}");
    }
    let template = Template::parse("${$.steps.a.output.data[?(@.id == inputs.id)].name ?? credentials.host}").unwrap();
    let mut read = template.references();
    read.sort();
    let name = |root: &str, name: &str| (root.to_owned(), Some(name.to_owned()));
    assert_eq!(read, [name("credentials", "host"), name("inputs", "id"), name("steps", "a")]);
    assert_eq!(template.steps_referenced(), Some(vec!["a".to_owned()]));
}

/// A number has one text in a path, a query, a header and a host.
#[test]
fn a_number_has_one_text_in_every_place() {
    for (number, text) in [("1e2", "100"), ("0.000001", "0.000001"), ("-0", "0"), ("1.10", "1.1"), ("25.0", "25")] {
        let context = json!({ "inputs": { "n": serde_json::from_str::<Value>(number).unwrap() } });
        let roots = context.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value)).collect::<Vec<_>>();
        for escape in [Escape::None, Escape::PathSegment, Escape::Query, Escape::Header, Escape::Host, Escape::Xml] {
            let template = Template::parse("a-${inputs.n}").unwrap();
            let written = template.eval_text(&Bindings { roots: &roots }, escape).unwrap().unwrap();
            assert_eq!(written, format!("a-{text}"), "{escape:?}");
        }
    }
}

/// Runs the third column of the table of differences.
#[test]
fn the_documented_differences_are_those_of_the_language() {
    let page = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/build/compatibility.md"),
    )
    .unwrap();
    let (_, rest) = page.split_once("```json\n").unwrap();
    let (values, table) = rest.split_once("```").unwrap();
    let context = serde_json::from_str::<Value>(values).unwrap();
    let mut rows = 0;
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let line = line.replace(r"\|", "\u{1}");
        let cells = line.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect::<Vec<_>>();
        let cell = |place: usize| cells[place].trim_matches('`').to_owned();
        let (expression, original, expected) = (cell(1), cell(2), cell(3));
        let found = run(&expression, &context);
        let found = if found.starts_with("error: ") { "error" } else { &found };
        assert_eq!(found, expected, "{expression}");
        assert!(original != expected && !cells[4].is_empty(), "{expression}");
        rows += 1;
    }
    assert!(rows > 20, "{rows}");
}
