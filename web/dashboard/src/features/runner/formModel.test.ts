import { describe, expect, test } from "vitest";
import { problemsByField } from "./fieldProblems.ts";
import { columnsOf, formFields, hintOf, isFilterList, keyOf } from "./fields.ts";
import { buildInputs, draftText, parseInputs, readInputs } from "./formModel.ts";
import { nextInputs } from "./nextPage.ts";

const schema = {
  type: "object",
  properties: {
    path: {
      type: "object",
      properties: { id: { type: "integer", minimum: 1, description: "The id." } },
      required: ["id"],
    },
    query: {
      type: "object",
      properties: {
        kind: { type: "string", enum: ["a", "b"] },
        since: { type: "string", format: "date" },
        at: { type: ["string", "null"], format: "date-time" },
        tags: { type: "array", items: { type: "string" } },
        states: { type: "array", items: { type: "string", enum: ["x", "y"] } },
      },
    },
    body: {
      type: "object",
      properties: {
        open: { type: "boolean" },
        name: { type: "string", minLength: 2, maxLength: 5, pattern: "^[a-z]+$" },
        text: { type: "string", maxLength: 9000 },
        person: { type: "object", properties: { email: { type: "string" } }, required: ["email"] },
        rows: { type: "array", items: { type: "object", properties: {} } },
        any: { anyOf: [{ type: "string" }, { type: "number" }] },
        free: { type: "object" },
      },
      required: ["open", "person"],
    },
  },
};
const fields = formFields(schema);
const key = (...path: string[]) => keyOf(path);

test("chooses a control for every schema and lists required fields first", () => {
  const kinds = Object.fromEntries(fields.map((field) => [field.path.join("."), field.kind]));
  expect(kinds).toEqual({
    "path.id": "number",
    "query.kind": "enum",
    "query.since": "date",
    "query.at": "date-time",
    "query.tags": "strings",
    "query.states": "choices",
    "body.open": "boolean",
    "body.name": "text",
    "body.text": "multiline",
    "body.person.email": "text",
    "body.rows": "json",
    "body.any": "json",
    "body.free": "json",
  });
  expect(fields.slice(0, 3).map((field) => [field.path.join("."), field.required])).toEqual([
    ["path.id", true],
    ["body.open", true],
    ["body.person.email", true],
  ]);
  expect(fields.find((field) => field.kind === "choices")?.options).toEqual(["x", "y"]);
});

describe("buildInputs", () => {
  test("returns the filled-in values with their types", () => {
    const { inputs, problems } = buildInputs(fields, {
      [key("path", "id")]: "7",
      [key("query", "kind")]: "a",
      [key("query", "tags")]: ["one"],
      [key("query", "states")]: [],
      [key("body", "person", "email")]: "a@b.test",
      [key("body", "name")]: "  ",
      [key("body", "rows")]: '[{"a":1}]',
    });
    expect(problems).toEqual({});
    expect(inputs).toEqual({
      path: { id: 7 },
      query: { kind: "a", tags: ["one"] },
      body: { open: false, person: { email: "a@b.test" }, rows: [{ a: 1 }] },
    });
  });

  test("reports a problem for each invalid field", () => {
    const { problems } = buildInputs(fields, {
      [key("path", "id")]: "0",
      [key("body", "name")]: "A",
      [key("body", "rows")]: "[",
      [key("query", "at")]: "never",
    });
    expect(problems[key("path", "id")]).toBe("Enter 1 or more.");
    expect(problems[key("body", "person", "email")]).toBe("This is required.");
    expect(problems[key("body", "name")]).toBe("Enter at least 2 characters.");
    expect(problems[key("body", "rows")]).toMatch(/^Enter valid JSON/);
    expect(problems[key("query", "at")]).toBe("Enter a date and time.");
    expect(buildInputs(fields, { [key("path", "id")]: "1.5" }).problems[key("path", "id")]).toMatch(/whole/);
  });

  test("round-trips through JSON", () => {
    const inputs = {
      path: { id: 7 },
      query: { tags: ["a"], at: "2026-01-01T00:00:00.000Z" },
      body: { open: true, person: { email: "x" }, free: { deep: [1] } },
    };
    const { values, unknown } = readInputs(fields, inputs);
    expect(unknown).toEqual([]);
    expect(buildInputs(fields, values).inputs).toEqual(inputs);
  });
});

test("readInputs reports paths without a control", () => {
  expect(readInputs(fields, { path: { other: 1 }, elsewhere: 2 }).unknown).toEqual([
    "path.other",
    "elsewhere",
  ]);
  expect(readInputs(fields, "text")).toEqual({ values: {}, unknown: [] });
});

test("assigns the server's problems to their fields", () => {
  const { byField, general } = problemsByField(fields, [
    { path: "body.rows[0].order", message: "rows" },
    { path: "body.person.email", message: "email" },
    { path: "account", message: "elsewhere" },
  ]);
  expect(byField).toEqual({ [key("body", "rows")]: "rows.", [key("body", "person", "email")]: "email." });
  expect(general).toEqual(["account: elsewhere."]);
});

