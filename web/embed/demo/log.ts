/** What has happened, newest last: the server's part and the element's events, in the order they came. */

import { useCallback, useState } from "react";

export interface Entry {
  number: number;
  at: string;
  /** Who it comes from: the backend that makes the session, or the element. */
  from: "server" | "element";
  name: string;
  detail: string | null;
}

/** A page that stays open all day keeps the newest. */
const KEPT = 100;

export type Note = (from: Entry["from"], name: string, detail?: unknown) => void;

export function useLog(): { entries: readonly Entry[]; note: Note; clear: () => void } {
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const note = useCallback<Note>((from, name, detail) => {
    const at = new Date().toLocaleTimeString();
    setEntries((before) => {
      const number = (before.at(-1)?.number ?? 0) + 1;
      const text = detail === undefined ? null : JSON.stringify(detail);
      return [...before, { number, at, from, name, detail: text }].slice(-KEPT);
    });
  }, []);
  const clear = useCallback(() => setEntries([]), []);
  return { entries, note, clear };
}
