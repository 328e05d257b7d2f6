import { describe, expect, test } from "vitest";
import { buildInputs, formFields, keyOf, problemsByField, readInputs } from "./formModel.ts";

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
  expect(rest).toEqual(["elsewhere"]);
});

test("a group without members of its own is one object", () => {
  const [field] = formFields({ properties: { body: { type: "object" } } });
  expect([field?.path, field?.kind]).toEqual([["body"], "json"]);
  expect(buildInputs(field ? [field] : [], {}).problems).toEqual({});
});
