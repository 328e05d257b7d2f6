/** Tells the host how tall the Hub is, so that its frame needs no scroll bar of its own. */

import { type RefObject, useEffect } from "react";
import type { Host } from "./host.ts";

export function useResize(frame: RefObject<HTMLElement | null>, host: Host): void {
  useEffect(() => {
    const element = frame.current;
    if (!element || !host.present || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() => host.resize(element.getBoundingClientRect().height));
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame, host]);
}
