import { expect, test } from "vitest";
import {
  changeLogFilter,
  countFilters,
  parseLogFilters,
  toConditions,
  toLocalField,
  withoutRun,
} from "./filters.ts";

const NOW = new Date("2026-01-15T12:00:00.000Z");

test("an address's query becomes filters, and what is invalid is ignored", () => {
  expect(
    parseLogFilters({
      period: "week",
      from: "2026-01-01T00:00:00Z",
      connector: "spotdraft",
      action: " spotdraft_list_contracts ",
      account: 42,
      result: 429,
      source: "mcp",
      kind: "unified",
      q: "x".repeat(300),
      run: "018f3b2c-7e1a-7c3d-9b4e-2f6a8d0c1e5f",
      other: "z",
    }),
  ).toEqual({
    period: "week",
    connector: "spotdraft",
    action: "spotdraft_list_contracts",
    account: "42",
    result: "429",
    source: "mcp",
    kind: "unified",
    q: "x".repeat(200),
    run: "018f3b2c-7e1a-7c3d-9b4e-2f6a8d0c1e5f",
  });
  expect(
    parseLogFilters({ period: "toString", from: "soon", to: 7, result: "maybe", kind: "platform", q: " " }),
  ).toEqual({});
});

test("a change keeps the other filters, and an empty value removes one", () => {
  const filters = parseLogFilters({ connector: "a", result: "failure", from: "2026-01-01T00:00:00Z" });
  expect(changeLogFilter(filters, { connector: null, q: "late" })).toEqual({
    result: "failure",
    from: "2026-01-01T00:00:00.000Z",
    q: "late",
  });
  expect(changeLogFilter(filters, { period: "day" })).toEqual({
    period: "day",
    connector: "a",
    result: "failure",
  });
});

test("the open log does not count as a filter, and two ends are one", () => {
  expect(countFilters({ run: "1" })).toBe(0);
  expect(countFilters({ from: "a", to: "b", q: "c", run: "1" })).toBe(2);
  expect(withoutRun({ q: "c", run: "1" })).toEqual({ q: "c" });
});

test.each([
  [{}, {}],
  [{ period: "hour" as const }, { start_time: "2026-01-15T11:00:00.000Z" }],
  [
    { from: "2026-01-01T00:00:00.000Z", to: "2026-01-02T00:00:00.000Z" },
    { start_time: "2026-01-01T00:00:00.000Z", end_time: "2026-01-02T00:00:00.000Z" },
  ],
  [{ result: "failure" }, { success: false }],
  [{ result: "success" }, { success: true }],
  [{ q: "018F3B2C-7e1a-7c3d-9b4e-2f6a8d0c1e5f" }, { request_id: ["018F3B2C-7e1a-7c3d-9b4e-2f6a8d0c1e5f"] }],
  [{ q: "018f3b2c-7e1a" }, { message: "018f3b2c-7e1a" }],
  [{ result: "502" }, { status_code: ["502"] }],
  [
    { connector: "a", action: "b", account: "c", source: "api", kind: "action" as const, q: "d" },
    {
      connector_key: ["a"],
      action_id: ["b"],
      account_secure_id: ["c"],
      source_type: ["api"],
      log_type: ["action"],
      message: "d",
    },
  ],
])("%j becomes %j", (filters, conditions) => {
  expect(toConditions(filters, NOW)).toEqual(conditions);
});

test("the fields for times have the reader's own time", () => {
  expect(toLocalField(undefined)).toBe("");
  const field = toLocalField("2026-01-15T12:34:00.000Z");
  expect(field).toMatch(/^2026-01-1[456]T\d\d:\d\d$/);
  expect(new Date(field).toISOString()).toBe("2026-01-15T12:34:00.000Z");
});
