/** The runs of this visit, to look at again or to run again. They are kept nowhere: signing out forgets them. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import type { RunInputs } from "./formModel.ts";

export interface PastRun {
  id: number;
  /** When it was sent, as RFC 3339. */
  at: string;
  account: string;
  action: string;
  label: string;
  inputs: RunInputs;
  status: number;
  durationMs: number | null;
}

const KEY = ["runs"];
/** Older ones are forgotten. */
const KEPT = 10;

/** The newest first. They stand in the cache of the project's data, so they go when that goes. */
export function useLastRuns(): PastRun[] {
  const runs = useQuery<PastRun[]>({ queryKey: KEY, enabled: false, initialData: [], gcTime: Infinity });
  return runs.data;
}

export function useRememberRun(): (run: Omit<PastRun, "id">) => void {
  const client = useQueryClient();
  return useCallback(
    (run) =>
      client.setQueryData<PastRun[]>(KEY, (before = []) =>
        [{ ...run, id: (before[0]?.id ?? 0) + 1 }, ...before].slice(0, KEPT),
      ),
    [client],
  );
}
