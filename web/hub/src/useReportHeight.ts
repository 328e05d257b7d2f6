/** Reports the Hub's height to the host page, so that the frame needs no scroll bar. */

import { type RefObject, useEffect } from "react";
import type { Host } from "./host.ts";

export function useReportHeight(frame: RefObject<HTMLElement | null>, host: Host): void {
  useEffect(() => {
    const element = frame.current;
    if (!element || !host.present || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() => host.resize(element.getBoundingClientRect().height));
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame, host]);
}
