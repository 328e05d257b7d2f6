/** Listens to the keyboard shortcuts of every page. Their list is loaded when it is first opened. */

import { isField } from "@patchbay/web-shared/docsSearch.ts";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { KeySequence, singleKeysAreOn } from "./shortcuts.ts";

const ShortcutsDialog = lazy(async () => ({
  default: (await import("./ShortcutsDialog.tsx")).ShortcutsDialog,
}));

interface Props {
  /** Whether the list is open; null until it is first opened. */
  opened: boolean | null;
  onOpen: () => void;
  onClose: () => void;
}

export function Shortcuts({ opened, onOpen, onClose }: Props) {
  const navigate = useNavigate();
  useEffect(() => {
    const keys = new KeySequence();
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey)
        return;
      // Another dialog keeps the keyboard.
      const isBehindDialog = document.querySelector('[role="dialog"][aria-modal="true"]') !== null;
      if (isBehindDialog || isField(event.target) || !singleKeysAreOn()) return;
      const command = keys.press(event.key, event.timeStamp);
      if (command === null) return;
      event.preventDefault();
      if (command.kind === "list") onOpen();
      else void navigate({ to: command.to });
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [navigate, onOpen]);
  return (
    opened !== null && (
      <Suspense>
        <ShortcutsDialog opened={opened} onClose={onClose} />
      </Suspense>
    )
  );
}
