import { expect, test } from "vitest";
import { intervalLabel, intervalsOf, PERIOD_NAMES, PERIODS, parsePeriod, startOf } from "./periods.ts";

const NOW = new Date("2026-03-01T13:45:10.500Z");

test("intervals begin at whole hours and days of UTC, and the last one contains the present", () => {
  const ends = (period: (typeof PERIOD_NAMES)[number]) => {
    const all = intervalsOf(period, NOW).map((start) => start.toISOString());
    return [all.length, all[0], all.at(-1)];
  };
  expect(ends("24h")).toEqual([24, "2026-02-28T14:00:00.000Z", "2026-03-01T13:00:00.000Z"]);
  expect(ends("7d")).toEqual([28, "2026-02-22T18:00:00.000Z", "2026-03-01T12:00:00.000Z"]);
  expect(ends("30d")).toEqual([30, "2026-01-31T00:00:00.000Z", "2026-03-01T00:00:00.000Z"]);
  for (const period of PERIOD_NAMES) expect(startOf(period, NOW)).toEqual(intervalsOf(period, NOW)[0]);
});

test("an interval that begins now is the last one", () => {
  const hour = new Date("2026-03-01T18:00:00.000Z");
  for (const period of ["24h", "7d"] as const) expect(intervalsOf(period, hour).at(-1)).toEqual(hour);
  const day = new Date("2026-03-01T00:00:00.000Z");
  for (const period of PERIOD_NAMES) expect(intervalsOf(period, day).at(-1)).toEqual(day);
});

test("an address names a known period, or none", () => {
  for (const period of PERIOD_NAMES) expect(parsePeriod({ period })).toEqual({ period });
  for (const period of ["", "1y", 7, null, undefined, ["7d"], "toString"]) {
    expect(parsePeriod({ period })).toEqual({});
  }
});

test("days are named in UTC", () => {
  const [start = NOW] = intervalsOf("30d", NOW);
  expect(intervalLabel("30d", start)).toBe("Jan 31");
});

test("the names of a day's hours and of a month's days are distinct", () => {
  for (const period of PERIOD_NAMES) {
    const labels = intervalsOf(period, NOW).map((start) => intervalLabel(period, start));
    expect(new Set(labels).size, period).toBe(PERIODS[period].count);
  }
});
