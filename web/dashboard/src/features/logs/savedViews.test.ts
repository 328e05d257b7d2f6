import { expect, test } from "vitest";
import { isSameView, MAX_NAME_LENGTH, MAX_VIEWS, parseViews, withView } from "./savedViews.ts";

test("views survive being stored, without the log that was open", () => {
  const stored = JSON.stringify([
    { name: " Slow ", filters: { result: "failure", period: "day", run: "x" } },
  ]);
  expect(parseViews(stored)).toEqual([{ name: "Slow", filters: { result: "failure", period: "day" } }]);
});

test.each([
  undefined,
  "",
  "nonsense",
  "{}",
  "null",
  "[null, 1, {}]",
  '[{"name":" ","filters":{}}]',
  '[{"name":"a"}]',
])("nothing is taken from %s", (text) => {
  expect(parseViews(text)).toEqual([]);
});

test("unknown filters, long names and too many views are left out", () => {
  const [view] = parseViews(
    JSON.stringify([{ name: "n".repeat(500), filters: { result: "sideways", evil: 1, q: "late" } }]),
  );
  expect(view?.name).toHaveLength(MAX_NAME_LENGTH);
  expect(view?.filters).toEqual({ q: "late" });
  const many = Array.from({ length: MAX_VIEWS + 1 }, (_, number) => ({
    name: `View ${number}`,
    filters: {},
  }));
  expect(parseViews(JSON.stringify(many))).toHaveLength(MAX_VIEWS);
});

test("a view takes the place of one with its name", () => {
  const first = withView([], { name: "b", filters: { q: "old" } });
  const both = withView(first, { name: "a", filters: {} });
  expect(both.map(({ name }) => name)).toEqual(["a", "b"]);
  expect(withView(both, { name: "b", filters: { q: "new" } })).toEqual([
    { name: "a", filters: {} },
    { name: "b", filters: { q: "new" } },
  ]);
});

test("the order of filters and the open log do not make another view", () => {
  expect(isSameView({ q: "a", result: "failure" }, { result: "failure", q: "a", run: "x" })).toBe(true);
  expect(isSameView({ q: "a" }, { q: "b" })).toBe(false);
  expect(isSameView({}, { q: "b" })).toBe(false);
});
