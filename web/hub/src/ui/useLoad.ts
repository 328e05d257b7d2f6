/** Loads something when a screen opens: loading, ready or failed, with a way to try again. */

import { type ApiFailure, asFailure, isAbort } from "@patchbay/web-shared/failure.ts";
import { useCallback, useEffect, useState } from "react";

export type Loaded<Data> =
  | { state: "loading" }
  | { state: "ready"; data: Data }
  | { state: "failed"; failure: ApiFailure };

/** `load` must keep its identity while its inputs are the same (`useCallback`). */
export function useLoad<Data>(load: (signal: AbortSignal) => Promise<Data>) {
  const [loaded, setLoaded] = useState<Loaded<Data>>({ state: "loading" });
  const [turn, setTurn] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `turn` stands for "again".
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
  }, [load, turn]);

  return [loaded, useCallback(() => setTurn((before) => before + 1), [])] as const;
}
