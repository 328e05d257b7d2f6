/** The demo page: with nobody signed in, with the dashboard's sign-in, and its code to copy. */
import type { Page } from "@playwright/test";
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/own-fixtures.ts";
import { expectFits, OwnHub } from "../support/own-hub.ts";
import { picture } from "../support/pictures.ts";

const hubIn = (page: Page): OwnHub => new OwnHub(page.locator("patchbay-hub").frameLocator("iframe"));

const log = (page: Page) => page.getByRole("list", { name: "What the page hears" }).getByRole("listitem");

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`signed out, in ${colorScheme}`, () => {
    test.use({ colorScheme });

    test("it explains itself and takes a token from elsewhere", async ({ operator, page, server }) => {
      await page.goto(`${server.url}/demo`);
      await page.getByRole("radio", { name: "System" }).check();
      await expect(page.getByRole("link", { name: "Sign in to the dashboard" })).toHaveAttribute(
        "href",
        "/dashboard",
      );
      await page.getByRole("button", { name: "Open the Hub" }).click();
      await expect(page.getByRole("alert")).toContainText("Paste the token first");
      await expectAccessible(page);

      const { token } = await operator.session("Pasted Ltd");
      await page.getByLabel("Or paste a session's token").fill(token);
      await page.getByRole("button", { name: "Open the Hub" }).click();
      await expect(hubIn(page).heading("Connect SpotDraft")).toBeVisible();
      await expectAccessible(page);
      await hubIn(page).button("Cancel").click();
      await expect(page.getByRole("dialog")).toBeHidden();
      await expect(log(page)).toHaveText([/ready/, /cancel/]);
    });
  });
}

test("signed in, it links an account in a dialog, logs what arrives, and edits it in the page", async ({
  context,
  member,
  page,
  server,
}) => {
  await context.addCookies([{ ...member.cookie, url: server.url }]);
  await page.goto(`${server.url}/demo`);
  await expect(page.getByText("Nothing is connected yet")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Connect a tool" }).click();
  const dialog = page.getByRole("dialog", { name: "Connect a tool" });
  await expect(hubIn(page).heading("Connect SpotDraft")).toBeVisible();
  await picture(page, "demo-dialog");
  await hubIn(page).button("Fill in").click();
  await hubIn(page).connect.click();
  await hubIn(page).button("Back to Northwind").click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText("Connected", { exact: true })).toBeVisible();
  await expect(log(page)).toHaveText([/POST \/connect_sessions/, /ready/, /success.*spotdraft/, /close/]);

  await page.getByRole("radio", { name: "In the page" }).check();
  await page.getByRole("radio", { name: "Own colours" }).check();
  await page.getByRole("button", { name: "Edit SpotDraft" }).click();
  await expect(hubIn(page).heading("Edit SpotDraft")).toBeVisible();
  await expect(hubIn(page).button("Save")).toHaveCSS("background-color", "rgb(15, 118, 110)");
  await expectAccessible(page);
  await picture(page, "demo-inline");
  await page.setViewportSize({ width: 360, height: 740 });
  await expectFits(page);
  await expectAccessible(page);
});

test("Escape closes the dialog, and the focus goes back to its button", async ({
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

test("the code to copy holds this server and this page", async ({ context, page, server }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.url });
  await page.goto(`${server.url}/demo`);
  const copied = async (language: string): Promise<string> => {
    await page.getByRole("radio", { name: language }).check();
    await page.getByRole("button", { name: "Copy", exact: true }).click();
    await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const html = await copied("HTML");
  expect(html).toContain(`${server.url}/embed/patchbay-hub.js`);
  expect(html).toContain("<patchbay-hub");
  await page.reload();
  const curl = await copied("curl");
  expect(curl).toContain(`${server.url}/connect_sessions`);
  expect(curl).toContain(server.url);
});
