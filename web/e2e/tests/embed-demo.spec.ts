/** The demo page: logged out, logged in, and its code snippets. */
import type { Page } from "@playwright/test";
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/hub-fixtures.ts";
import { expectFits, HubPage } from "../support/hub-page.ts";
import { takeScreenshot } from "../support/screenshots.ts";

const hubIn = (page: Page): HubPage => new HubPage(page.locator("patchbay-hub").frameLocator("iframe"));

const events = (page: Page) => page.getByRole("list", { name: "Events" }).getByRole("listitem");

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`logged out in ${colorScheme} mode`, () => {
    test.use({ colorScheme });

    test("the page explains what to do and accepts a session token", async ({ operator, page, server }) => {
      await page.goto(`${server.url}/demo`);
      await page.getByRole("radio", { name: "System" }).check();
      await expect(page.getByRole("link", { name: "Log in to the dashboard" })).toHaveAttribute(
        "href",
        "/dashboard",
      );
      await page.getByRole("button", { name: "Open the Hub" }).click();
      await expect(page.getByRole("alert")).toContainText("Paste the token first");
      await expectAccessible(page);

      const { token } = await operator.session("Pasted Ltd");
      await page.getByLabel("Or paste a session token").fill(token);
      await page.getByRole("button", { name: "Open the Hub" }).click();
      await expect(hubIn(page).heading("Connect SpotDraft")).toBeVisible();
      await expectAccessible(page);
      await hubIn(page).button("Cancel").click();
      await expect(page.getByRole("dialog")).toBeHidden();
      await expect(events(page)).toHaveText([/ready/, /cancel/]);
    });
  });
}

test("logged in, the page links an account in a dialog, logs events, and edits it inline", async ({
  context,
  member,
  page,
  server,
}) => {
  await context.addCookies([{ ...member.cookie, url: server.url }]);
  await page.goto(`${server.url}/demo`);
  await expect(page.getByText("No tools connected yet")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Connect a tool" }).click();
  const dialog = page.getByRole("dialog", { name: "Connect a tool" });
  await expect(hubIn(page).heading("Connect SpotDraft")).toBeVisible();
  await hubIn(page).button("Fill in credentials").click();
  await hubIn(page).connect.click();
  await hubIn(page).button("Back to Northwind").click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText("Connected", { exact: true })).toBeVisible();
  await expect(events(page)).toHaveText([/POST \/connect_sessions/, /ready/, /success.*spotdraft/, /close/]);

  await page.getByRole("radio", { name: "In the page" }).check();
  await page.getByRole("radio", { name: "Custom" }).check();
  await page.getByRole("button", { name: "Edit SpotDraft" }).click();
  await expect(hubIn(page).heading("Edit SpotDraft")).toBeVisible();
  await expect(hubIn(page).button("Save")).toHaveCSS("background-color", "rgb(15, 118, 110)");
  await expectAccessible(page);
  await takeScreenshot(page, "demo-inline", { dark: false });
  await page.setViewportSize({ width: 360, height: 740 });
  await expectFits(page);
  await expectAccessible(page);
});

test("Escape closes the dialog and returns the focus to its button", async ({
  context,
  member,
  page,
  server,
}) => {
  await context.addCookies([{ ...member.cookie, url: server.url }]);
  await page.goto(`${server.url}/demo`);
  const opener = page.getByRole("button", { name: "Connect a tool" });
  await opener.click();
  await expect(hubIn(page).heading("Connect SpotDraft")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(opener).toBeFocused();
});

test("the code snippets contain this server and this page", async ({ context, page, server }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.url });
  await page.goto(`${server.url}/demo`);
  const copySnippet = async (language: string): Promise<string> => {
    await page.getByRole("radio", { name: language }).check();
    await page.getByRole("button", { name: "Copy", exact: true }).click();
    await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const html = await copySnippet("HTML");
  expect(html).toContain(`${server.url}/embed/patchbay-hub.js`);
  expect(html).toContain("<patchbay-hub");
  await page.reload();
  const curl = await copySnippet("curl");
  expect(curl).toContain(`${server.url}/connect_sessions`);
  expect(curl).toContain(server.url);
});
