/** Copy buttons, tabs and keys. */

import { beforeEach, expect, it, vi } from "vitest";
import { addCopyButtons } from "./code.ts";
import { addPageCopy } from "./page.ts";
import { startTabs } from "./tabs.ts";

const group = (...titles: string[]) =>
  `<div class="tabs">${titles
    .map(
      (title) =>
        `<figure data-tab="${title}"><figcaption>${title}</figcaption><pre>${title} code</pre></figure>`,
    )
    .join("")}</div>`;

const shown = () =>
  [...document.querySelectorAll<HTMLElement>("figure")]
    .filter((panel) => !panel.hidden)
    .map((panel) => panel.dataset.tab);

const tab = (title: string, at = 0) =>
  [...document.querySelectorAll<HTMLButtonElement>('[role="tab"]')].filter(
    (button) => button.textContent === title,
  )[at];

/** A store for one test. */
function memory(first: Record<string, string> = {}) {
  const values = new Map(Object.entries(first));
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    values,
  };
}

const written = vi.fn(async (_: string) => {});

beforeEach(() => {
  document.head.innerHTML = "";
  written.mockClear();
  vi.stubGlobal("navigator", { clipboard: { writeText: written } });
});

it("copies code, and of a console only the commands", async () => {
  document.body.innerHTML =
    '<div class="code"><pre><code>a\n<span class="k">b</span>\n</code></pre></div>' +
    '<div class="code"><pre><code><span class="p">$ </span>ls -l\n<span class="o">total 0\n</span><span class="p">$ </span>pwd\n</code></pre></div>';
  addCopyButtons(document);
  const buttons = document.querySelectorAll<HTMLButtonElement>(".copy");
  for (const button of buttons) button.click();
  await vi.waitFor(() => expect(written.mock.calls).toEqual([["a\nb"], ["ls -l\npwd"]]));
  await vi.waitFor(() => expect(buttons[0]?.textContent).toBe("Copied"));
});

it("says that nothing was copied when the browser forbids it", async () => {
  written.mockRejectedValueOnce(new Error("not allowed"));
  document.body.innerHTML = '<div class="code"><pre><code>a</code></pre></div>';
  addCopyButtons(document);
  const button = document.querySelector<HTMLButtonElement>(".copy");
  button?.click();
  await vi.waitFor(() => expect(button?.textContent).toBe("Not copied"));
});

it("copies the page as Markdown", async () => {
  document.head.innerHTML = '<link rel="alternate" type="text/markdown" href="/docs/a.md">';
  document.body.innerHTML = '<p class="tools"></p>';
  const fetched = vi.fn(async () => new Response("# A"));
  vi.stubGlobal("fetch", fetched);
  addPageCopy(document);
  document.querySelector<HTMLButtonElement>(".tools button")?.click();
  await vi.waitFor(() => expect(written).toHaveBeenCalledWith("# A"));
  expect(String(fetched.mock.calls[0]?.at(0))).toMatch(/\/docs\/a\.md$/);
});

it("shows one tab of each group and remembers the choice for all", () => {
  document.body.innerHTML =
    group("curl", "TypeScript") + group("curl", "TypeScript", "Python") + group("npm");
  const store = memory();
  startTabs(document, () => store);
  expect(shown()).toEqual(["curl", "curl", "npm"]);
  tab("TypeScript")?.click();
  expect(shown()).toEqual(["TypeScript", "TypeScript", "npm"]);
  expect([...store.values.values()]).toEqual(["TypeScript"]);
  tab("Python")?.click();
  expect(shown()).toEqual(["TypeScript", "Python", "npm"]);
  document.body.innerHTML = group("curl", "Python");
  startTabs(document, () => store);
  expect(shown()).toEqual(["Python"]);
});

it("moves between tabs with the arrow keys", () => {
  document.body.innerHTML = group("curl", "TypeScript");
  startTabs(document, () => memory());
  const press = (title: string, key: string) =>
    tab(title)?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  press("curl", "ArrowLeft");
  expect(shown()).toEqual(["TypeScript"]);
  expect(document.activeElement).toBe(tab("TypeScript"));
  press("TypeScript", "Home");
  expect(shown()).toEqual(["curl"]);
  expect(tab("curl")?.getAttribute("aria-selected")).toBe("true");
  expect(tab("TypeScript")?.tabIndex).toBe(-1);
});

it("works in a browser that forbids the store", () => {
  document.body.innerHTML = group("curl", "TypeScript");
  startTabs(document, () => {
    throw new Error("forbidden");
  });
  tab("TypeScript")?.click();
  expect(shown()).toEqual(["TypeScript"]);
});
