import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  announcement,
  LiveSearch,
  nextActive,
  opensSearch,
  type SearchResults,
  searchDocs,
  searchPage,
  snippetParts,
} from "./docsSearch.ts";

const found = (query: string): SearchResults => ({ query, results: [], suggestion: null });

describe("snippets", () => {
  it("become text", () => {
    expect(snippetParts("…the <mark>key</mark> &lt;b&gt; &amp;amp; <mark>ring</mark>")).toEqual([
      { text: "…the ", marked: false },
      { text: "key", marked: true },
      { text: " <b> &amp; ", marked: false },
      { text: "ring", marked: true },
    ]);
    expect(snippetParts("<mark>a</mark>")).toEqual([{ text: "a", marked: true }]);
    expect(snippetParts("")).toEqual([]);
  });
});

describe("requests", () => {
  it("ask for JSON and carry the query", async () => {
    const fetch = vi.fn(async () => Response.json(found("a&b")));
    vi.stubGlobal("fetch", fetch);
    const results = await searchDocs("a&b", new AbortController().signal, { "x-project-id": "p" });
    expect(results).toEqual(found("a&b"));
    const [address, options] = fetch.mock.calls[0] as unknown as [string, RequestInit];
    expect(address).toBe("/docs/search?q=a%26b");
    expect(options.headers).toMatchObject({ accept: "application/json", "x-project-id": "p" });
    expect(searchPage("ü #")).toBe("/docs/search?q=%C3%BC%20%23");
  });

  it("fail with the server's error", async () => {
    vi.stubGlobal("fetch", async () =>
      Response.json({ statusCode: 400, errorCode: "ValidationError", message: "too long" }, { status: 400 }),
    );
    await expect(searchDocs("a", new AbortController().signal)).rejects.toMatchObject({
      message: "too long",
    });
  });

  it("fail as every call does if the server is unreachable, and stay aborted", async () => {
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("Failed to fetch")));
    await expect(searchDocs("a", new AbortController().signal)).rejects.toMatchObject({
      code: "NetworkError",
    });
    vi.stubGlobal("fetch", async () => Promise.reject(new DOMException("aborted", "AbortError")));
    await expect(searchDocs("a", new AbortController().signal)).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("a live search", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const start = () => {
    const pending = new Map<string, (results: SearchResults) => void>();
    const signals = new Map<string, AbortSignal>();
    const onResults = vi.fn();
    const onFailure = vi.fn();
    const search = (query: string, signal: AbortSignal) => {
      signals.set(query, signal);
      return new Promise<SearchResults>((resolve) => pending.set(query, resolve));
    };
    return { live: new LiveSearch({ search, onResults, onFailure }), pending, signals, onResults, onFailure };
  };

  it("waits for a pause", async () => {
    const { live, pending } = start();
    live.type("a");
    live.type("ac");
    await vi.advanceTimersByTimeAsync(1000);
    expect([...pending.keys()]).toEqual(["ac"]);
  });

  it("drops the response to an older query", async () => {
    const { live, pending, signals, onResults } = start();
    live.type("old");
    await vi.advanceTimersByTimeAsync(1000);
    live.type("new");
    expect(signals.get("old")?.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(1000);
    pending.get("new")?.(found("new"));
    pending.get("old")?.(found("old"));
    await vi.advanceTimersByTimeAsync(0);
    expect(onResults.mock.calls).toEqual([[found("new"), "new"]]);
  });

  it("shows nothing for an empty query and reports failures", async () => {
    const { live, onResults } = start();
    live.type("  ");
    expect(onResults.mock.calls).toEqual([[null, "  "]]);
    const onFailure = vi.fn();
    const failing = new LiveSearch({
      search: async () => Promise.reject(new Error("offline")),
      onResults,
      onFailure,
    });
    failing.type("a");
    await vi.advanceTimersByTimeAsync(1000);
    expect(onFailure).toHaveBeenCalledOnce();
  });
});

describe("keys", () => {
  const press = (init: KeyboardEventInit, target: HTMLElement = document.body): boolean => {
    const event = new KeyboardEvent("keydown", { bubbles: true, ...init });
    let opened = false;
    const listen = (event: KeyboardEvent) => {
      opened = opensSearch(event);
    };
    document.addEventListener("keydown", listen);
    target.dispatchEvent(event);
    document.removeEventListener("keydown", listen);
    return opened;
  };

  it("open the search, but a slash in a field is a slash", () => {
    const field = document.body.appendChild(document.createElement("input"));
    expect(press({ key: "k", metaKey: true })).toBe(true);
    expect(press({ key: "K", ctrlKey: true }, field)).toBe(true);
    expect(press({ key: "/" })).toBe(true);
    expect(press({ key: "/" }, field)).toBe(false);
    expect(press({ key: "k" })).toBe(false);
    expect(press({ key: "k", ctrlKey: true, shiftKey: true })).toBe(false);
    field.remove();
  });

  it("go round in the list", () => {
    expect(nextActive("ArrowDown", -1, 3)).toBe(0);
    expect(nextActive("ArrowDown", 2, 3)).toBe(0);
    expect(nextActive("ArrowUp", -1, 3)).toBe(2);
    expect(nextActive("ArrowUp", 1, 3)).toBe(0);
    expect(nextActive("ArrowDown", -1, 0)).toBe(-1);
    expect(nextActive("Home", 1, 3)).toBeNull();
  });

  it("are followed by a count", () => {
    expect([0, 1, 2].map(announcement)).toEqual(["No results", "1 result", "2 results"]);
  });
});
