/** Reading the documentation: without script, without style, by keyboard, in the dark, on paper, and on a slow line. */
import type { APIRequestContext, Page } from "@playwright/test";
import { expectAccessible } from "../support/axe.ts";
import { DOCS, DocsPage } from "../support/docs-page.ts";
import { expect, test } from "../support/fixtures.ts";
import { tabTo } from "../support/hub-page.ts";
import type { Server } from "../support/server.ts";

const LANGUAGES = ["curl", "TypeScript", "Python"];

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the navigation and the links between pages work", async ({ page, server }) => {
    const docs = new DocsPage(page, server);
    await docs.open("/docs");
    await docs.sideNavigation.getByText("Guides", { exact: true }).click();
    await docs.sideNavigation.getByRole("link", { name: "API keys" }).click();
    await expect(docs.title).toHaveText("API keys");
    await expect(docs.sideNavigation.getByRole("link", { name: "API keys" })).toHaveAttribute(
      "aria-current",
      "page",
    );
    await page
      .getByRole("navigation", { name: "Previous and next page" })
      .getByRole("link", { name: /Next/ })
      .click();
    await expect(docs.title).toHaveText("Project settings");
    await page.getByRole("navigation", { name: "Breadcrumb" }).getByRole("link", { name: "Docs" }).click();
    await expect(page).toHaveURL(`${server.url}/docs`);
  });

  test("the menu of a phone opens", async ({ page, server }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    const docs = new DocsPage(page, server);
    await docs.open(DOCS.apiKeys);
    await expect(docs.sideNavigation).toBeHidden();
    await expect(docs.menu).toBeHidden();
    await page.getByText("Menu", { exact: true }).click();
    await docs.menu.getByRole("link", { name: "Rate limits" }).click();
    await expect(docs.title).toHaveText(/rate limit/i);
  });

  test("the blocks of a tab group are one below the other, each with its name", async ({ page, server }) => {
    const docs = new DocsPage(page, server);
    await docs.open(DOCS.apiKeys);
    const blocks = docs.tabs(0).locator("figure");
    await expect(blocks.locator("figcaption")).toHaveText(LANGUAGES);
    let bottom = 0;
    for (const block of await blocks.all()) {
      await expect(block.locator("figcaption")).toBeVisible();
      await expect(block.locator("pre")).toBeVisible();
      const box = await block.boundingBox();
      expect(box?.y).toBeGreaterThanOrEqual(bottom);
      bottom = (box?.y ?? 0) + (box?.height ?? 0);
    }
    await expect(page.getByRole("tab")).toHaveCount(0);
    await expect(page.getByRole("button", { name: "Copy" }), "no button that does nothing").toHaveCount(0);
  });

  test("the contents of a page lead to its parts", async ({ page, server }) => {
    const docs = new DocsPage(page, server);
    await page.setViewportSize({ width: 1440, height: 900 });
    await docs.open("/docs/link-accounts/embed");
    const contents = page.getByRole("navigation", { name: "On this page" });
    await contents.getByRole("link", { name: "Events" }).click();
    await expect(page).toHaveURL(/#events$/);
    await expect(docs.main.getByRole("heading", { name: "Events" })).toBeInViewport();
  });

  test("a path that does not exist offers a search", async ({ page, server }) => {
    const response = await page.goto(`${server.url}/docs/guides/api-kees`);
    expect(response?.status()).toBe(404);
    await expect(page.getByRole("searchbox", { name: "Words" })).toHaveValue("api kees");
  });

  test("the search form leads to the page of results", async ({ page, server }) => {
    const docs = new DocsPage(page, server);
    await docs.open("/docs");
    await page.getByRole("searchbox", { name: "Search the documentation" }).fill("API keys");
    await page.getByRole("search").getByRole("button", { name: "Search" }).click();
    await expect(page).toHaveURL(`${server.url}/docs/search?q=API+keys`);
    await docs.main.getByRole("link").first().click();
    await expect(docs.title).toHaveText("API keys");
  });
});

test("without style, a page reads from top to bottom", async ({ page, server }) => {
  await page.route(/\.css$/, (route) => route.abort());
  const docs = new DocsPage(page, server);
  await docs.open(DOCS.runningActions);
  expect(await page.evaluate(() => getComputedStyle(document.body).margin), "the style is not loaded").toBe(
    "8px",
  );
  const order = await page.evaluate(() => {
    const kinds = {
      skip: ".skip",
      title: "h1",
      lead: ".lead",
      text: "main h2",
      next: ".around",
      foot: ".foot",
    };
    const found = Object.entries(kinds).map(([kind, selector]) => ({
      kind,
      element: document.querySelector(selector),
    }));
    found.sort((a, b) =>
      a.element &&
      b.element &&
      a.element.compareDocumentPosition(b.element) & Node.DOCUMENT_POSITION_FOLLOWING
        ? -1
        : 1,
    );
    return found.map(({ kind }) => kind);
  });
  expect(order).toEqual(["skip", "title", "lead", "text", "next", "foot"]);
  await expect(page.locator("h1, h2, h3").first(), "the title is the first heading").toHaveText(
    "Run actions",
  );
  await expect(page.locator("body > :first-child")).toHaveText("Skip to content");
  // Sections of the navigation stay folded, so that the text is near the top.
  const opened = await docs.sideNavigation.locator("details[open] > summary").allTextContents();
  expect(opened).toEqual(["Guides"]);
  await expect(docs.menu).toBeHidden();
  for (const picture of await docs.main.locator("img").all()) {
    await expect(picture).toHaveAttribute("alt", /\w{3,}.*\s.*\w{3,}/);
  }
});

