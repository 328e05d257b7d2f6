/** Loads data when a component mounts, with a function to retry. */

import { type ApiFailure, asFailure, isAbort } from "@patchbay/web-shared/failure.ts";
import { useCallback, useEffect, useState } from "react";

export type AsyncState<Data> =
  | { state: "loading" }
  | { state: "ready"; data: Data }
  | { state: "failed"; failure: ApiFailure };

/** `load` must keep its identity while its inputs are the same (`useCallback`). */
export function useAsync<Data>(load: (signal: AbortSignal) => Promise<Data>) {
  const [loaded, setLoaded] = useState<AsyncState<Data>>({ state: "loading" });
  const [attempt, setAttempt] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new `attempt` loads again.
  useEffect(() => {
    const abort = new AbortController();
    setLoaded({ state: "loading" });
    load(abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) setLoaded({ state: "ready", data });
      },
      (error: unknown) => {
        if (!abort.signal.aborted && !isAbort(error))
          setLoaded({ state: "failed", failure: asFailure(error) });
      },
    );
    return () => abort.abort();
  }, [load, attempt]);

  return [loaded, useCallback(() => setAttempt((before) => before + 1), [])] as const;
}