test("a group without declared members is one JSON field", () => {
  const [field] = formFields({ properties: { body: { type: "object" } } });
  expect([field?.path, field?.kind]).toEqual([["body"], "json"]);
  expect(buildInputs(field ? [field] : [], {}).problems).toEqual({});
});

describe("parseInputs", () => {
  const parse = (inputs: unknown) => parseInputs(fields, JSON.stringify(inputs));
  test("returns the inputs unchanged", () => {
    const inputs = {
      path: { id: "7" },
      query: { tags: [], at: null },
      body: { open: false, name: "", person: { email: 5 }, other: 1 },
    };
    expect(parse(inputs)).toEqual({ inputs, problems: [] });
  });

  test("rejects invalid JSON, other types than objects, unknown groups and missing required inputs", () => {
    expect(parseInputs(fields, "{").problems[0]).toMatch(/^Invalid JSON/);
    expect(parse([]).problems).toHaveLength(1);
    expect(parse({ elsewhere: {} }).problems).toEqual([
      "Unknown group elsewhere: use path, query, headers or body.",
      "path.id is required.",
      "body.open is required.",
      "body.person.email is required.",
    ]);
  });

  test("draftText includes invalid values as typed", () => {
    const text = draftText(fields, { [key("path", "id")]: "many", [key("body", "name")]: "abc" });
    expect(JSON.parse(text)).toEqual({ path: { id: "many" }, body: { open: false, name: "abc" } });
  });

  test("readInputs reports values that the form cannot represent", () => {
    expect(readInputs(fields, { query: { tags: [], at: null }, body: { name: "" } })).toEqual({
      values: {},
      unknown: ["query.tags", "query.at", "body.name"],
    });
  });
});

test("a timestamp round-trips through the browser's control", () => {
  const { values } = readInputs(fields, { query: { at: "2026-01-01T10:20:30Z" } });
  expect(values[key("query", "at")]).toMatch(/^2026-01-01T\d\d:20:30$/);
  expect(buildInputs(fields, values).inputs.query).toEqual({ at: "2026-01-01T10:20:30.000Z" });
});

test("sends options with their original types", () => {
  const numbers = formFields({
    properties: {
      query: {
        type: "object",
        properties: { size: { enum: [1, 2, null] }, all: { type: "array", items: { enum: [true, 3] } } },
      },
    },
  });
  const values = { [key("query", "size")]: "2", [key("query", "all")]: ["3", "true"] };
  expect(buildInputs(numbers, values).inputs).toEqual({ query: { size: 2, all: [3, true] } });
});

test("requests the next page with the type of the pagination input", () => {
  const paged = (type: string) =>
    formFields({ properties: { query: { type: "object", properties: { page: { type } } } } });
  expect(nextInputs(paged("integer"), { query: {} }, "2")).toEqual({ query: { page: 2 } });
  expect(nextInputs(paged("string"), {}, "2")).toEqual({ query: { page: "2" } });
  expect(nextInputs(paged("string"), {}, null)).toBeNull();
  expect(nextInputs([], {}, "2")).toBeNull();
});

describe("a list of objects", () => {
  const [rows, ids] = formFields({
    properties: {
      body: {
        type: "object",
        properties: {
          people: {
            type: "array",
            items: {
              type: "object",
              properties: {
                email: { type: "string", format: "email" },
                order: { type: "number", minimum: 1 },
                address: { type: "object", properties: { city: { type: "string" } } },
                links: { type: "array", items: { type: "object", properties: { to: { type: "string" } } } },
              },
              required: ["email"],
            },
          },
          ids: { type: "array", items: { type: "integer" } },
        },
      },
    },
  });
  if (rows === undefined || ids === undefined) throw new Error("the schema has two fields");
  const list = [rows, ids];
  const people = key("body", "people");

  test("has a form for each row, and JSON for lists inside rows", () => {
    expect(rows.columns.map((column) => [column.path.join("."), column.kind, column.required])).toEqual([
      ["email", "text", true],
      ["order", "number", false],
      ["address.city", "text", false],
      ["links", "json", false],
    ]);
    expect(ids.kind).toBe("numbers");
  });

  test("is sent as objects, and its problems name the row", () => {
    const filled = { [key("email")]: "a@b.test", [key("order")]: "2", [key("address", "city")]: "Bern" };
    expect(buildInputs(list, { [people]: [filled], [key("body", "ids")]: ["4"] })).toEqual({
      inputs: { body: { people: [{ email: "a@b.test", order: 2, address: { city: "Bern" } }], ids: [4] } },
      problems: {},
    });
    expect(buildInputs(list, { [people]: [filled, { [key("order")]: "0" }] }).problems).toEqual({
      [key("body", "people", "1", "email")]: "This is required.",
      [key("body", "people", "1", "order")]: "Enter 1 or more.",
    });
    const text = draftText(list, { [people]: [{ [key("order")]: "many" }] });
    expect(JSON.parse(text)).toEqual({ body: { people: [{ order: "many" }] } });
  });

  test("round-trips through JSON completely or is reported", () => {
    const body = { people: [{ email: "a@b.test", links: [{ to: "x" }] }], ids: [1, 2] };
    const { values, unknown } = readInputs(list, { body });
    expect(unknown).toEqual([]);
    expect(buildInputs(list, values).inputs).toEqual({ body });
    expect(readInputs(list, { body: { people: [{ email: "a@b.test", other: 1 }] } }).unknown).toEqual([
      "body.people",
    ]);
    expect(readInputs(list, { body: { people: ["text"] } }).unknown).toEqual(["body.people"]);
  });

  test("shows the server's problem at the cell", () => {
    const at = (path: string) => problemsByField(list, [{ path, message: "no" }]);
    expect(at("body.people[1].address.city").byField).toEqual({
      [key("body", "people", "1", "address", "city")]: "no.",
    });
    expect(at("body.people[1].other").byField).toEqual({ [people]: "no." });
    expect(at("body.people").byField).toEqual({ [people]: "no." });
  });
});

