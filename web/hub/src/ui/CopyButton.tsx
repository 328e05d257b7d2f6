/** Copies a value. Where the browser forbids it (a frame without the right), it says how to do it by hand. */

import { useEffect, useState } from "react";
import { useAnnounce } from "./announcer.tsx";
import { Icon } from "./Icon.tsx";

const SHOWN_FOR = 2_000;

export function CopyButton({ value, label }: { value: string; label: string }) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  const announce = useAnnounce();

  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [state]);

  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(value);
      setState("copied");
      announce(`${label} copied`);
    } catch {
      setState("failed");
      announce(`${label} could not be copied. Select the text and copy it.`);
    }
  };

  const words = { idle: "Copy", copied: "Copied", failed: "Select it and copy" }[state];
  return (
    <button type="button" className="chip-button" aria-label={`Copy ${label}`} onClick={copy}>
      <Icon name={state === "copied" ? "check" : "copy"} size={15} />
      <span>{words}</span>
    </button>
  );
}
