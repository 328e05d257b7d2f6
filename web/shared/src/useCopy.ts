/** Copying to the clipboard, which a browser may forbid (a frame without the right to it). */

import { useEffect, useState } from "react";

export type CopyState = "idle" | "copied" | "failed";

/** How long a button says what came of it, in milliseconds. */
const SHOWN_FOR = 2_000;

/** What a copy button says in each state. */
export const COPY_WORDS: Record<CopyState, string> = {
  idle: "Copy",
  copied: "Copied",
  failed: "Select it and copy",
};

/** `copy` tells whether it worked; the state goes back to idle by itself. */
export function useCopy(): { state: CopyState; copy: (text: string) => Promise<boolean> } {
  const [state, setState] = useState<CopyState>("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [state]);

  const copy = async (text: string): Promise<boolean> => {
    try {
      await navigator.clipboard.writeText(text);
      setState("copied");
      return true;
    } catch {
      setState("failed");
      return false;
    }
  };
  return { state, copy };
}
