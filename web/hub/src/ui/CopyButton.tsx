/** Copies a value. Where the browser forbids it (a frame without the right), it says how to do it by hand. */

import { COPY_WORDS, useCopy } from "@patchbay/web-shared/useCopy.ts";
import { useAnnounce } from "./announcer.tsx";
import { Icon } from "./Icon.tsx";

export function CopyButton({ value, label }: { value: string; label: string }) {
  const { state, copy } = useCopy();
  const announce = useAnnounce();
  const onClick = async (): Promise<void> => {
    const isDone = await copy(value);
    announce(isDone ? `${label} copied` : `${label} could not be copied. Select the text and copy it.`);
  };
  return (
    <button type="button" className="chip-button" aria-label={`Copy ${label}`} onClick={() => void onClick()}>
      <Icon name={state === "copied" ? "check" : "copy"} size={15} />
      <span>{COPY_WORDS[state]}</span>
    </button>
  );
}
