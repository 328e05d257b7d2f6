import { expect, test } from "vitest";
import { KeySequence, pageShortcuts, singleKeysAreOn, switchSingleKeys } from "./shortcuts.ts";

test("each page has at most one key, and each key one page", () => {
  const all = pageShortcuts();
  expect(all.map(({ key }) => key)).toContain("o");
  expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
  expect(new Set(all.map(({ page }) => page.to)).size).toBe(all.length);
});

test("g and a letter open a page, in either case", () => {
  for (const { key, page } of pageShortcuts()) {
    const keys = new KeySequence();
    expect(keys.press("g", 0)).toBeNull();
    expect(keys.press(key, 100)).toEqual({ kind: "page", to: page.to });
    // The sequence is over.
    expect(keys.press(key, 200)).toBeNull();
    expect(keys.press("G", 300)).toBeNull();
    expect(keys.press(key.toUpperCase(), 400)).toEqual({ kind: "page", to: page.to });
  }
});

test("a letter after a pause, another key or without g opens nothing", () => {
  const keys = new KeySequence();
  expect(keys.press("a", 0)).toBeNull();
  keys.press("g", 0);
  expect(keys.press("a", 1_501)).toBeNull();
  keys.press("g", 2_000);
  expect(keys.press("x", 2_100)).toBeNull();
  expect(keys.press("a", 2_200)).toBeNull();
});

test("a second g begins again", () => {
  const keys = new KeySequence();
  keys.press("g", 0);
  keys.press("g", 1_400);
  expect(keys.press("a", 2_800)).toEqual({ kind: "page", to: "/accounts" });
});

test("a question mark asks for the list, also after g", () => {
  const keys = new KeySequence();
  expect(keys.press("?", 0)).toEqual({ kind: "list" });
  keys.press("g", 10);
  expect(keys.press("?", 20)).toEqual({ kind: "list" });
});

test("single keys are on until they are switched off, also without storage", () => {
  const values = new Map<string, string>();
  const storage = {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
  };
  expect(singleKeysAreOn(storage)).toBe(true);
  switchSingleKeys(false, storage);
  expect(singleKeysAreOn(storage)).toBe(false);
  switchSingleKeys(true, storage);
  expect(singleKeysAreOn(storage)).toBe(true);
  const fail = () => {
    throw new Error("no storage");
  };
  expect(singleKeysAreOn({ getItem: fail })).toBe(true);
  expect(() => switchSingleKeys(false, { setItem: fail })).not.toThrow();
});
