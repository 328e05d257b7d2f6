/** The keyboard shortcuts of the dashboard. Single keys can be switched off (WCAG 2.1.4). */

import { PAGES } from "../../app/pages.ts";

/** The keys that open a page after `g`. */
const LETTERS: Record<string, string> = {
  o: "/overview",
  a: "/accounts",
  c: "/connectors",
  p: "/profiles",
  r: "/run",
  l: "/logs",
  w: "/webhooks",
  k: "/keys",
  s: "/settings",
};

/** The longest time between the two keys of a shortcut. */
const MAX_PAUSE_MS = 1_500;
const STORAGE_KEY = "patchbay-single-keys";

/** Returns the pages that have a key, in the order of the navigation. */
export const pageShortcuts = () =>
  PAGES.flatMap((page) =>
    Object.entries(LETTERS).flatMap(([key, to]) => (to === page.to ? [{ key, page }] : [])),
  );

export type Command = { kind: "list" } | { kind: "page"; to: (typeof PAGES)[number]["to"] };

/** The keys that were pressed so far. */
export class KeySequence {
  private wentAt: number | null = null;

  /** Returns what a key asks for at a time in milliseconds; null if it asks for nothing. */
  press(key: string, at: number): Command | null {
    const isSecond = this.wentAt !== null && at - this.wentAt <= MAX_PAUSE_MS;
    this.wentAt = null;
    if (key === "?") return { kind: "list" };
    if (isSecond) {
      const found = pageShortcuts().find((shortcut) => shortcut.key === key.toLowerCase());
      if (found !== undefined) return { kind: "page", to: found.page.to };
    }
    if (key.toLowerCase() === "g") this.wentAt = at;
    return null;
  }
}

/** Whether single keys are shortcuts in this browser. */
export function singleKeysAreOn(storage: Pick<Storage, "getItem"> = localStorage): boolean {
  try {
    return storage.getItem(STORAGE_KEY) !== "off";
  } catch {
    return true;
  }
}

export function switchSingleKeys(isOn: boolean, storage: Pick<Storage, "setItem"> = localStorage): void {
  try {
    storage.setItem(STORAGE_KEY, isOn ? "on" : "off");
  } catch {
    // Without storage, the keys stay on.
  }
}
