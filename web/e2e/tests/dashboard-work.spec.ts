/** Connectors and their profiles, keys, and the settings. */
import { expectAccessible } from "../support/axe.ts";
import { choose } from "../support/dashboard.ts";
import { expect, test } from "../support/fixtures.ts";

test("a profile is made with picked actions, switched off and on, and deleted", async ({ dashboard }) => {
  const { page } = dashboard;
  await dashboard.open("/profiles");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create profile" }).click();
  await choose(page, "Connector", "SpotDraft");
  await page.getByLabel("Name").fill("Read only");
  await page.getByText("Only these").click();
  await page.getByRole("button", { name: "Those that read" }).click();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create", exact: true }).click();
  const row = page.getByRole("row").filter({ hasText: "Read only" });
  await expect(row).toContainText("of 98");
  await row.getByRole("switch").press("Space");
  await page.getByRole("button", { name: "Disable it" }).click();
  await expect(row.getByRole("switch")).not.toBeChecked();
  await row.getByRole("switch").press("Space");
  await expect(row.getByRole("switch")).toBeChecked();
  await row.getByRole("button", { name: "Changes to Read only" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete the profile" }).click();
  await expect(row).toHaveCount(0);
});

test("a profile in use is not deleted, and says why", async ({ dashboard, api }) => {
  const { page } = dashboard;
  await api.link("User of the Profile");
  await dashboard.open("/profiles");
  await page.getByRole("button", { name: "Changes to SpotDraft" }).first().click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete the profile" }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toBeVisible();
});

test("connectors tell their actions by topic, with their inputs, and lead to the runner", async ({
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
  await page.getByRole("textbox", { name: "Search the actions" }).fill("nothing like this");
  await expect(page.getByText("No action has these words.")).toBeVisible();
  await page.getByRole("textbox", { name: "Search the actions" }).fill("void");
  const action = page.getByRole("button", { name: /Void/ });
  await expect(action).toContainText("Cannot be undone");
  await action.click();
  await expect(page.getByRole("table", { name: "Inputs" })).toContainText("path.composite_id");
  await expectAccessible(page);
  await page.getByRole("link", { name: "Run Void a contract" }).click();
  await expect(page).toHaveURL(/\/run\?connector=spotdraft&action=spotdraft_void_contract/);
  await choose(page, "Account", "Connector Page Ltd");
  await expect(page.getByRole("region", { name: "Inputs" })).toContainText("composite_id");
});

test("a profile is edited and made the default", async ({ dashboard }) => {
  const { page } = dashboard;
  await dashboard.open("/profiles");
  await page.getByRole("button", { name: "Create profile" }).click();
  await choose(page, "Connector", "SpotDraft");
  await page.getByLabel("Name").fill("Second");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  const row = (name: string) => page.getByRole("row").filter({ hasText: name });
  await row("Second").getByRole("button", { name: "Changes to Second" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await page.getByLabel("Name").fill("Renamed");
  await page.getByText("Only these").click();
  await page.getByRole("button", { name: "None" }).click();
  await page.getByRole("checkbox", { name: "List contracts", exact: true }).check();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(row("Renamed")).toContainText("1 of 98");
  await row("Renamed").getByRole("button", { name: "Changes to Renamed" }).click();
  await page.getByRole("menuitem", { name: "Make it the default" }).click();
  await expect(row("Renamed")).toContainText("Default");
  // The others on this server go on with the first one.
  await page.getByRole("button", { name: "Changes to SpotDraft" }).first().click();
  await page.getByRole("menuitem", { name: "Make it the default" }).click();
  await expect(row("Renamed")).not.toContainText("Default");
  await row("Renamed").getByRole("button", { name: "Changes to Renamed" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete the profile" }).click();
  await expect(row("Renamed")).toHaveCount(0);
});

test("a key is shown once, works, is switched off and deleted", async ({ dashboard, server }) => {
  const { page } = dashboard;
  await dashboard.open("/keys");
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByLabel("Name").fill("nightly export");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create", exact: true }).click();
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
  await page.getByRole("button", { name: "Delete the key" }).click();
  await expect(row).toHaveCount(0);
});

test("the settings change the password", async ({ dashboard }) => {
  const { page } = dashboard;
  await dashboard.open("/settings");
  await expectAccessible(page);
  await page.getByLabel("Current password").fill("not the password");
  await page.getByLabel("New password").fill("another long password");
  await page.getByLabel("The same once more").fill("another long password");
  await page.getByRole("button", { name: "Change the password" }).click();
  await expect(page.getByRole("alert")).toContainText("the current password is wrong");
});
