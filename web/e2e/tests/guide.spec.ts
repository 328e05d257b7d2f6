/** The guide for linking SpotDraft: linked from the Hub, public, and readable without JavaScript. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";
import { takeScreenshot } from "../support/screenshots.ts";

const GUIDE = "/guides/spotdraft/custom";

test("the Hub's guide button opens the guide", async ({ api, context, host, hub, server }) => {
  await hub.open(host, { token: await api.session({ owner: "Reads First" }), "base-url": server.url });
  await expect(hub.guideLink).toHaveAttribute("href", `${server.url}${GUIDE}`);
  const opened = context.waitForEvent("page");
  await hub.guideLink.click();
  const guide = await opened;
  await expect(guide).toHaveURL(`${server.url}${GUIDE}`);
  await expect(guide.getByRole("heading", { level: 1 })).toContainText("SpotDraft");
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the guide explains how to get and use the credentials", async ({ page, server }) => {
    await page.goto(`${server.url}${GUIDE}`);
    await expect(page.getByRole("heading", { level: 1 })).toContainText("SpotDraft");
    await expect(page.getByRole("heading", { name: "Generate API credentials" })).toBeVisible();
    await expect(page.getByRole("heading", { name: "Link the account in the Hub" })).toBeVisible();
    const main = page.getByRole("main");
    for (const text of [
      /administrator/i,
      /Developer Settings/,
      /shown (only )?once/i,
      /Client ID/,
      /Client Secret/,
    ]) {
      await expect(main.getByText(text).first()).toBeVisible();
    }
    await expect(page.locator("script")).toHaveCount(0);
  });

  test("the guide links to its Markdown source", async ({ page, request, server }) => {
    await page.goto(`${server.url}${GUIDE}`);
    const link = page.locator(`a[href$="${GUIDE}.md"]`).first();
    await expect(link).toBeVisible();
    const markdown = await request.get(`${server.url}${GUIDE}.md`);
    expect(markdown.headers()["content-type"]).toMatch(/^text\/markdown/);
    const source = await markdown.text();
    for (const text of ["# ", "Generate API credentials", "Link the account in the Hub", "Client Secret"]) {
      expect(source).toContain(text);
    }
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("the guide is accessible", async ({ page, server }) => {
      await page.goto(`${server.url}${GUIDE}`);
      await expectAccessible(page);
      await takeScreenshot(page, `guide-${colorScheme}`);
    });
  });
}

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test("the guide fits and is accessible", async ({ page, server }) => {
    await page.goto(`${server.url}${GUIDE}`);
    await expectAccessible(page);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow, "the page is not wider than the screen").toBe(0);
    await takeScreenshot(page, "guide-phone");
  });
});
