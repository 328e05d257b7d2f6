/** The filters of the list of logs. They are part of the page's address, so that a view can be shared. */

import type { LogConditions } from "../../api/logs.ts";

/** The ID of a log or of the caller's HTTP request: it is looked up, not searched in texts. */
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const MAX_FILTER_LENGTH = 200;
const HOUR_MS = 3_600_000;

/** The periods that end now, with their lengths. */
export const PERIODS = {
  hour: { label: "Last hour", ms: HOUR_MS },
  day: { label: "Last 24 hours", ms: 24 * HOUR_MS },
  week: { label: "Last 7 days", ms: 7 * 24 * HOUR_MS },
  month: { label: "Last 30 days", ms: 30 * 24 * HOUR_MS },
} as const;

export type Period = keyof typeof PERIODS;

export interface LogFilters {
  period?: Period;
  /** The earliest and the latest start, as RFC 3339. A period takes their place. */
  from?: string;
  to?: string;
  connector?: string;
  action?: string;
  account?: string;
  /** `success`, `failure`, or a status. */
  result?: string;
  source?: string;
  kind?: "action" | "unified";
  q?: string;
  /** The log that the drawer shows; not a filter. */
  run?: string;
}

const text = (value: unknown): string | undefined => {
  const string = typeof value === "number" ? String(value) : value;
  return typeof string === "string" && string.trim() !== ""
    ? string.trim().slice(0, MAX_FILTER_LENGTH)
    : undefined;
};

const moment = (value: unknown): string | undefined => {
  const date = new Date(typeof value === "string" ? value : Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
};

const isResult = (value: string): boolean =>
  value === "success" || value === "failure" || /^\d{3}$/.test(value);

/** Returns the filters of an address's query; invalid values are ignored. */
export function parseLogFilters(search: Record<string, unknown>): LogFilters {
  const filters: LogFilters = {};
  if (typeof search.period === "string" && Object.hasOwn(PERIODS, search.period)) {
    filters.period = search.period as Period;
  } else {
    const from = moment(search.from);
    if (from !== undefined) filters.from = from;
    const to = moment(search.to);
    if (to !== undefined) filters.to = to;
  }
  for (const name of ["connector", "action", "account", "source", "q", "run"] as const) {
    const value = text(search[name]);
    if (value !== undefined) filters[name] = value;
  }
  const result = text(search.result);
  if (result !== undefined && isResult(result)) filters.result = result;
  if (search.kind === "action" || search.kind === "unified") filters.kind = search.kind;
  return filters;
}

/** Returns the filters with a change applied. An empty value removes a filter. */
export const changeLogFilter = (filters: LogFilters, change: Record<string, unknown>): LogFilters =>
  parseLogFilters({ ...filters, ...change });

/** Returns the filters without the log that the drawer shows. */
export function withoutRun({ run: _, ...filters }: LogFilters): LogFilters {
  return filters;
}

/** Returns the number of filters that are set; the two ends of a time count as one. */
export function countFilters(filters: LogFilters): number {
  const { from, to, ...others } = withoutRun(filters);
  return Object.keys(others).length + (from !== undefined || to !== undefined ? 1 : 0);
}

/** Returns the conditions of the API. A period is counted back from `now`. */
export function toConditions(filters: LogFilters, now: Date): LogConditions {
  const { period, from, to, connector, action, account, result, source, kind, q } = filters;
  const start = period === undefined ? from : new Date(now.getTime() - PERIODS[period].ms).toISOString();
  return {
    ...(start === undefined ? {} : { start_time: start }),
    ...(period !== undefined || to === undefined ? {} : { end_time: to }),
    ...(connector === undefined ? {} : { connector_key: [connector] }),
    ...(action === undefined ? {} : { action_id: [action] }),
    ...(account === undefined ? {} : { account_secure_id: [account] }),
    ...(result === undefined ? {} : resultCondition(result)),
    ...(source === undefined ? {} : { source_type: [source] }),
    ...(kind === undefined ? {} : { log_type: [kind] }),
    ...(q === undefined ? {} : UUID.test(q) ? { request_id: [q] } : { message: q }),
  };
}

const resultCondition = (result: string): LogConditions =>
  result === "success" || result === "failure"
    ? { success: result === "success" }
    : { status_code: [result] };

/** Returns a moment as the value of a field for the reader's local date and time. */
export function toLocalField(at: string | undefined): string {
  if (at === undefined) return "";
  const date = new Date(at);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}
