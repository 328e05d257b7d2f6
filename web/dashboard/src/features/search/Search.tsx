/** The button that opens the search, and its keys. The dialog is loaded when it is first opened. */

import { ActionIcon, Button, Kbd } from "@mantine/core";
import { opensSearch } from "@patchbay/web-shared/docsSearch.ts";
import { IconSearch } from "@tabler/icons-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { singleKeysAreOn } from "../shortcuts/shortcuts.ts";

const SearchDialog = lazy(async () => ({ default: (await import("./SearchDialog.tsx")).SearchDialog }));

export const isApple = /Mac|iPhone|iPad/.test(globalThis.navigator?.userAgent ?? "");

export function Search() {
  // Null until it is first opened.
  const [opened, setOpened] = useState<boolean | null>(null);
  const open = () => setOpened(true);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      // Another dialog keeps the keyboard.
      const isBehindDialog = document.querySelector('[role="dialog"][aria-modal="true"]') !== null;
      if (isBehindDialog || !opensSearch(event)) return;
      if (event.key === "/" && !singleKeysAreOn()) return;
      event.preventDefault();
      setOpened(true);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
  return (
    <>
      <Button
        variant="default"
        size="xs"
        visibleFrom="sm"
        leftSection={<IconSearch size={14} aria-hidden />}
        rightSection={<Kbd size="xs">{isApple ? "⌘K" : "Ctrl K"}</Kbd>}
        aria-label="Search"
        aria-keyshortcuts={isApple ? "Meta+K" : "Control+K"}
        onClick={open}
      >
        Search
      </Button>
      <ActionIcon size="lg" hiddenFrom="sm" aria-label="Search" onClick={open}>
        <IconSearch size={18} stroke={1.6} aria-hidden />
      </ActionIcon>
      {opened !== null && (
        <Suspense>
          <SearchDialog opened={opened} onClose={() => setOpened(false)} />
        </Suspense>
      )}
    </>
  );
}
