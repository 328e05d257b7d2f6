/** The log of the demo: the server's requests and the element's events, newest last. */

import { useCallback, useState } from "react";

export interface LogEntry {
  number: number;
  at: string;
  /** The source: the backend that creates the session, or the element. */
  from: "server" | "element";
  name: string;
  detail: string | null;
}

/** Older entries are removed, so that the log does not grow without limit. */
const MAX_ENTRIES = 100;

export type LogEvent = (from: LogEntry["from"], name: string, detail?: unknown) => void;

export function useEventLog(): { entries: readonly LogEntry[]; add: LogEvent; clear: () => void } {
  const [entries, setEntries] = useState<readonly LogEntry[]>([]);
  const add = useCallback<LogEvent>((from, name, detail) => {
    const at = new Date().toLocaleTimeString();
    setEntries((before) => {
      const number = (before.at(-1)?.number ?? 0) + 1;
      const text = detail === undefined ? null : JSON.stringify(detail);
      return [...before, { number, at, from, name, detail: text }].slice(-MAX_ENTRIES);
    });
  }, []);
  const clear = useCallback(() => setEntries([]), []);
  return { entries, add, clear };
}
