/** The Accounts page: found, narrowed, paused, converted, edited, deleted. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";
import { picture } from "../support/pictures.ts";

test("accounts are listed, searched and narrowed by address", async ({ dashboard, api }) => {
  const { page } = dashboard;
  await api.link("Searchable One");
  await api.link("Searchable Two");
  await dashboard.open("/accounts");
  for (const column of ["Account", "Integration", "Type", "Config", "Status", "Connected"]) {
    await expect(page.getByRole("columnheader", { name: column, exact: true })).toBeVisible();
  }
  await expect(dashboard.row("Searchable One")).toContainText("SpotDraft");
  await expectAccessible(page);
  await picture(page, "dashboard-accounts");

  await page.getByRole("textbox", { name: "Search" }).fill("searchable two");
  await expect(dashboard.row("Searchable One")).toHaveCount(0);
  await expect(dashboard.row("Searchable Two")).toBeVisible();
  await expect(page).toHaveURL(/search=searchable/);
  await page.reload();
  await expect(dashboard.row("Searchable Two")).toBeVisible();
  await expect(dashboard.row("Searchable One")).toHaveCount(0);

  await page.getByRole("textbox", { name: "Search" }).fill("nobody at all");
  await expect(page.getByText("No account fits")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Show all accounts" }).click();
  await expect(dashboard.row("Searchable One")).toBeVisible();
});

test("an account is suspended, resumed, and its way back is offered", async ({ dashboard, api }) => {
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

test("an account is edited in the Hub, with placeholders for its secrets", async ({ dashboard, api }) => {
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
  const remove = page.getByRole("button", { name: "Delete the account" });
  await expect(remove).toBeDisabled();
  await expectAccessible(page);
  await page.getByRole("textbox", { name: /to confirm/ }).fill(owner);
  await remove.click();
  await expect(dashboard.row(owner)).toHaveCount(0);
  expect((await api.run(id, "spotdraft_list_contract_types")).status).toBe(404);
});

test("an account's page tells all but its secrets", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Detailed AG");
  await dashboard.open(`/accounts/${id}`);
  await expect(page.getByText(id)).toBeVisible();
  await expect(page.getByText("98 actions")).toBeVisible();
  expect(await page.content()).not.toContain("sandbox-client-secret");
  await expectAccessible(page);
  await picture(page, "dashboard-account");
  await dashboard.open("/accounts/nothing");
  await expect(page.getByRole("alert")).toBeVisible();
  await expectAccessible(page);
});

test("the page can be used on a phone, in the dark", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const owner = "Pocket Oy";
  await api.link(owner);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 360, height: 740 });
  await dashboard.open("/accounts");
  await expect(page.getByRole("link", { name: owner })).toBeVisible();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow, "nothing sticks out at the side").toBeLessThanOrEqual(0);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Open the navigation" }).click();
  await page.getByRole("link", { name: "API keys" }).click();
  await expect(page.getByRole("heading", { name: "API keys" })).toBeVisible();
  await expectAccessible(page);
});
