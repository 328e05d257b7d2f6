/** The Accounts page: search, filters, suspend, convert, edit, delete. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";

test("accounts are listed, and search and filters are part of the address", async ({ dashboard, api }) => {
  const { page } = dashboard;
  await api.link("Searchable One");
  await api.link("Searchable Two");
  await dashboard.open("/accounts");
  for (const column of ["Account", "Connector", "Type", "Connector profile", "Status", "Linked"]) {
    await expect(page.getByRole("columnheader", { name: column, exact: true })).toBeVisible();
  }
  await expect(dashboard.row("Searchable One")).toContainText("SpotDraft");
  await expectAccessible(page);

  await page.getByRole("textbox", { name: "Search" }).fill("searchable two");
  await expect(dashboard.row("Searchable One")).toHaveCount(0);
  await expect(dashboard.row("Searchable Two")).toBeVisible();
  await expect(page).toHaveURL(/search=searchable/);
  await page.reload();
  await expect(dashboard.row("Searchable Two")).toBeVisible();
  await expect(dashboard.row("Searchable One")).toHaveCount(0);

  await page.getByRole("textbox", { name: "Search" }).fill("no such account");
  await expect(page.getByText("No matching accounts")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(dashboard.row("Searchable One")).toBeVisible();
});

test("an account is suspended and resumed, and the change can be undone", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const owner = "Paused GmbH";
  const id = await api.link(owner);
  await dashboard.open("/accounts");
  await dashboard.choose(owner, "Suspend");
  await expect(dashboard.row(owner)).toContainText("Suspended");
  expect((await api.run(id, "spotdraft_list_contract_types")).status).toBe(412);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(dashboard.row(owner)).toContainText("Active");
  expect((await api.run(id, "spotdraft_list_contract_types")).status).toBe(200);
  await dashboard.choose(owner, "Suspend");
  await expect(dashboard.row(owner)).toContainText("Suspended");
  await dashboard.choose(owner, "Resume");
  await expect(dashboard.row(owner)).toContainText("Active");
  await dashboard.choose(owner, "Convert to test");
  await expect(dashboard.row(owner)).toContainText("Test");
});

test("an account is edited in the Hub, which shows placeholders for secrets", async ({ dashboard, api }) => {
  const owner = "Edited SA";
  const id = await api.link(owner);
  await dashboard.open(`/accounts/${id}`);
  await dashboard.page.getByRole("button", { name: "Edit", exact: true }).click();
  await expect(dashboard.hub.getByLabel("Client ID", { exact: true })).toHaveValue("sandbox-client-id");
  await dashboard.hub.getByRole("button", { name: "Save", exact: true }).click();
  await expect(dashboard.hub.getByRole("button", { name: "Done" })).toBeVisible();
  await dashboard.hub.getByRole("button", { name: "Done" }).click();
  expect((await api.run(id, "spotdraft_list_contract_types")).status).toBe(200);
});

test("an account is deleted after its name is typed", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const owner = "Gone BV";
  const id = await api.link(owner);
  await dashboard.open("/accounts");
  await dashboard.choose(owner, "Delete");
  const remove = page.getByRole("button", { name: "Delete account" });
  await expect(remove).toBeDisabled();
  await expectAccessible(page);
  await page.getByRole("textbox", { name: /to confirm/ }).fill(owner);
  await remove.click();
  await expect(dashboard.row(owner)).toHaveCount(0);
  expect((await api.run(id, "spotdraft_list_contract_types")).status).toBe(404);
});

test("an account's page shows everything except secrets", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Detailed AG");
  await dashboard.open(`/accounts/${id}`);
  await expect(page.getByText(id)).toBeVisible();
  await expect(page.getByText("98 actions")).toBeVisible();
  await expect(page.getByRole("row", { name: "Client ID sandbox-client-id" })).toBeVisible();
  await expect(page.getByRole("row", { name: "Region United States" })).toBeVisible();
  expect(await page.content()).not.toContain("sandbox-client-secret");
  const credentials = page.getByRole("region", { name: "Credentials" });
  await expect(credentials.getByText("No known problem")).toBeVisible();
  await expect(credentials.getByRole("row", { name: /^Token/ }).first()).toBeVisible();
  await expectAccessible(page);
  await dashboard.open("/accounts/unknown");
  await expect(page.getByRole("alert")).toBeVisible();
  await expectAccessible(page);
});

test("the newest calls of an account and of an action are where these are shown", async ({
  dashboard,
  api,
}) => {
  const { page } = dashboard;
  const id = await api.link("Calling KG");
  await dashboard.open(`/accounts/${id}`);
  const calls = page.getByRole("region", { name: "Newest calls" });
  await expect(calls.getByText("No call with this account is in the logs.")).toBeVisible();
  expect((await api.run(id, "spotdraft_list_contract_types")).status).toBe(200);
  await expect(async () => {
    await page.reload();
    await expect(calls.getByRole("listitem")).toHaveCount(1, { timeout: 2_000 });
  }).toPass();
  await expectAccessible(page);
  await calls.getByRole("link", { name: "spotdraft_list_contract_types" }).click();
  await expect(page.getByRole("dialog").getByRole("link", { name: "Run again" })).toBeVisible();

  await dashboard.open("/connectors/spotdraft");
  const asked: unknown[] = [];
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === "/logs") asked.push(request.postDataJSON());
  });
  await page.getByRole("button", { name: /^List contract types/i }).click();
  const ofAction = page.getByRole("region", { name: /^Newest calls of/ });
  await expect(ofAction.getByRole("link", { name: "Calling KG" })).toBeVisible();
  expect(asked, "only the action that was opened is asked for").toHaveLength(1);
  await expectAccessible(page);
  await ofAction.getByRole("link", { name: "Calling KG" }).click();
  await expect(page).toHaveURL(/\/logs\?action=spotdraft_list_contract_types&run=/);
});

test("the page works on a phone in dark mode", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const owner = "Pocket Oy";
  await api.link(owner);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 360, height: 740 });
  await dashboard.open("/accounts");
  await expect(page.getByRole("link", { name: owner })).toBeVisible();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow, "the page is not wider than the screen").toBeLessThanOrEqual(0);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Open navigation" }).click();
  await page.getByRole("link", { name: "API keys" }).click();
  await expect(page.getByRole("heading", { name: "API keys" })).toBeVisible();
  await expectAccessible(page);
});
