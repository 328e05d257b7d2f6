/** Runs one action at a time; a run can be canceled. */

import { isAbort } from "@patchbay/web-shared/client.ts";
import { useCallback, useEffect, useRef, useState } from "react";
import { type RunRequest, type RunResult, runAction } from "../../api/runs.ts";

export interface FinishedRun {
  request: Omit<RunRequest, "signal">;
  result: RunResult;
}

export function useRun() {
  const [finished, setFinished] = useState<FinishedRun | null>(null);
  const [isRunning, setRunning] = useState(false);
  const controller = useRef<AbortController | null>(null);
  const cancel = useCallback(() => controller.current?.abort(), []);
  useEffect(() => cancel, [cancel]);

  const run = useCallback(async (request: Omit<RunRequest, "signal">): Promise<RunResult | null> => {
    controller.current?.abort();
    const abort = new AbortController();
    controller.current = abort;
    setRunning(true);
    try {
      const result = await runAction({ ...request, signal: abort.signal });
      setFinished({ request, result });
      return result;
    } catch (error) {
      if (abort.signal.aborted || isAbort(error)) return null;
      throw error;
    } finally {
      // A newer run manages its own state.
      if (controller.current === abort) setRunning(false);
    }
  }, []);
  const clear = useCallback(() => setFinished(null), []);
  return { run, cancel, clear, isRunning, finished };
}
