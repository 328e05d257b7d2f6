import { expect, test } from "vitest";
import { clockTime, exactTime, preciseTime, relativeTime } from "./time.ts";

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

test("the day is left out today, and the year this year", () => {
  const local = (day: number, year = 2026) => new Date(year, 0, day, 9, 5, 7).toISOString();
  expect(clockTime(local(15), new Date(2026, 0, 15, 23))).toMatch(/^9:05:07\sAM$/);
  expect(clockTime(local(14), new Date(2026, 0, 15))).toMatch(/^Jan 14, 9:05:07\sAM$/);
  expect(clockTime(local(14, 2025), new Date(2026, 0, 15))).toMatch(/^Jan 14, 2025, 9:05:07\sAM$/);
  expect(clockTime("invalid", now)).toBe("invalid");
});

test("the precise time has milliseconds and a time zone", () => {
  expect(preciseTime("2026-01-15T12:00:00.042Z")).toMatch(/2026.*:00\.042\s(AM|PM) \S+$/);
  expect(preciseTime("invalid")).toBe("invalid");
});
