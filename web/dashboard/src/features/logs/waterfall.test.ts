import { expect, test } from "vitest";
import { attemptWith, logWith, stepWith } from "./testing.ts";
import { waterfallOf } from "./waterfall.ts";

test("steps and their requests are placed on the time of the run", () => {
  const retried = stepWith({
    attempts: [
      attemptWith({ status_code: 503, duration_ms: 50 }),
      attemptWith({ status_code: null, message: "timed out", start_time: "2026-01-15T10:30:00.100Z" }),
    ],
  });
  const skipped = stepWith({
    step_index: 1,
    step_id: null,
    skipped: true,
    status_code: 0,
    step_iterations: 3,
  });
  const bars = waterfallOf(logWith(), [retried, skipped]);
  expect(bars.map(({ label, outcome, status }) => [label, outcome, status])).toEqual([
    ["1. list (request)", "success", 200],
    ["GET https://api.example.com/contracts", "failure", 503],
    ["GET https://api.example.com/contracts", "failure", null],
    ["2. request × 3", "skipped", null],
  ]);
  expect(bars.map(({ left, width }) => [left, width])).toEqual([
    [0, 80],
    [25, 25],
    [50, 50],
    [0, 80],
  ]);
});

test("requests of a raw request belong to no step", () => {
  const [bar] = waterfallOf(logWith({ log_type: "unified" }), [], [attemptWith()]);
  expect(bar).toMatchObject({ kind: "request", startMs: 50, left: 25, width: 50 });
});

test("bars stay within the whole, however short or late", () => {
  const late = stepWith({ start_time: "2026-01-15T10:30:01.000Z", duration_ms: 0 });
  const early = stepWith({ step_index: 1, start_time: "2026-01-15T10:29:59.000Z", duration_ms: 0.001 });
  for (const { left, width } of waterfallOf(logWith({ duration_ms: 0 }), [late, early])) {
    expect(left).toBeGreaterThanOrEqual(0);
    expect(width).toBeGreaterThan(0);
    expect(left + width).toBeLessThanOrEqual(100);
  }
  expect(waterfallOf(logWith({ duration_ms: 0 }), [])).toEqual([]);
});
