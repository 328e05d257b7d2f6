/** Connectors, connector profiles, API keys and settings. */
import { expectAccessible } from "../support/axe.ts";
import { choose } from "../support/dashboard.ts";
import { expect, test } from "../support/fixtures.ts";

test("a profile is created with selected actions, disabled, enabled and deleted", async ({ dashboard }) => {
  const { page } = dashboard;
  await dashboard.open("/profiles");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create connector profile" }).click();
  await choose(page, "Connector", "SpotDraft");
  await page.getByLabel("Name").fill("Read only");
  await page.getByText("Selected actions").click();
  await page.getByRole("button", { name: "Select read-only" }).click();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create profile" }).click();
  const row = page.getByRole("row").filter({ hasText: "Read only" });
  await expect(row).toContainText("of 98");
  await row.getByRole("switch").press("Space");
  await page.getByRole("button", { name: "Disable profile" }).click();
  await expect(row.getByRole("switch")).not.toBeChecked();
  await row.getByRole("switch").press("Space");
  await expect(row.getByRole("switch")).toBeChecked();
  await row.getByRole("button", { name: "Actions for Read only" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete profile" }).click();
  await expect(row).toHaveCount(0);
});

test("a profile in use cannot be deleted, and the dialog says why", async ({ dashboard, api }) => {
  const { page } = dashboard;
  await api.link("User of the Profile");
  await dashboard.open("/profiles");
  await page.getByRole("button", { name: "Actions for SpotDraft" }).first().click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete profile" }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toBeVisible();
});

test("a connector's actions are grouped by topic, show their inputs and link to the runner", async ({
  dashboard,
  api,
}) => {
  const { page } = dashboard;
  await api.link("Connector Page Ltd");
  await dashboard.open("/connectors");
  await expectAccessible(page);
  await page.getByRole("link", { name: "SpotDraft" }).click();
  await expect(page.getByRole("heading", { name: "Actions (98)" })).toBeVisible();
  await expect(page.getByRole("region", { name: "Templates" })).toBeVisible();
  await page.getByRole("textbox", { name: "Search actions" }).fill("nothing like this");
  await expect(page.getByText("No matching actions.")).toBeVisible();
  await page.getByRole("textbox", { name: "Search actions" }).fill("nudge the signer again");
  await expect(page.getByRole("button", { name: /Resend the signature email/ })).toBeVisible();
  await page.getByRole("textbox", { name: "Search actions" }).fill("void");
  const action = page.getByRole("button", { name: /Void/ });
  await expect(action).toContainText("Cannot be undone");
  await action.click();
  await expect(page.getByRole("table", { name: "Inputs" })).toContainText("path.composite_id");
  await expectAccessible(page);
  await page.getByRole("link", { name: "Run action Void a contract" }).click();
  await expect(page).toHaveURL(/\/run\?connector=spotdraft&action=spotdraft_void_contract/);
  await choose(page, "Account", "Connector Page Ltd");
  await expect(page.getByRole("region", { name: "Inputs" })).toContainText("composite_id");
});

test("a profile is edited and made the default", async ({ dashboard }) => {
  const { page } = dashboard;
  await dashboard.open("/profiles");
  await page.getByRole("button", { name: "Create connector profile" }).click();
  await choose(page, "Connector", "SpotDraft");
  await page.getByLabel("Name").fill("Second");
  await page.getByRole("button", { name: "Create profile" }).click();
  const row = (name: string) => page.getByRole("row").filter({ hasText: name });
  await row("Second").getByRole("button", { name: "Actions for Second" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await page.getByLabel("Name").fill("Renamed");
  await page.getByText("Selected actions").click();
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByRole("checkbox", { name: "List contracts", exact: true }).check();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(row("Renamed")).toContainText("1 of 98");
  await row("Renamed").getByRole("button", { name: "Actions for Renamed" }).click();
  await page.getByRole("menuitem", { name: "Make default" }).click();
  await expect(row("Renamed")).toContainText("Default");
  // The other tests on this server use the first profile.
  await page.getByRole("button", { name: "Actions for SpotDraft" }).first().click();
  await page.getByRole("menuitem", { name: "Make default" }).click();
  await expect(row("Renamed")).not.toContainText("Default");
  await row("Renamed").getByRole("button", { name: "Actions for Renamed" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete profile" }).click();
  await expect(row("Renamed")).toHaveCount(0);
});

test("an API key is shown once, works, is disabled and deleted", async ({ dashboard, server }) => {
  const { page } = dashboard;
  await dashboard.open("/keys");
  await page.getByRole("button", { name: "Create API key" }).click();
  await page.getByLabel("Name").fill("nightly export");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create key" }).click();
  const key = (await page.getByLabel("API key", { exact: true }).textContent()) ?? "";
  expect(key).toMatch(/^v1\.local\./);
  const status = async () => {
    const headers = { authorization: `Basic ${Buffer.from(`${key}:`).toString("base64")}` };
    return (await fetch(`${server.url}/accounts`, { headers })).status;
  };
  expect(await status()).toBe(200);
  await page.keyboard.press("Escape");
  await expect(page.getByLabel("API key", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  expect(await page.content()).not.toContain(key);
  await expectAccessible(page);
  const row = page.getByRole("row").filter({ hasText: "nightly export" });
  await row.getByRole("switch").press("Space");
  await expect.poll(status).toBe(401);
  await row.getByRole("button", { name: "Delete nightly export" }).click();
  await page.getByRole("button", { name: "Delete key" }).click();
  await expect(row).toHaveCount(0);
});

test("changing the password needs the current one", async ({ dashboard }) => {
  const { page } = dashboard;
  await dashboard.open("/settings");
  await expectAccessible(page);
  await page.getByLabel("Current password").fill("not the password");
  await page.getByLabel("New password").fill("another long password");
  await page.getByLabel("Confirm password").fill("another long password");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByRole("alert")).toContainText(/the current password is wrong/i);
});
