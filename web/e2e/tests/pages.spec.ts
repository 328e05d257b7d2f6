/** The pages that the server renders: start page and documentation. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";
import { expectFits } from "../support/hub-page.ts";

const PAGES = [
  { path: "/", heading: /Patchbay/ },
  { path: "/docs", heading: /documentation/i },
  { path: "/docs/link-accounts", heading: /linking methods/ },
  { path: "/docs/connectors", heading: /Connectors/ },
  { path: "/docs/api", heading: /API/ },
  { path: "/docs/link-accounts/embed", heading: /Hub/ },
  { path: "/docs/guides/running-actions", heading: /actions/i },
  { path: "/docs/build/format", heading: /format/i },
  { path: "/docs/errors", heading: /Error codes/ },
  { path: "/docs/operate/troubleshooting", heading: /Troubleshooting/ },
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
    test.use({ viewport: { width: 390, height: 844 } });

    test("fits and is accessible", async ({ page, server }) => {
      await page.goto(`${server.url}${path}`);
      await expectFits(page);
      await expectAccessible(page);
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
