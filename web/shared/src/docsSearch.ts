/** The search of the documentation as one types: requests, their order, and what the dialogs of all pages share. */

import { failureOf, isAbort, networkFailure } from "./failure.ts";

/** A place in the documentation. */
export interface SearchResult {
  /** The title of the page. */
  title: string;
  /** The heading of the part, if it is not the page as a whole. */
  heading: string | null;
  /** The section of the documentation. */
  section: string;
  path: string;
  /** A piece of the text: escaped HTML without elements other than `<mark>`. */
  snippet: string;
}

export interface SearchResults {
  query: string;
  results: SearchResult[];
  /** Without results: the query with words that the documentation contains. */
  suggestion: string | null;
}

/** The longest query that the server takes. */
export const MAX_QUERY_LENGTH = 200;
/** The milliseconds after a key in which another one replaces the request. */
const TYPING_PAUSE = 120;

/** Returns the page of results, which needs no script. */
export const searchPage = (query: string): string => `/docs/search?q=${encodeURIComponent(query)}`;

export async function searchDocs(
  query: string,
  signal: AbortSignal,
  headers: Record<string, string> = {},
): Promise<SearchResults> {
  const response = await fetch(searchPage(query), {
    headers: { accept: "application/json", "x-requested-with": "patchbay", ...headers },
    credentials: "same-origin",
    signal,
  }).catch((error: unknown) => {
    throw isAbort(error) ? error : networkFailure(error);
  });
  if (!response.ok) throw await failureOf(response);
  return (await response.json()) as SearchResults;
}

export interface LiveSearchOptions {
  search: (query: string, signal: AbortSignal) => Promise<SearchResults>;
  /** Called with the text that was typed; the results are `null` when it is empty. */
  onResults: (results: SearchResults | null, text: string) => void;
  onFailure: (error: unknown) => void;
}

/** Searches while someone types: waits for a pause, and drops the response to an older query. */
export class LiveSearch {
  private readonly options: LiveSearchOptions;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private request: AbortController | undefined;

  constructor(options: LiveSearchOptions) {
    this.options = options;
  }

  /** Takes the text of the field after each change. */
  type(text: string): void {
    this.stop();
    const query = text.trim();
    if (query === "") {
      this.options.onResults(null, text);
      return;
    }
    this.timer = setTimeout(() => void this.run(query, text), TYPING_PAUSE);
  }

  /** Ends what is under way. */
  stop(): void {
    clearTimeout(this.timer);
    this.request?.abort();
  }

  private async run(query: string, text: string): Promise<void> {
    const request = new AbortController();
    this.request = request;
    try {
      const results = await this.options.search(query, request.signal);
      if (!request.signal.aborted) this.options.onResults(results, text);
    } catch (error) {
      if (!request.signal.aborted && !isAbort(error)) this.options.onFailure(error);
    }
  }
}

/** A piece of a snippet, as text. */
export interface SnippetPart {
  text: string;
  marked: boolean;
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/** Returns the text of a snippet, so that no page inserts HTML. */
export function snippetParts(snippet: string): SnippetPart[] {
  const pieces = snippet.split(/<\/?mark>/);
  return pieces
    .map((piece, at) => ({
      text: piece.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? ""),
      // The pieces outside and inside of a mark alternate.
      marked: at % 2 === 1,
    }))
    .filter(({ text }) => text !== "");
}

/** Returns the line above a result: where it is. */
export const placeOf = ({ section, title, heading }: SearchResult): string =>
  heading === null ? section : `${section} › ${title}`;

/** Returns the name of a result. */
export const nameOf = ({ title, heading }: SearchResult): string => heading ?? title;

/** Returns what a screen reader says after each search. */
export function announcement(count: number): string {
  if (count === 0) return "No results";
  return count === 1 ? "1 result" : `${count} results`;
}

/**
 * Whether a key opens the search: ⌘K or Ctrl+K anywhere, `/` outside of fields. `/` is a single key, so it must not work
 * where someone writes (WCAG 2.1.4).
 */
export function opensSearch(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.altKey || event.shiftKey || event.isComposing) return false;
  if (event.metaKey || event.ctrlKey) return event.key.toLowerCase() === "k";
  return event.key === "/" && !isField(event.target);
}

/** Whether an element takes what is typed, so that single keys are not for the page. */
export const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

/**
 * Returns the option that a key makes active in a list of `count`; -1 is none, null means that the key is not for the list.
 * The arrows go round (the combobox pattern of the ARIA practices); Home and End stay with the text field.
 */
export function nextActive(key: string, active: number, count: number): number | null {
  if (key !== "ArrowDown" && key !== "ArrowUp") return null;
  if (count === 0) return -1;
  if (key === "ArrowDown") return active + 1 < count ? active + 1 : 0;
  return active > 0 ? active - 1 : count - 1;
}
