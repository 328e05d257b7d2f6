/** The recent runs of this session, kept only in memory. Logging out removes them. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import type { RunInputs } from "./formModel.ts";

export interface RunRecord {
  id: number;
  /** When the run started, as RFC 3339. */
  at: string;
  account: string;
  action: string;
  label: string;
  inputs: RunInputs;
  status: number;
  durationMs: number | null;
}

const QUERY_KEY = ["runs"];
/** Older runs are removed. */
const MAX_RECENT_RUNS = 10;

/** Returns the runs, newest first. They are in the query cache and are removed with the project's data. */
export function useRunHistory(): RunRecord[] {
  const runs = useQuery<RunRecord[]>({
    queryKey: QUERY_KEY,
    enabled: false,
    initialData: [],
    gcTime: Infinity,
  });
  return runs.data;
}

export function useAddRun(): (run: Omit<RunRecord, "id">) => void {
  const client = useQueryClient();
  return useCallback(
    (run) =>
      client.setQueryData<RunRecord[]>(QUERY_KEY, (before = []) =>
        [{ ...run, id: (before[0]?.id ?? 0) + 1 }, ...before].slice(0, MAX_RECENT_RUNS),
      ),
    [client],
  );
}
