import { expect, test } from "vitest";
import type { CallCounts } from "../../api/callStats.ts";
import { byConnector, count, failureRate, pointsOf } from "./series.ts";

const NOW = new Date("2026-03-01T13:45:00Z");

const row = (part: Partial<CallCounts>, p95 = 120): CallCounts => ({
  dimensions: {},
  requests: 1,
  errors: 0,
  duration_ms: { avg: 1, p50: 1, p95, p99: 1 },
  ...part,
});

test("intervals without calls have a point without a duration", () => {
  const points = pointsOf("24h", [row({ time: "2026-03-01T12:00:00Z", requests: 10, errors: 4 })], NOW);
  expect(points).toHaveLength(24);
  expect(points.at(-2)).toMatchObject({ calls: 10, succeeded: 6, failed: 4, p95: 120 });
  expect(points.at(-1)).toMatchObject({ calls: 0, succeeded: 0, failed: 0, p95: null });
});

test("calls outside of the period are left out", () => {
  const rows = [row({ time: "2026-02-20T00:00:00Z" }), row({ time: "2026-03-02T00:00:00Z" }), row({})];
  expect(pointsOf("24h", rows, NOW).every(({ calls }) => calls === 0)).toBe(true);
});

test("connectors with most calls are first, and calls without a connector are kept", () => {
  const rows = [
    row({ dimensions: { connector_key: "b" }, requests: 2 }),
    row({ dimensions: { connector_key: null }, requests: 5, errors: 1 }),
    row({ dimensions: { connector_key: "a" }, requests: 2 }),
  ];
  expect(byConnector(rows).map(({ connector, calls, failed }) => [connector, calls, failed])).toEqual([
    [null, 5, 1],
    ["a", 2, 0],
    ["b", 2, 0],
  ]);
});

test("a rate never shows some failures as none, or some successes as none", () => {
  const rates = [
    [0, 0, "0 %"],
    [10, 0, "0 %"],
    [10, 10, "100 %"],
    [1000, 25, "2.5 %"],
    [100_000, 1, "<0.1 %"],
    [100_000, 99_999, ">99.9 %"],
    [3, 1, "33.3 %"],
  ] as const;
  for (const [calls, failed, text] of rates) expect(failureRate(calls, failed)).toBe(text);
});

test("numbers have separators", () => {
  expect(count(1_234_567)).toBe("1,234,567");
});
