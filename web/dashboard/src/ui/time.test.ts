import { expect, test } from "vitest";
import { exactTime, relativeTime } from "./time.ts";

const now = new Date("2026-01-15T12:00:00Z");

test.each([
  ["2026-01-15T11:59:30Z", "just now"],
  ["2026-01-15T11:58:00Z", "2 minutes ago"],
  ["2026-01-15T09:00:00Z", "3 hours ago"],
  ["2026-01-14T11:00:00Z", "yesterday"],
  ["2025-11-15T11:00:00Z", "2 months ago"],
  ["2026-01-15T14:30:00Z", "in 2 hours"],
  ["invalid", "invalid"],
])("formats %s as %s", (moment, expected) => {
  expect(relativeTime(moment, now)).toBe(expected);
});

test("returns an invalid timestamp unchanged", () => {
  expect(exactTime("invalid")).toBe("invalid");
});
