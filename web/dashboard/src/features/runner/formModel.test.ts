import { describe, expect, test } from "vitest";
import {
  buildInputs,
  draftText,
  formFields,
  keyOf,
  nextInputs,
  parseInputs,
  problemsByField,
  readInputs,
} from "./formModel.ts";

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

test("every shape has its control, and required ones come first", () => {
  const kinds = Object.fromEntries(fields.map((field) => [field.path.join("."), field.kind]));
  expect(kinds).toEqual({
    "path.id": "number",
    "query.kind": "enum",
    "query.since": "date",
    "query.at": "date-time",
    "query.tags": "texts",
    "query.states": "choices",
    "body.open": "boolean",
    "body.name": "text",
    "body.text": "long",
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

describe("what is sent", () => {
  test("is what was filled in, as its type", () => {
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

  test("is refused with a sentence for each field", () => {
    const { problems } = buildInputs(fields, {
      [key("path", "id")]: "0",
      [key("body", "name")]: "A",
      [key("body", "rows")]: "[",
      [key("query", "at")]: "never",
    });
    expect(problems[key("path", "id")]).toBe("This must be 1 or more.");
    expect(problems[key("body", "person", "email")]).toBe("This is required.");
    expect(problems[key("body", "name")]).toBe("This must have at least 2 characters.");
    expect(problems[key("body", "rows")]).toMatch(/^This must be JSON/);
    expect(problems[key("query", "at")]).toBe("This must be a date and a time.");
    expect(buildInputs(fields, { [key("path", "id")]: "1.5" }).problems[key("path", "id")]).toMatch(/whole/);
  });

  test("comes back from JSON as it was", () => {
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

test("what the form has no control for is told", () => {
  expect(readInputs(fields, { path: { other: 1 }, elsewhere: 2 }).unknown).toEqual([
    "path.other",
    "elsewhere",
  ]);
  expect(readInputs(fields, "text")).toEqual({ values: {}, unknown: [] });
});

test("the server's problems stand beside their fields", () => {
  const { byField, rest } = problemsByField(fields, [
    { path: "body.rows[0].order", message: "rows" },
    { path: "body.person.email", message: "email" },
    { path: "account", message: "elsewhere" },
  ]);
  expect(byField).toEqual({ [key("body", "rows")]: "rows", [key("body", "person", "email")]: "email" });
  expect(rest).toEqual(["account: elsewhere"]);
});

test("a group without members of its own is one object", () => {
  const [field] = formFields({ properties: { body: { type: "object" } } });
  expect([field?.path, field?.kind]).toEqual([["body"], "json"]);
  expect(buildInputs(field ? [field] : [], {}).problems).toEqual({});
});

describe("what is written as JSON", () => {
  const written = (inputs: unknown) => parseInputs(fields, JSON.stringify(inputs));
  test("is sent exactly as it is", () => {
    const inputs = {
      path: { id: "7" },
      query: { tags: [], at: null },
      body: { open: false, name: "", person: { email: 5 }, other: 1 },
    };
    expect(written(inputs)).toEqual({ inputs, problems: [] });
  });

  test("is refused when it is no JSON, no object, or lacks what is required", () => {
    expect(parseInputs(fields, "{").problems[0]).toMatch(/^This is not JSON/);
    expect(written([]).problems).toHaveLength(1);
    expect(written({ elsewhere: {} }).problems).toEqual([
      "elsewhere is none of path, query, headers and body.",
      "path.id is required.",
      "body.open is required.",
      "body.person.email is required.",
    ]);
  });

  test("begins with what is in the form, also with what means nothing yet", () => {
    const text = draftText(fields, { [key("path", "id")]: "many", [key("body", "name")]: "abc" });
    expect(JSON.parse(text)).toEqual({ path: { id: "many" }, body: { open: false, name: "abc" } });
  });

  test("tells what the form cannot hold", () => {
    expect(readInputs(fields, { query: { tags: [], at: null }, body: { name: "" } })).toEqual({
      values: {},
      unknown: ["query.tags", "query.at", "body.name"],
    });
  });
});

test("a moment stands in the browser's control and comes back as the same moment", () => {
  const { values } = readInputs(fields, { query: { at: "2026-01-01T10:20:30Z" } });
  expect(values[key("query", "at")]).toMatch(/^2026-01-01T\d\d:20:30$/);
  expect(buildInputs(fields, values).inputs.query).toEqual({ at: "2026-01-01T10:20:30.000Z" });
});

test("options that are not text are sent as what they are", () => {
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

test("the next page is asked for as its input's type", () => {
  const paged = (type: string) =>
    formFields({ properties: { query: { type: "object", properties: { page: { type } } } } });
  expect(nextInputs(paged("integer"), { query: {} }, "2")).toEqual({ query: { page: 2 } });
  expect(nextInputs(paged("string"), {}, "2")).toEqual({ query: { page: "2" } });
  expect(nextInputs(paged("string"), {}, null)).toBeNull();
  expect(nextInputs([], {}, "2")).toBeNull();
});
