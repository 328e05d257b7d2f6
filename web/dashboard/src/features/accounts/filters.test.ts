import { expect, test } from "vitest";
import { isNarrowed, parseFilters, withFilter } from "./filters.ts";

test("an address is read, and nonsense left out", () => {
  expect(
    parseFilters({ search: " acme ", status: "active", type: "test", page: "3", connector: 5, other: "x" }),
  ).toEqual({ search: " acme ", status: "active", type: "test", page: 3, connector: "5" });
  expect(parseFilters({ status: "relink_due" })).toEqual({ status: "relink_due" });
  expect(parseFilters({ search: "  ", status: "wrong", type: "x", page: "-1", connector: {} })).toEqual({});
});

test("another filter begins at the first page", () => {
  expect(withFilter({ search: "a", page: 4 }, { status: "error" })).toEqual({ search: "a", status: "error" });
  expect(withFilter({ search: "a", status: "error" }, { status: null })).toEqual({ search: "a" });
  expect(withFilter({ search: "a" }, { page: 2 })).toEqual({ search: "a", page: 2 });
});

test("a page alone narrows nothing", () => {
  expect(isNarrowed({ page: 2 })).toBe(false);
  expect(isNarrowed({ type: "test" })).toBe(true);
});
