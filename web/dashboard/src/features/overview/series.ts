/** Calls over time and by connector, as the overview shows them. */

import type { CallCounts } from "../../api/callStats.ts";
import { intervalLabel, intervalsOf, type Period } from "./periods.ts";

/** The calls of one interval. */
export interface Point {
  /** When it begins. */
  time: string;
  label: string;
  calls: number;
  succeeded: number;
  failed: number;
  /** Null without calls. */
  p95: number | null;
}

/** Returns one point for each interval of the period. The server leaves out intervals without calls. */
export function pointsOf(period: Period, rows: CallCounts[], now: Date): Point[] {
  const found = new Map(rows.map((row) => [new Date(row.time ?? "").getTime(), row]));
  return intervalsOf(period, now).map((start) => {
    const row = found.get(start.getTime());
    const calls = row?.requests ?? 0;
    const failed = row?.errors ?? 0;
    return {
      time: start.toISOString(),
      label: intervalLabel(period, start),
      calls,
      succeeded: calls - failed,
      failed,
      p95: row === undefined ? null : row.duration_ms.p95,
    };
  });
}

/** The calls with one connector. */
export interface ConnectorCalls {
  /** The connector's key; null for calls without one. */
  connector: string | null;
  calls: number;
  failed: number;
  p95: number;
}

/** Returns the calls by connector, most calls first. */
export const byConnector = (rows: CallCounts[]): ConnectorCalls[] =>
  rows
    .map(({ dimensions, requests, errors, duration_ms: { p95 } }) => ({
      connector: typeof dimensions.connector_key === "string" ? dimensions.connector_key : null,
      calls: requests,
      failed: errors,
      p95,
    }))
    .sort(
      (one, other) => other.calls - one.calls || (one.connector ?? "").localeCompare(other.connector ?? ""),
    );

const countFormat = new Intl.NumberFormat("en");

/** Returns a number with separators: "12,345". */
export const count = (value: number): string => countFormat.format(value);

/** Returns the part of the calls that failed: "0 %", "2.5 %", "<0.1 %". A part is never shown as none or all. */
export function failureRate(calls: number, failed: number): string {
  if (calls === 0 || failed === 0) return "0 %";
  if (failed >= calls) return "100 %";
  const percent = (failed / calls) * 100;
  if (percent < 0.1) return "<0.1 %";
  if (percent > 99.9) return ">99.9 %";
  return `${Number(percent.toFixed(1))} %`;
}
