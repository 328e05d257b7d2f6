/** Every page of the dashboard on a narrow phone in light and dark mode, and with a failing server. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";

const PAGES = [
  ["/overview", "Overview"],
  ["/accounts", "Accounts"],
  ["/connectors", "Connectors"],
  ["/connectors/spotdraft", "SpotDraft"],
  ["/profiles", "Connector profiles"],
  ["/logs", "Logs"],
  ["/webhooks", "Webhooks"],
  ["/keys", "API keys"],
  ["/settings", "Settings"],
  ["/start", "Get started"],
  ["/run", "Run an action"],
  ["/agents", "Use with an agent"],
] as const;

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 } });
  for (const colorScheme of ["light", "dark"] as const) {
    test(`every page fits and is accessible in ${colorScheme} mode`, async ({ dashboard, api }) => {
      const { page } = dashboard;
      const id = await api.link(`Phone ${colorScheme} Ltd`);
      await page.emulateMedia({ colorScheme });
      const run = `/run?account=${id}&action=spotdraft_create_contract`;
      for (const path of [...PAGES.map(([path]) => path), run]) {
        await dashboard.open(path);
        await expect(page.getByLabel(/^Loading/)).toHaveCount(0);
        await expectAccessible(page);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(overflow, `${path} is not wider than the screen`).toBeLessThanOrEqual(0);
        for (const toggle of await page.getByRole("switch", { name: /^Enable / }).all()) {
          await expect(toggle, `the switches of ${path} are visible without scrolling`).toBeInViewport();
        }
      }
      await page.getByRole("button", { name: "Run", exact: true }).click();
      await expect(page.getByText("This is required.").first()).toBeVisible();
      await expectAccessible(page);
    });
  }
});

test.describe("when the server fails", () => {
  for (const [path, call] of [
    ["/accounts", "**/v2/accounts?*"],
    ["/connectors", "**/connectors/meta"],
    ["/connectors/spotdraft", "**/connectors/meta/spotdraft"],
    ["/profiles", "**/auth_configs?*"],
    ["/logs", /^\w+:\/\/[^/]+\/logs$/],
    ["/webhooks", /^\w+:\/\/[^/]+\/webhooks$/],
    ["/keys", "**/api_keys"],
    ["/run", "**/v2/accounts?*"],
  ] as const) {
    test(`${path} shows the error and can be retried`, async ({ dashboard }) => {
      const { page } = dashboard;
      await page.route(call, (route) =>
        route.fulfill({
          status: 503,
          contentType: "application/json",
          body: JSON.stringify({ statusCode: 503, errorCode: "BusyError", message: "the server is busy" }),
        }),
      );
      await dashboard.open(path);
      await expect(page.getByRole("alert").first()).toContainText("The server is busy.");
      await expectAccessible(page);
      await page.unroute(call);
      await page.getByRole("button", { name: "Try again" }).first().click();
      await expect(page.getByRole("alert")).toHaveCount(0);
    });
  }
});
