import { describe, expect, test } from "vitest";
import { formFields, hintOf, keyOf } from "./fields.ts";
import { buildInputs, draftText, parseInputs, readInputs } from "./formModel.ts";
import { nextInputs } from "./nextPage.ts";
import { problemsByField } from "./problems.ts";

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

  test("has a form for each row, but none for rows inside rows", () => {
    expect(rows.columns.map((column) => [column.path.join("."), column.kind, column.required])).toEqual([
      ["email", "text", true],
      ["order", "number", false],
      ["address.city", "text", false],
      ["links", "json", false],
    ]);
    expect(ids.kind).toBe("numbers");
  });

  test("is sent as objects, and names the row of what is wrong", () => {
    const filled = { [key("email")]: "a@b.test", [key("order")]: "2", [key("address", "city")]: "Bern" };
    expect(buildInputs(list, { [people]: [filled], [key("body", "ids")]: ["4"] })).toEqual({
      inputs: { body: { people: [{ email: "a@b.test", order: 2, address: { city: "Bern" } }], ids: [4] } },
      problems: {},
    });
    expect(buildInputs(list, { [people]: [filled, { [key("order")]: "0" }] }).problems).toEqual({
      [key("body", "people", "1", "email")]: "This is required.",
      [key("body", "people", "1", "order")]: "This must be 1 or more.",
    });
    const text = draftText(list, { [people]: [{ [key("order")]: "many" }] });
    expect(JSON.parse(text)).toEqual({ body: { people: [{ order: "many" }] } });
  });

  test("comes back from JSON whole, or is told", () => {
    const body = { people: [{ email: "a@b.test", links: [{ to: "x" }] }], ids: [1, 2] };
    const { values, unknown } = readInputs(list, { body });
    expect(unknown).toEqual([]);
    expect(buildInputs(list, values).inputs).toEqual({ body });
    expect(readInputs(list, { body: { people: [{ email: "a@b.test", other: 1 }] } }).unknown).toEqual([
      "body.people",
    ]);
    expect(readInputs(list, { body: { people: ["text"] } }).unknown).toEqual(["body.people"]);
  });

  test("shows the server's problem in its cell", () => {
    const at = (path: string) => problemsByField(list, [{ path, message: "no" }]);
    expect(at("body.people[1].address.city").byField).toEqual({
      [key("body", "people", "1", "address", "city")]: "no",
    });
    expect(at("body.people[1].other").byField).toEqual({ [people]: "no" });
    expect(at("body.people").byField).toEqual({ [people]: "no" });
  });
});

test("what a value must be is told in a few words", () => {
  const hint = (schema: Record<string, unknown>) => {
    const [field] = formFields({ properties: { query: { type: "object", properties: { it: schema } } } });
    return field === undefined ? "" : hintOf(field);
  };
  expect(hint({ type: "number", minimum: 1, maximum: 100 })).toBe("1 to 100");
  expect(hint({ type: "number", minimum: 1 })).toBe("1 or more");
  expect(hint({ type: "number", minimum: 1, maximum: 100, description: "At most 100." })).toBe("");
  expect(hint({ type: "string", format: "email", maxLength: 10 })).toBe(
    "an e-mail address, at most 10 characters",
  );
  expect(hint({ type: "string", minLength: 1 })).toBe("");
  expect(hint({ type: "integer", default: 25 })).toBe("25 when empty");
});
