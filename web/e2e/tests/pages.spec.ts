/** The other pages that the server renders: start page, API reference, guide index. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";

const PAGES = [
  { path: "/", heading: /Patchbay/ },
  { path: "/docs", heading: /API/ },
  { path: "/guides", heading: /guides/i },
] as const;

for (const { path, heading } of PAGES) {
  for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`${path} in ${colorScheme}`, () => {
      test.use({ colorScheme });

      test("is accessible and quiet", async ({ page, server, traffic }) => {
        const complaints: string[] = [];
        page.on("console", (message) => complaints.push(message.text()));
        page.on("pageerror", (error) => complaints.push(error.message));
        await page.goto(`${server.url}${path}`);
        await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
        // Before axe, which brings a script of its own into the page.
        expect(complaints).toEqual([]);
        expect(traffic.refused, "a page needs nothing from elsewhere").toEqual([]);
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
      expect(overflow, "nothing is wider than the screen").toBe(0);
    });
  });

  test.describe(`${path} without script`, () => {
    test.use({ javaScriptEnabled: false });

    test("reads the same", async ({ page, server }) => {
      await page.goto(`${server.url}${path}`);
      await expect(page.getByRole("main")).toBeVisible();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
    });
  });
}

test("every link of the start page leads somewhere", async ({ page, request, server }) => {
  await page.goto(server.url);
  const links = await page
    .getByRole("link")
    .evaluateAll((anchors) => anchors.map((anchor) => (anchor as HTMLAnchorElement).href));
  const ours = [...new Set(links.filter((link) => link.startsWith(server.url)))];
  expect(ours).toContain(`${server.url}/docs`);
  for (const link of ours) expect((await request.get(link)).status(), link).toBe(200);
});