test.describe("by keyboard", () => {
  test("the skip link comes first and leads to the text", async ({ page, server }) => {
    const docs = new DocsPage(page, server);
    await docs.open(DOCS.apiKeys);
    await page.keyboard.press("Tab");
    await expect(docs.skipLink).toBeFocused();
    await expect(docs.skipLink).toBeInViewport();
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/#main$/);
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.closest("main") !== null)).toBe(true);
  });

  test("the menu of a phone opens, and leads to a page", async ({ page, server }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    const docs = new DocsPage(page, server);
    await docs.open(DOCS.apiKeys);
    await tabTo(page, page.locator("summary", { hasText: /^Menu$/ }));
    await page.keyboard.press("Enter");
    await expect(docs.menu).toBeVisible();
    await tabTo(page, docs.menu.locator("summary", { hasText: "Link accounts" }));
    await page.keyboard.press("Enter");
    await tabTo(page, docs.menu.getByRole("link", { name: "Auth links" }));
    await page.keyboard.press("Enter");
    await expect(docs.title).toHaveText(/auth link/i);
  });

  test("tabs move by the arrow keys, and their panel is next", async ({ page, server }) => {
    const docs = new DocsPage(page, server);
    await docs.open(DOCS.apiKeys);
    const tab = (name: string) => docs.tabs(0).getByRole("tab", { name });
    await tab("curl").focus();
    await page.keyboard.press("ArrowRight");
    await expect(tab("TypeScript")).toBeFocused();
    await expect(docs.tabs(0).getByRole("tabpanel", { name: "TypeScript" })).toBeVisible();
    await expect(docs.tabs(0).getByRole("tabpanel")).toHaveCount(1);
    await page.keyboard.press("End");
    await expect(tab("Python")).toBeFocused();
    await page.keyboard.press("ArrowRight");
    await expect(tab("curl")).toBeFocused();
    await page.keyboard.press("Tab");
    const panel = docs.tabs(0).getByRole("tabpanel", { name: "curl" });
    expect(await panel.evaluate((element) => element.contains(document.activeElement))).toBe(true);
  });

  test("a slash leads to the search", async ({ page, server }) => {
    await new DocsPage(page, server).open(DOCS.apiKeys);
    await page.keyboard.press("/");
    await expect(page.getByRole("combobox", { name: "Search the documentation" })).toBeFocused();
  });
});

test("the chosen tab holds for all groups, and on the next page", async ({ page, server }) => {
  const docs = new DocsPage(page, server);
  await docs.open(DOCS.runningActions);
  expect(await page.locator(".tabs").count()).toBeGreaterThan(1);
  await docs.tabs(1).getByRole("tab", { name: "Python" }).click();
  await expect(docs.tabs(0).getByRole("tabpanel", { name: "Python" })).toBeVisible();
  await docs.open(DOCS.apiKeys);
  await expect(docs.tabs(0).getByRole("tab", { name: "Python" })).toHaveAttribute("aria-selected", "true");
  await expect(docs.tabs(0).getByRole("tabpanel", { name: "Python" })).toBeVisible();
  await expect(docs.tabs(0).getByRole("tabpanel")).toHaveCount(1);
});

test("a page that is loaded again still runs its script", async ({ page, server }) => {
  const docs = new DocsPage(page, server);
  await docs.open(DOCS.apiKeys);
  await expect(docs.tabs(0).getByRole("tabpanel")).toHaveCount(1);
  await page.reload();
  await expect(docs.tabs(0).getByRole("tabpanel")).toHaveCount(1);
  await expect(page.getByRole("button", { name: "Copy page" })).toBeVisible();
});

