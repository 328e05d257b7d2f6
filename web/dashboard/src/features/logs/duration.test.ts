import { expect, test } from "vitest";
import { formatDuration } from "./duration.ts";

test.each([
  [0, "0 ms"],
  [0.42, "0.4 ms"],
  [9.96, "10 ms"],
  [120.4, "120 ms"],
  [999.7, "1 s"],
  [1_250, "1.25 s"],
  [59_999, "1 min 0 s"],
  [125_000, "2 min 5 s"],
])("%f milliseconds are %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
