/**
 * One live region for the whole page. Some screen readers ignore a region that appears together with its text; this
 * one always exists and only its text changes.
 */

import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";

const AnnounceContext = createContext<(text: string) => void>(() => {});

export function Announcer({ children }: { children: ReactNode }) {
  const [text, setText] = useState("");
  return (
    <AnnounceContext value={useCallback((next: string) => setText(next), [])}>
      {children}
      <div className="visually-hidden" role="status" aria-live="polite">
        {text}
      </div>
    </AnnounceContext>
  );
}

export const useAnnounce = (): ((text: string) => void) => useContext(AnnounceContext);

/** Announces a text when the component mounts and whenever the text changes. */
export function useAnnouncement(text: string): void {
  const announce = useAnnounce();
  useEffect(() => announce(text), [announce, text]);
}