test.describe("copying", () => {
  test.use({ permissions: ["clipboard-read", "clipboard-write"] });

  const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

  test("a code block's button copies its code", async ({ page, server }) => {
    const docs = new DocsPage(page, server);
    await docs.open(DOCS.apiKeys);
    const panel = docs.tabs(0).getByRole("tabpanel", { name: "curl" });
    await panel.getByRole("button", { name: "Copy" }).click();
    await expect(panel.getByRole("button", { name: "Copied" })).toBeVisible();
    expect(await clipboard(page)).toBe('curl --fail-with-body -sS -u "$KEY:" "$PATCHBAY/accounts"');
  });

  test("a console's button copies only the commands", async ({ page, server }) => {
    const docs = new DocsPage(page, server);
    await docs.open("/docs/build/tutorial");
    const block = docs.main.locator(".code", { has: page.locator(".p") }).first();
    await block.getByRole("button", { name: "Copy" }).click();
    const copied = await clipboard(page);
    expect(copied).not.toMatch(/^\$ /m);
    const commands = (await block.locator("code").innerText())
      .split("\n")
      .filter((line) => line.startsWith("$ "))
      .map((line) => line.slice(2).trim());
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) expect(copied).toContain(command);
  });

  test("Copy page copies the page as Markdown", async ({ page, request, server }) => {
    await new DocsPage(page, server).open(DOCS.spotdraftGuide);
    await page.getByRole("button", { name: "Copy page" }).click();
    await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
    const markdown = await (await request.get(`${server.url}${DOCS.spotdraftGuide}.md`)).text();
    expect(await clipboard(page)).toBe(markdown);
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in ${colorScheme} mode`, () => {
    test.use({ colorScheme });

    test("the page of a path that does not exist is accessible", async ({ page, server }) => {
      await new DocsPage(page, server).open("/docs/nothing-here");
      await expectAccessible(page);
    });

    test("the pictures are those of the mode", async ({ page, server }) => {
      const docs = new DocsPage(page, server);
      await docs.open("/docs/link-accounts/auth-links");
      const pictures = docs.main.locator("img");
      expect(await pictures.count()).toBeGreaterThan(0);
      for (const picture of await pictures.all()) {
        await picture.scrollIntoViewIfNeeded();
        await expect
          .poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth))
          .toBeGreaterThan(0);
        const source = await picture.evaluate((image: HTMLImageElement) => image.currentSrc);
        expect(source.endsWith("-dark.png"), source).toBe(colorScheme === "dark");
      }
    });
  });
}

test("on paper, only the text is left", async ({ page, server }) => {
  const docs = new DocsPage(page, server);
  await docs.open(DOCS.apiKeys);
  await page.emulateMedia({ media: "print" });
  await expect(docs.title).toBeVisible();
  await expect(docs.main.getByText("An API key lets a program call the API")).toBeVisible();
  await expect(docs.tabs(0).locator("pre").first()).toBeVisible();
  await expect(page.getByRole("navigation")).toHaveCount(0);
  await expect(page.getByRole("banner")).toHaveCount(0);
  await expect(page.getByRole("searchbox")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Copy" })).toHaveCount(0);
});

/** What a reader's first page may weigh, compressed: HTML, style and script. */
const FIRST_LOAD_BYTES = 60_000;
/** The kinds of pages are the first two parts of their paths, for example `/docs/build`. */
const KIND = /^\/docs(?:\/[^/]+)?/;

test("the first load of the largest pages is small", async ({ browser, request, server }) => {
  test.setTimeout(180_000);
  const largest = await largestPages(request, server, 5);
  for (const path of largest) {
    const context = await browser.newContext();
    const page = await context.newPage();
    const sizes: Promise<{ type: string; bytes: number }>[] = [];
    page.on("requestfinished", (finished) => {
      const type = finished.resourceType();
      sizes.push(finished.sizes().then(({ responseBodySize: bytes }) => ({ type, bytes })));
    });
    await page.goto(`${server.url}${path}`, { waitUntil: "networkidle" });
    const loaded = (await Promise.all(sizes)).filter(({ type }) => type !== "image");
    expect(loaded.map(({ type }) => type).sort()).toEqual(["document", "script", "stylesheet"]);
    const total = loaded.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(total, path).toBeGreaterThan(0);
    expect(total, `the first load of ${path}`).toBeLessThan(FIRST_LOAD_BYTES);
    await context.close();
  }
});

/** Returns the largest page of each of the kinds of pages that have the largest. */
async function largestPages(request: APIRequestContext, server: Server, count: number): Promise<string[]> {
  const sitemap = await (await request.get(`${server.url}/sitemap.xml`)).text();
  const paths = [...sitemap.matchAll(/<loc>([^<]+)<\/loc>/g)].map(([, url]) => new URL(url ?? "").pathname);
  const largest = new Map<string, { path: string; length: number }>();
  for (const path of paths) {
    const [kind = ""] = KIND.exec(path) ?? [];
    const { length } = await (await request.get(`${server.url}${path}`)).body();
    if (length > (largest.get(kind)?.length ?? 0)) largest.set(kind, { path, length });
  }
  const sorted = [...largest.values()].sort((a, b) => b.length - a.length);
  expect(sorted.length).toBeGreaterThanOrEqual(count);
  return sorted.slice(0, count).map(({ path }) => path);
}