test("hintOf describes the constraints of a value", () => {
  const hint = (schema: Record<string, unknown>) => {
    const [field] = formFields({ properties: { query: { type: "object", properties: { it: schema } } } });
    return field === undefined ? "" : hintOf(field);
  };
  expect(hint({ type: "number", minimum: 1, maximum: 100 })).toBe("1 to 100");
  expect(hint({ type: "number", minimum: 1 })).toBe("1 or more");
  expect(hint({ type: "number", minimum: 1, maximum: 100, description: "At most 100." })).toBe("");
  expect(hint({ type: "string", format: "email", maxLength: 10 })).toBe(
    "an email address, at most 10 characters",
  );
  expect(hint({ type: "string", minLength: 1 })).toBe("");
  expect(hint({ type: "integer", default: 25 })).toBe("default: 25");
});

describe("a list of filters", () => {
  const items = {
    type: "object",
    properties: {
      field: { enum: ["name", "state"] },
      operator: { enum: ["eq", "in", "gt"] },
      value: { type: ["string", "number", "boolean", "array"] },
    },
    required: ["field", "operator", "value"],
    anyOf: [
      { properties: { field: { enum: ["name"] }, operator: { enum: ["eq", "in", "gt"] } } },
      {
        properties: {
          field: { enum: ["state"] },
          operator: { enum: ["eq"] },
          value: { enum: ["open", "shut"] },
        },
      },
      { properties: { field: { enum: ["state"] }, operator: { enum: ["in"] } } },
    ],
  };
  const query = { type: "object", properties: { filters: { type: "array", items } } };
  const [filters] = formFields({ type: "object", properties: { query } });
  if (filters === undefined) throw new Error("The form has no filters.");
  const columns = (row: Record<string, string>) =>
    columnsOf(filters, (column) => row[column.path.join(".")]).map(({ kind, options }) => [kind, options]);

  test("offers the operators of the chosen field and the values of the operator", () => {
    expect(columns({})).toEqual([
      ["enum", ["name", "state"]],
      ["enum", ["eq", "in", "gt"]],
      ["text", []],
    ]);
    expect(columns({ field: "state" })[1]).toEqual(["enum", ["eq", "in"]]);
    expect(columns({ field: "state", operator: "eq" })[2]).toEqual(["enum", ["open", "shut"]]);
    expect(columns({ field: "state", operator: "in" })[2]).toEqual(["text", []]);
    // The field can always be changed.
    expect(columns({ field: "name", operator: "gt" })[0]).toEqual(["enum", ["name", "state"]]);
  });

  test("differs from other lists of objects", () => {
    const list = (names: string[]) => {
      const properties = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
      const rows = { type: "array", items: { type: "object", properties } };
      const group = { type: "object", properties: { rows } };
      return formFields({ type: "object", properties: { query: group } }).map(isFilterList);
    };
    expect(isFilterList(filters)).toBe(true);
    expect(list(["value", "field", "operator"])).toEqual([true]);
    expect(list(["field", "operator", "value", "unit"])).toEqual([false]);
    expect(list(["field", "operator", "values"])).toEqual([false]);
    expect(list(["name"])).toEqual([false]);
  });

  test("sends one object per row", () => {
    const row = { [key("field")]: "name", [key("operator")]: "in", [key("value")]: "a,b" };
    expect(buildInputs([filters], { [key("query", "filters")]: [row] })).toEqual({
      inputs: { query: { filters: [{ field: "name", operator: "in", value: "a,b" }] } },
      problems: {},
    });
  });

  test("does not turn a list of values into text", () => {
    const inputs = { query: { filters: [{ field: "name", operator: "in", value: ["a", "b"] }] } };
    expect(readInputs([filters], inputs)).toEqual({ values: {}, unknown: ["query.filters"] });
  });
});
