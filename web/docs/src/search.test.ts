/** The search dialog of the documentation, by keyboard. */

import type { SearchResults } from "@patchbay/web-shared/docsSearch.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startSearch } from "./search.ts";

const RESULTS: SearchResults = {
  query: "key",
  suggestion: null,
  results: [
    {
      title: "API keys",
      heading: null,
      section: "Guides",
      path: "/docs/guides/api-keys",
      snippet: "A <mark>key</mark> &lt;b&gt;",
    },
    {
      title: "Key ring",
      heading: "Rotate",
      section: "Operate",
      path: "/docs/operate/key-ring#rotate",
      snippet: "",
    },
  ],
};

const press = (key: string, init: KeyboardEventInit = {}) => {
  const target = document.activeElement ?? document.body;
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init }));
};
const field = () => document.querySelector<HTMLInputElement>("dialog input") as HTMLInputElement;
const options = () => [...document.querySelectorAll('[role="option"]')];
const type = async (text: string) => {
  field().value = text;
  field().dispatchEvent(new Event("input", { bubbles: true }));
  await vi.advanceTimersByTimeAsync(1000);
};

describe("the search dialog", () => {
  const assign = vi.fn();
  let answer: () => Response;
  let stop = new AbortController();

  beforeEach(() => {
    vi.useFakeTimers();
    answer = () => Response.json(RESULTS);
    vi.stubGlobal("fetch", async () => answer());
    vi.spyOn(location, "assign").mockImplementation(assign);
    stop = new AbortController();
    startSearch(stop.signal);
    press("k", { ctrlKey: true });
  });
  afterEach(() => {
    stop.abort();
    vi.useRealTimers();
    assign.mockClear();
    document.body.replaceChildren();
  });

  it("opens with the field focused, and shows results as text", async () => {
    expect(document.activeElement).toBe(field());
    await type("key");
    expect(options().map(({ textContent }) => textContent)).toEqual([
      "GuidesAPI keysA key <b>",
      "Operate › Key ringRotate",
    ]);
    expect(document.querySelector("dialog mark")?.textContent).toBe("key");
    expect(document.querySelector('dialog [role="status"]')?.textContent).toBe("2 results");
    expect(field().getAttribute("aria-expanded")).toBe("true");
  });

  it("is used with the arrow keys and Enter", async () => {
    await type("key");
    const active = () => document.getElementById(field().getAttribute("aria-activedescendant") ?? "");
    expect(active()).toBe(options()[0]);
    press("ArrowDown");
    expect(active()).toBe(options()[1]);
    expect(options().map((option) => option.getAttribute("aria-selected"))).toEqual(["false", "true"]);
    press("ArrowDown");
    expect(active()).toBe(options()[0]);
    press("ArrowUp");
    press("Enter");
    expect(assign.mock.calls).toEqual([["/docs/operate/key-ring#rotate"]]);
  });

  it("leads to the page of results before there are any", () => {
    field().value = "a & b";
    press("Enter");
    expect(assign.mock.calls).toEqual([["/docs/search?q=a%20%26%20b"]]);
  });

  it("opens no result of an older text by Enter, unless an arrow chose it", async () => {
    await type("key");
    field().value = "keyboard";
    field().dispatchEvent(new Event("input", { bubbles: true }));
    press("Enter");
    expect(assign.mock.calls).toEqual([["/docs/search?q=keyboard"]]);

    press("k", { ctrlKey: true });
    await vi.advanceTimersByTimeAsync(1000);
    field().value = "keys";
    field().dispatchEvent(new Event("input", { bubbles: true }));
    press("ArrowDown");
    press("Enter");
    expect(assign.mock.calls[1]).toEqual(["/docs/operate/key-ring#rotate"]);
  });

  it("asks again when it was closed before the results came", async () => {
    await type("key");
    answer = () => Response.json({ ...RESULTS, results: RESULTS.results.slice(1) });
    field().value = "ring";
    field().dispatchEvent(new Event("input", { bubbles: true }));
    document.querySelector<HTMLDialogElement>("dialog")?.close();
    await vi.advanceTimersByTimeAsync(1000);
    expect(options()).toHaveLength(2);
    press("k", { ctrlKey: true });
    await vi.advanceTimersByTimeAsync(1000);
    expect(options()).toHaveLength(1);
  });

  it("says what to do when nothing is found, and when the server fails", async () => {
    const note = () => document.querySelector<HTMLElement>(".find-note");
    answer = () => Response.json({ query: "x", results: [], suggestion: "accounts" });
    await type("akkounts");
    expect(note()?.textContent).toBe("Nothing found. Do you mean “accounts”?");
    expect(field().hasAttribute("aria-activedescendant")).toBe(false);
    answer = () =>
      Response.json(
        { statusCode: 503, errorCode: "BusyError", message: "the server is busy" },
        { status: 503 },
      );
    await type("accounts");
    expect(note()?.textContent).toBe("The server is busy.");
    await type("");
    expect(note()?.hidden).toBe(true);
  });
});
