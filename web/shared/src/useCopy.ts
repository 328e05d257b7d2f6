/** Copies to the clipboard, which a browser may not allow (for example in a frame without permission). */

import { useEffect, useState } from "react";

export type CopyState = "idle" | "copied" | "failed";

/** How long a button shows the result. */
const FEEDBACK_DURATION_MS = 2_000;

/** The label of a copy button in each state. */
export const COPY_LABELS: Record<CopyState, string> = {
  idle: "Copy",
  copied: "Copied",
  failed: "Select and copy",
};

/** Returns the state and a function that copies and returns whether it succeeded. The state resets after a while. */
export function useCopy(): { state: CopyState; copy: (text: string) => Promise<boolean> } {
  const [state, setState] = useState<CopyState>("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), FEEDBACK_DURATION_MS);
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
