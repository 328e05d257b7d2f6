/** Counts of calls over time and by connector, and the newest calls that failed. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { PERIODS, type Period, startOf } from "../features/overview/periods.ts";
import { api, dataOf, type Schemas } from "./client.ts";

export type CallStats = Schemas["LogAggregates"];
/** The calls of one group in one interval. */
export type CallCounts = Schemas["LogAggregate"];
export type CallLog = Schemas["ActionLog"];

/** Who makes calls. The tests while an account is linked, and revocations, do not count as calls of a customer's product. */
const CALLERS = ["api", "dashboard", "mcp"];

const REFRESH_MS = 60_000;
const SHOWN_FAILURES = 8;

/** How calls are grouped: by interval, by connector, or all together. */
export type Grouping = "time" | "connector" | "all";

/** Counts the calls of a period. */
export const useCallStats = (period: Period, grouping: Grouping) =>
  useQuery({
    queryKey: ["calls", "stats", period, grouping],
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
    queryFn: () => {
      const { interval, length } = PERIODS[period];
      const body = {
        filters: { source_type: CALLERS, start_time: startOf(period, new Date()).toISOString() },
        ...(grouping === "time" ? { interval_type: interval, interval_period: length } : {}),
        ...(grouping === "connector" ? { dimensions: ["connector_key"] } : {}),
      };
      return dataOf(api.POST("/logs/stats/aggregate", { body }));
    },
  });

/** Loads the newest calls that failed, whenever they did. */
export const useNewestFailures = () =>
  useQuery({
    queryKey: ["calls", "failures"],
    refetchInterval: REFRESH_MS,
    queryFn: async () => {
      const body = { filters: { source_type: CALLERS, success: false }, page_size: SHOWN_FAILURES };
      return (await dataOf(api.POST("/logs", { body }))).data;
    },
  });
