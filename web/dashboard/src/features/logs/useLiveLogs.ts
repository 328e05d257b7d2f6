/** New logs as they appear. */

import { asFailure } from "@patchbay/web-shared/client.ts";
import { useEffect, useRef, useState } from "react";
import { type ActionLog, openTail } from "../../api/logs.ts";
import { type LogFilters, toConditions, withoutRun } from "./filters.ts";

/** Without a stream, the list is loaded again this often, and the stream is tried again. */
const RETRY_MS = 5_000;
/** More new logs than this are taken from the list instead. */
const MAX_LIVE = 2_000;

/** `polling` means that no stream is open: there are too many, or the network ended it. */
export type LiveState = "off" | "connecting" | "live" | "polling";

interface Options {
  filters: LogFilters;
  isEnabled: boolean;
  /** Loads the newest page of the list again: what appeared without a stream is in it. */
  onMissed: () => void;
}

/** Follows the logs that the filters match; a tail begins now, so the filters' times do not apply. */
export function useLiveLogs({ filters, isEnabled, onMissed }: Options): {
  logs: ActionLog[];
  state: LiveState;
} {
  const [logs, setLogs] = useState<ActionLog[]>([]);
  const [state, setState] = useState<LiveState>("off");
  const missed = useRef(onMissed);
  missed.current = onMissed;
  const { period: _, from: __, to: ___, ...followed } = withoutRun(filters);
  const conditions = JSON.stringify(toConditions(followed, new Date(0)));

  useEffect(() => {
    setLogs([]);
    setState(isEnabled ? "connecting" : "off");
    if (!isEnabled) return;
    const control = new AbortController();
    const { signal } = control;
    const follow = async () => {
      while (!signal.aborted) {
        try {
          const tail = await openTail(JSON.parse(conditions), signal);
          if (signal.aborted) return;
          setState("live");
          missed.current();
          for await (const log of tail) {
            if (signal.aborted) return;
            setLogs((before) => (before.length < MAX_LIVE ? [log, ...before] : before));
          }
        } catch (error) {
          if (signal.aborted) return;
          // The gate shows the login page as soon as another request finds out.
          if (asFailure(error).unauthorized) return setState("polling");
        }
        if (signal.aborted) return;
        setState("polling");
        setLogs([]);
        missed.current();
        await pause(RETRY_MS, signal);
      }
    };
    void follow();
    return () => control.abort();
  }, [conditions, isEnabled]);

  const isFull = logs.length >= MAX_LIVE;
  useEffect(() => {
    if (!isFull) return;
    setLogs([]);
    missed.current();
  }, [isFull]);

  return { logs, state };
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
