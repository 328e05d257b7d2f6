/** The dashboard's own pages that a query names. */

import { type NavigationPage, PAGES } from "../../app/pages.ts";

/** Whether each word of the query begins a word of the text. IDs are words that `_` and `-` separate. */
export function matches(query: string, text: string): boolean {
  const words = query
    .toLowerCase()
    .split(/[\s_-]+/)
    .filter(Boolean);
  const names = text.toLowerCase().split(/[\s_-]+/);
  return words.every((word) => names.some((name) => name.startsWith(word)));
}

/** Returns the pages in whose names each word of the query begins a word. */
export const matchingPages = (query: string): NavigationPage[] =>
  PAGES.filter(({ label }) => matches(query, label));
