/** The periods of the overview and their intervals, which begin at whole hours and days of UTC, as those of the server. */

const HOUR_MS = 3_600_000;

export const PERIODS = {
  "24h": { label: "24 hours", interval: "hour", length: 1, hours: 1, count: 24 },
  "7d": { label: "7 days", interval: "hour", length: 6, hours: 6, count: 28 },
  "30d": { label: "30 days", interval: "day", length: 1, hours: 24, count: 30 },
} as const;

export type Period = keyof typeof PERIODS;

export const PERIOD_NAMES = Object.keys(PERIODS) as Period[];

export const DEFAULT_PERIOD: Period = "24h";

/** Returns the period of an address's query; invalid values are ignored. */
export function parsePeriod(search: Record<string, unknown>): { period?: Period } {
  const period = PERIOD_NAMES.find((name) => name === search.period);
  return period === undefined ? {} : { period };
}

/** Returns the beginnings of a period's intervals, oldest first; the last one contains `now`. */
export function intervalsOf(period: Period, now: Date): Date[] {
  const { hours, count } = PERIODS[period];
  const length = hours * HOUR_MS;
  const last = Math.floor(now.getTime() / length) * length;
  return Array.from({ length: count }, (_, at) => new Date(last - (count - 1 - at) * length));
}

/** Returns the beginning of a period that ends at `now`. */
export const startOf = (period: Period, now: Date): Date => intervalsOf(period, now)[0] ?? now;

/** Returns the short name of an interval: the hour in the browser's time zone, or the day in UTC. */
export function intervalLabel(period: Period, start: Date): string {
  if (period === "30d") {
    return start.toLocaleDateString("en", { month: "short", day: "numeric", timeZone: "UTC" });
  }
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  return period === "24h"
    ? start.toLocaleTimeString("en", time)
    : start.toLocaleString("en", { weekday: "short", ...time });
}
