/** One run at a time: its result, and the way to call it off. */

import { isAbort } from "@patchbay/web-shared/client.ts";
import { useCallback, useEffect, useRef, useState } from "react";
import { type RunRequest, type RunResult, runAction } from "../../api/runs.ts";

export interface Finished {
  request: Omit<RunRequest, "signal">;
  result: RunResult;
}

export function useRun() {
  const [finished, setFinished] = useState<Finished | null>(null);
  const [isRunning, setRunning] = useState(false);
  const controller = useRef<AbortController | null>(null);
  const cancel = useCallback(() => controller.current?.abort(), []);
  useEffect(() => cancel, [cancel]);

  const run = useCallback(async (request: Omit<RunRequest, "signal">): Promise<RunResult | null> => {
    controller.current?.abort();
    const own = new AbortController();
    controller.current = own;
    setRunning(true);
    try {
      const result = await runAction({ ...request, signal: own.signal });
      setFinished({ request, result });
      return result;
    } catch (error) {
      if (own.signal.aborted || isAbort(error)) return null;
      throw error;
    } finally {
      // A newer run has its own state to keep.
      if (controller.current === own) setRunning(false);
    }
  }, []);
  const clear = useCallback(() => setFinished(null), []);
  return { run, cancel, clear, isRunning, finished };
}
