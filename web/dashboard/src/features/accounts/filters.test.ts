import { expect, test } from "vitest";
import { changeFilter, hasFilters, parseFilters } from "./filters.ts";

test("parses the address and ignores invalid values", () => {
  expect(
    parseFilters({ search: " acme ", status: "active", type: "test", page: "3", connector: 5, other: "x" }),
  ).toEqual({ search: " acme ", status: "active", type: "test", page: 3, connector: "5" });
  expect(parseFilters({ status: "reconnect_due" })).toEqual({ status: "reconnect_due" });
  expect(parseFilters({ search: "  ", status: "wrong", type: "x", page: "-1", connector: {} })).toEqual({});
});

test("changing a filter goes back to the first page", () => {
  expect(changeFilter({ search: "a", page: 4 }, { status: "error" })).toEqual({
    search: "a",
    status: "error",
  });
  expect(changeFilter({ search: "a", status: "error" }, { status: null })).toEqual({ search: "a" });
  expect(changeFilter({ search: "a" }, { page: 2 })).toEqual({ search: "a", page: 2 });
});

test("a page number is not a filter", () => {
  expect(hasFilters({ page: 2 })).toBe(false);
  expect(hasFilters({ type: "test" })).toBe(true);
});
