/**
 * What is copied for a support request: what happened, and where, without secrets and without what tells about people. It
 * names each member that it takes, so that a member that a newer server adds is left out.
 */

import type { AdvancedLog, StepLog } from "../../api/logs.ts";
import { formatDuration } from "./duration.ts";
import { type Bar, waterfallOf } from "./waterfall.ts";

/** Returns an address without user, query and fragment, where secrets would be. */
export function bareAddress(url: string): string {
  return url.replace(/[?#].*$/s, "").replace(/([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, "$1");
}

const resultOf = ({ outcome, status }: Bar): string =>
  outcome === "skipped" ? "skipped" : status === null ? "no response" : String(status);

const lineOf = (bar: Bar): string => {
  const indent = bar.kind === "step" ? "" : "  ";
  const message = bar.message === null ? "" : `: ${bar.message}`;
  const timing = `at ${formatDuration(bar.startMs)}, took ${formatDuration(bar.durationMs)}`;
  return `${indent}${bareAddress(bar.label)} → ${resultOf(bar)} (${timing})${message}`;
};

/** Returns the text for a log. */
export function supportText(log: AdvancedLog, steps: StepLog[], isRaw: boolean): string {
  const facts: [string, string | null][] = [
    ["Log", log.log_id],
    ["Request", log.request_id],
    ["Time", log.start_time],
    ["Connector", [log.connector_key, log.connector_version].filter((part) => part !== null).join(" ")],
    ["Action", log.action_id],
    ["Account", log.account_id],
    ["Source", log.source_type],
    ["Status", String(log.status_code)],
    ["Error", log.error_code],
    ["Message", log.message],
    ["Duration", formatDuration(log.duration_ms)],
  ];
  const bars = waterfallOf(log, steps, isRaw ? log.provider_requests : []);
  return [
    ...facts.flatMap(([name, value]) => (value ? [`${name}: ${value}`] : [])),
    ...bars.map(lineOf),
    ...(log.steps_left_out === 0 ? [] : [`${log.steps_left_out} further steps were not kept`]),
  ].join("\n");
}
