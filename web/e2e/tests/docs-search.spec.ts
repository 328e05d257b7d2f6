/** The search of the documentation: the dialog by keyboard, the page of results without JavaScript, the dashboard's search. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";
import { expectFits } from "../support/hub-page.ts";

const SCREENS = [
  { name: "in light mode", colorScheme: "light", viewport: { width: 1200, height: 900 } },
  { name: "in dark mode", colorScheme: "dark", viewport: { width: 1200, height: 900 } },
  { name: "on a phone", colorScheme: "light", viewport: { width: 360, height: 740 } },
] as const;

for (const { name, colorScheme, viewport } of SCREENS) {
  test.describe(name, () => {
    test.use({ colorScheme, viewport });

    test("the dialog is used by keyboard only", async ({ page, server, traffic }) => {
      const messages: string[] = [];
      page.on("console", (message) => messages.push(message.text()));
      page.on("pageerror", (error) => messages.push(error.message));
      await page.goto(`${server.url}/docs`);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await page.keyboard.press("Control+K");
      const dialog = page.getByRole("dialog", { name: "Search the documentation" });
      const field = dialog.getByRole("combobox");
      await expect(field).toBeFocused();
      await page.keyboard.type("idempotency ke");
      await expect(dialog.getByRole("option").first()).toContainText("Idempotency keys");
      await expect(dialog.getByRole("status")).toContainText("results");
      await expect(dialog.locator("mark").first()).toBeVisible();
      const active = dialog.getByRole("option", { selected: true });
      const first = await active.getAttribute("id");
      await page.keyboard.press("ArrowDown");
      await expect(active).not.toHaveAttribute("id", first ?? "");
      await page.keyboard.press("ArrowUp");
      await expect(active).toHaveAttribute("id", first ?? "");
      await expect(field).toHaveAttribute("aria-activedescendant", first ?? "");
      await expectFits(page);
      // Checked before axe, which injects a script.
      expect(messages).toEqual([]);
      expect(traffic.blocked).toEqual([]);
      await expectAccessible(page);
      await page.keyboard.press("Enter");
      await expect(page).toHaveURL(/\/docs\/guides\/idempotency/);

      // Its script runs.
      await expect(page.getByRole("button", { name: "Copy page" })).toBeVisible();
      await page.keyboard.press("/");
      await expect(field).toBeFocused();
      await page.keyboard.type("akkkounts");
      await expect(dialog.getByText(/^Nothing found\. Do you mean/)).toBeVisible();
      await page.keyboard.press("Escape");
      await expect(dialog).toBeHidden();
    });

    test("the page of results needs no script and is accessible", async ({ browser, server, page }) => {
      const context = await browser.newContext({ javaScriptEnabled: false, colorScheme, viewport });
      const plain = await context.newPage();
      await plain.goto(`${server.url}/docs`);
      const search = plain.getByRole("search").first();
      await search.getByRole("searchbox").fill("roatte key");
      await search.getByRole("button", { name: "Search" }).click();
      await expect(plain).toHaveURL(/\/docs\/search\?q=roatte\+key/);
      await expect(plain.getByRole("main").getByRole("listitem").first().getByRole("link")).toBeVisible();
      await plain.getByRole("link", { name: "Rotate", exact: true }).first().click();
      await expect(plain).toHaveURL(/#rotate/);
      await context.close();

      for (const query of ["key+ring", "akkkounts", ""]) {
        await page.goto(`${server.url}/docs/search?q=${query}`);
        await expect(page.getByRole("heading", { level: 1, name: "Search" })).toBeVisible();
        await expectAccessible(page);
        await expectFits(page);
      }
    });

    test("the dashboard finds its pages first, then the documentation", async ({ dashboard, server }) => {
      const { page } = dashboard;
      await dashboard.open("/accounts");
      await page.keyboard.press("Control+K");
      const dialog = page.getByRole("dialog", { name: "Search" });
      const field = dialog.getByRole("combobox");
      await expect(field).toBeFocused();
      await expect(dialog.getByRole("option").first()).toContainText("Overview");
      await field.fill("api keys");
      await expect(dialog.getByRole("option").first()).toHaveText("API keys");
      await expect(dialog.getByRole("option").nth(1)).toContainText("GuidesAPI keys");
      await expectAccessible(page);
      await page.keyboard.press("Enter");
      await expect(page.getByRole("heading", { level: 1, name: "API keys" })).toBeVisible();
      await expect(dialog).toBeHidden();

      await page.getByRole("button", { name: "Search", exact: true }).click();
      await field.fill("idempotency keys");
      await expect(dialog.getByRole("option", { selected: true })).toContainText("Idempotency keys");
      const popup = page.waitForEvent("popup");
      await page.keyboard.press("Enter");
      await expect(await popup).toHaveURL(new RegExp(`${server.url}/docs/guides/idempotency`));
      await expect(dialog).toBeHidden();
    });
  });
}
