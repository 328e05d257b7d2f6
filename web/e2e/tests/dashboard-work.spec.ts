/** Running actions, connectors and their profiles, keys, and the first steps. */
import type { Page } from "@playwright/test";
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";
import { picture } from "../support/pictures.ts";

/** Chooses the one option of a searchable list that has a text. */
async function choose(page: Page, label: string, text: string): Promise<void> {
  const input = page.getByLabel(label, { exact: true }).and(page.locator("input"));
  await input.click();
  await input.fill(text);
  await page.getByRole("option", { name: text }).first().click();
}

test("an action runs from a form, and shows what was sent without secrets", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Runner Ltd");
  await dashboard.open(`/run?account=${id}`);
  await choose(page, "Action", "spotdraft_list_contracts");
  await page.getByLabel("limit", { exact: true }).fill("2");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  const result = page.getByRole("region", { name: "Result" });
  await expect(result).toContainText("200");
  await expect(result.locator("pre")).toContainText('"data"');
  await expectAccessible(page);
  await result.getByRole("tab", { name: "Provider requests (1)" }).click();
  await result.getByRole("button", { name: /GET https/ }).click();
  await expect(result).toContainText('"client-secret": "[redacted]"');
  expect(await page.content()).not.toContain("sandbox-client-secret");
  await expectAccessible(page);
  await page.evaluate(() => window.scrollTo(0, 0));
  await picture(page, "dashboard-run");
  await result.getByRole("button", { name: "Load the next page" }).click();
  await result.getByRole("tab", { name: "curl" }).click();
  await expect(result.locator("pre")).toContainText('"page":2');
});

test("an account beyond the first page is found by its owner's name", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const wanted = await api.link("Aardvark Holdings");
  // Newer ones fill the first page.
  for (let index = 0; index < 26; index += 1) await api.link(`Crowd ${index}`);
  await dashboard.open("/run");
  await choose(page, "Account", "Aardvark Holdings");
  await expect(page).toHaveURL(new RegExp(`account=${wanted}`));
});

test("what is missing or wrong stands beside its field", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Mistaken Ltd");
  await dashboard.open(`/run?account=${id}&action=spotdraft_create_contract`);
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page.getByText("This is required.").first()).toBeVisible();
  await page.getByLabel("contract_template_id").fill("many");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page.getByText("This must be a number.")).toBeVisible();
  await expectAccessible(page);
});

test("what cannot be undone is asked for first, and the provider's refusal is shown", async ({
  dashboard,
  api,
}) => {
  const { page } = dashboard;
  const id = await api.link("Careful Ltd");
  await dashboard.open(`/run?account=${id}&action=spotdraft_void_contract`);
  await page.getByRole("tab", { name: "JSON" }).click();
  const inputs = page.getByRole("textbox", { name: "Inputs" });
  const run = page.getByRole("button", { name: "Run", exact: true });
  await inputs.fill('{"path": {"composite_id": "T-999999"}, "body": {"note": "test"}}');
  await inputs.fill('{"path": {"composite_id": "T-9');
  await run.click();
  await expect(page.getByRole("alert")).toContainText("This is not JSON");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.getByRole("tab", { name: "Form" }).click();
  await expect(inputs).toHaveValue('{"path": {"composite_id": "T-9');
  await inputs.fill("{}");
  await run.click();
  await expect(page.getByRole("alert")).toContainText("path.composite_id is required.");
  await expectAccessible(page);
  await inputs.fill('{"path": {"composite_id": "T-999999"}, "body": {"note": ""}}');
  await run.click();
  await expect(page.getByRole("dialog")).toContainText("cannot be undone");
  await expect(page.getByRole("dialog")).toContainText('"note": ""');
  await expectAccessible(page);
  await page.getByRole("button", { name: "Run it" }).click();
  await expect(page.getByRole("region", { name: "Result" })).toContainText("It was refused");
});

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

test("connectors tell their actions", async ({ dashboard }) => {
  const { page } = dashboard;
  await dashboard.open("/connectors");
  await expectAccessible(page);
  await page.getByRole("link", { name: "SpotDraft" }).click();
  await expect(page.getByRole("heading", { name: "Actions (98)" })).toBeVisible();
  await page.getByRole("textbox", { name: "Search the actions" }).fill("void");
  await expect(page.getByRole("row").filter({ hasText: "spotdraft_void_contract" })).toContainText(
    "Cannot be undone",
  );
  await expectAccessible(page);
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
