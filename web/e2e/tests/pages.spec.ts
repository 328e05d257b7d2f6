/** The pages that the server renders: start page, API reference, guide index. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";

const PAGES = [
  { path: "/", heading: /Patchbay/ },
  { path: "/docs", heading: /API/ },
  { path: "/guides", heading: /guides/i },
] as const;

for (const { path, heading } of PAGES) {
  for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`${path} in ${colorScheme} mode`, () => {
      test.use({ colorScheme });

      test("is accessible and logs no errors", async ({ page, server, traffic }) => {
        const messages: string[] = [];
        page.on("console", (message) => messages.push(message.text()));
        page.on("pageerror", (error) => messages.push(error.message));
        await page.goto(`${server.url}${path}`);
        await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
        // Checked before axe, which injects a script.
        expect(messages).toEqual([]);
        expect(traffic.blocked, "the page loads nothing from other hosts").toEqual([]);
        await expectAccessible(page);
      });
    });
  }

  test.describe(`${path} on a phone`, () => {
    test.use({ viewport: { width: 390, height: 844 }, javaScriptEnabled: true });

    test("fits", async ({ page, server }) => {
      await page.goto(`${server.url}${path}`);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow, "the page is not wider than the screen").toBe(0);
    });
  });

  test.describe(`${path} without JavaScript`, () => {
    test.use({ javaScriptEnabled: false });

    test("shows its content", async ({ page, server }) => {
      await page.goto(`${server.url}${path}`);
      await expect(page.getByRole("main")).toBeVisible();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
    });
  });
}

test("every link of the start page works", async ({ page, request, server }) => {
  await page.goto(server.url);
  const links = await page
    .getByRole("link")
    .evaluateAll((anchors) => anchors.map((anchor) => (anchor as HTMLAnchorElement).href));
  const internalLinks = [...new Set(links.filter((link) => link.startsWith(server.url)))];
  expect(internalLinks).toContain(`${server.url}/docs`);
  for (const link of internalLinks) expect((await request.get(link)).status(), link).toBe(200);
});
