/** Copies a value. If the browser does not allow it (a frame without permission), says how to copy manually. */

import { COPY_LABELS, useCopy } from "@patchbay/web-shared/useCopy.ts";
import { useAnnounce } from "./Announcer.tsx";
import { Icon } from "./Icon.tsx";

export function CopyButton({ value, label }: { value: string; label: string }) {
  const { state, copy } = useCopy();
  const announce = useAnnounce();
  const onClick = async (): Promise<void> => {
    const isDone = await copy(value);
    announce(isDone ? `Copied ${label}` : `Could not copy ${label}. Select the text and copy it.`);
  };
  return (
    <button type="button" className="chip-button" aria-label={`Copy ${label}`} onClick={() => void onClick()}>
      <Icon name={state === "copied" ? "check" : "copy"} size={15} />
      <span>{COPY_LABELS[state]}</span>
    </button>
  );
}
