/** Queries of logs, and their live tail. */

import { asFailure } from "@patchbay/web-shared/client.ts";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { readEvents } from "../features/logs/eventStream.ts";
import { type LogFilters, toConditions, withoutRun } from "../features/logs/filters.ts";
import { api, dataOf, type Schemas } from "./client.ts";

/** A run of an action, or a raw request (`unified`). */
export type ActionLog = Schemas["ActionLog"];
export type AdvancedLog = Schemas["AdvancedLog"];
export type StepLog = Schemas["StepLog"];
/** A request to a provider. */
export type AttemptLog = Schemas["AttemptLog"];
export type LogPage = Schemas["LogPage"];
export type LogConditions = Schemas["LogFilters"];

/** The largest page that the server returns. */
const PAGE_SIZE = 100;

/** Lists logs, newest first. Pages follow a cursor, so that new logs do not move the older ones. */
export const useLogs = (filters: LogFilters) =>
  useInfiniteQuery({
    queryKey: ["logs", "list", withoutRun(filters)],
    placeholderData: keepPreviousData,
    // Thousands of rows are not loaded again because a window gets the focus; the newest come by the tail.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    gcTime: 0,
    initialPageParam: null as string | null,
    getNextPageParam: (page: LogPage) => page.next,
    queryFn: ({ pageParam, signal }) => {
      const body = {
        filters: toConditions(filters, new Date()),
        page_size: PAGE_SIZE,
        ...(pageParam === null ? {} : { next: pageParam }),
      };
      return dataOf(api.POST("/logs", { body, signal }));
    },
  });

/** Loads the newest logs of an account, of an action, or of both. */
export const useNewestLogs = (filters: Pick<LogFilters, "account" | "action">, count: number) =>
  useQuery({
    queryKey: ["logs", "newest", filters, count],
    queryFn: () =>
      dataOf(api.POST("/logs", { body: { filters: toConditions(filters, new Date()), page_size: count } })),
  });

/** Loads the values that logs of the filters' time have, for the choices of the filters. */
export const useLogValues = ({ period, from, to }: LogFilters) =>
  useQuery({
    queryKey: ["logs", "values", period, from, to],
    staleTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: async () => {
      const times: LogFilters = {
        ...(period === undefined ? {} : { period }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      };
      const body = {
        dimensions: ["connector_key", "action_id", "source_type", "status_code"],
        filters: toConditions(times, new Date()),
      };
      const { data } = await dataOf(api.POST("/logs/stats/dimensions", { body }));
      return data as Record<string, { value: string; count: number }[]>;
    },
  });

type Kind = "actions" | "unified";

const advanced = (kind: Kind, id: string): Promise<AdvancedLog> => {
  const params = { path: { id } };
  return kind === "actions"
    ? dataOf(api.GET("/logs/actions/{id}/advanced", { params }))
    : dataOf(api.GET("/logs/unified/{id}/advanced", { params }));
};

/** Loads a log with its details. Its ID does not say whether it is an action's or a raw request's. */
export const useLog = (id: string, isRaw: boolean) =>
  useQuery({
    queryKey: ["logs", "one", id],
    queryFn: async () => {
      const [first, second]: [Kind, Kind] = isRaw ? ["unified", "actions"] : ["actions", "unified"];
      try {
        return await advanced(first, id);
      } catch (error) {
        if (asFailure(error).status !== 404) throw error;
        return advanced(second, id);
      }
    },
  });

/** Loads all steps of a run of an action, in order. */
export const useLogSteps = (id: string, isRaw: boolean) =>
  useQuery({
    queryKey: ["logs", "steps", id],
    enabled: !isRaw,
    queryFn: async () => {
      const all: StepLog[] = [];
      for (let page = 1; ; page += 1) {
        const params = { path: { id }, query: { page, page_size: PAGE_SIZE } };
        const found = await dataOf(api.GET("/logs/actions/{id}/steps", { params }));
        all.push(...found.data);
        if (found.data.length < PAGE_SIZE) return all;
      }
    },
  });

/** Opens the live tail. The result yields each new log; it ends when the server or the network ends it. */
export async function openTail(
  conditions: LogConditions,
  signal: AbortSignal,
): Promise<AsyncGenerator<ActionLog, void>> {
  const body = await dataOf(
    api.GET("/logs/stream", {
      params: { query: { filters: JSON.stringify(conditions) } },
      headers: { accept: "text/event-stream" },
      parseAs: "stream",
      signal,
    }),
  );
  return logsOf(body as ReadableStream<Uint8Array> | null);
}

async function* logsOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<ActionLog, void> {
  if (body === null) return;
  for await (const { event, data } of readEvents(body)) {
    if (event === "log") yield JSON.parse(data) as ActionLog;
  }
}

/** Returns whether a log is a raw request's, not an action's. */
export const isRawRequest = ({ log_type }: Pick<ActionLog, "log_type">): boolean => log_type === "unified";

/** Returns what a log is of: the action's ID, or the method and the address of a raw request. */
export const logName = ({ action_id, http_method, url }: ActionLog): string =>
  action_id ?? (url === null ? "Raw request" : `${http_method ?? "Raw"} ${url}`);
