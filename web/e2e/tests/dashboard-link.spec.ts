/** The three ways to link an account from the dashboard. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";
import { takeScreenshot } from "../support/screenshots.ts";
import { SANDBOX } from "../support/server.ts";

test("an account is linked in the Hub dialog and appears in the list", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const owner = "Direct Ltd";
  await dashboard.open("/accounts");
  await page.getByRole("button", { name: "Link account" }).first().click();
  await page.getByRole("button", { name: "Open the Hub" }).click();
  await expect(page.getByText("Enter the customer's name.")).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel("Owner ID").fill("direct-ltd");
  await page.getByLabel("Owner name").fill(owner);
  await page.getByRole("button", { name: "Open the Hub" }).click();

  await dashboard.connect("a wrong secret");
  await expect(dashboard.hub.getByRole("alert").first()).toBeVisible();
  expect(await api.accounts(owner), "a wrong secret creates no account").toEqual([]);

  await dashboard.connect();
  await expect(dashboard.hub.getByRole("heading", { name: "is connected" })).toBeVisible();
  await dashboard.hub.getByRole("button", { name: "Done" }).click();
  await expect(dashboard.row(owner)).toContainText("Active");
  expect(await api.accounts(owner)).toHaveLength(1);
});

test("an account is linked by an auth link that a customer opens", async ({ dashboard, api, browser }) => {
  const { page } = dashboard;
  const owner = "Linked Inc";
  await dashboard.open("/accounts");
  await page.getByRole("button", { name: "Link account" }).first().click();
  await page.getByRole("tab", { name: "Send an auth link" }).click();
  await page.getByLabel("Owner ID").fill("linked-inc");
  await page.getByLabel("Owner name").fill(owner);
  const dialog = page.getByRole("dialog");
  await dialog
    .getByRole("combobox", { name: "Connector" })
    .or(dialog.getByRole("textbox", { name: "Connector" }))
    .click();
  await page.getByRole("option", { name: "SpotDraft" }).click();
  await page.getByRole("button", { name: "Create link" }).click();
  const link = (await page.getByLabel("Auth link", { exact: true }).textContent()) ?? "";
  expect(link).toContain("/embedded/integrations?token=");
  await expectAccessible(page);

  // The customer's browser has no dashboard login.
  const customer = await (await browser.newContext()).newPage();
  await customer.goto(link);
  await customer.getByLabel("Client ID", { exact: true }).fill(SANDBOX.clientId);
  await customer.getByLabel("Client Secret", { exact: true }).fill(SANDBOX.clientSecret);
  await customer.getByRole("button", { name: "Connect", exact: true }).click();
  await expect(customer.getByRole("heading", { name: "is connected" })).toBeVisible();
  expect(customer.url(), "the token is removed from the address bar").not.toContain("token=");
  await customer.context().close();
  expect(await api.accounts(owner)).toHaveLength(1);
});

test("the embedding code contains this server's URL", async ({ dashboard, server }) => {
  const { page } = dashboard;
  await dashboard.open("/accounts");
  await page.getByRole("button", { name: "Link account" }).first().click();
  await page.getByRole("tab", { name: "Embed in your product" }).click();
  await expect(page.getByText("allowed_origins").first()).toBeVisible();
  await expect(page.locator("pre").last()).toContainText(`${server.url}/embed/patchbay-hub.js`);
  await page.getByRole("tab", { name: "curl" }).click();
  await expect(page.locator("pre").first()).toContainText(`${server.url}/connect_sessions`);
  await expectAccessible(page);
  await takeScreenshot(page.getByRole("dialog"), "dashboard-link");
});
