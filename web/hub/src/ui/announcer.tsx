/**
 * One live region for the whole page. A region that appears together with its text is not read by every
 * screen reader; this one is there from the start and only its text changes.
 */

import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";

const Announce = createContext<(text: string) => void>(() => {});

export function Announcer({ children }: { children: ReactNode }) {
  const [text, setText] = useState("");
  return (
    <Announce value={useCallback((next: string) => setText(next), [])}>
      {children}
      <div className="visually-hidden" role="status" aria-live="polite">
        {text}
      </div>
    </Announce>
  );
}

export const useAnnounce = (): ((text: string) => void) => useContext(Announce);

/** Announces the text when it appears and whenever it changes. */
export function useAnnouncement(text: string): void {
  const announce = useAnnounce();
  useEffect(() => announce(text), [announce, text]);
}
