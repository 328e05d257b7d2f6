/** The search over everything (Ctrl+K) and the keyboard shortcuts: by keyboard, with a failing server, and accessible. */
import { expectAccessible } from "../support/axe.ts";
import { expect, test } from "../support/fixtures.ts";

const RUN = "018f3b2c-7e1a-7c3d-9b4e-2f6a8d0c1e5f";

test("an account, a connector and an action are found and opened by keyboard", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Palette Ltd");
  await dashboard.open("/keys");
  await page.keyboard.press("Control+K");
  const dialog = page.getByRole("dialog", { name: "Search" });
  const field = dialog.getByRole("combobox");
  await expect(field).toBeFocused();
  await page.keyboard.type("palette ltd");
  await expect(dialog.getByRole("option", { selected: true })).toHaveText(
    /Account · SpotDraft\s*Palette Ltd/,
  );
  await expectAccessible(page);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/accounts/${id}$`));
  await expect(dialog).toBeHidden();

  await page.keyboard.press("Control+K");
  await field.fill("spotdraft");
  await expect(dialog.getByRole("option").filter({ hasText: /^Connector\s*SpotDraft$/ })).toBeVisible();
  await field.fill("spotdraft_list_contract_types");
  const action = dialog.getByRole("option").filter({ hasText: "Action · spotdraft_list_contract_types" });
  await expect(action).toBeVisible();
  await action.click();
  await expect(page).toHaveURL(/\/run\?.*action=spotdraft_list_contract_types/);
  await expect(page.getByRole("heading", { level: 1, name: "Run an action" })).toBeVisible();
});

test("arrows go through options of every kind, and the chosen one stays when results arrive", async ({
  dashboard,
}) => {
  const { page } = dashboard;
  await dashboard.open("/keys");
  await page.keyboard.press("Control+K");
  const dialog = page.getByRole("dialog", { name: "Search" });
  await dialog.getByRole("combobox").fill("acc");
  const active = dialog.getByRole("option", { selected: true });
  await expect(active).toHaveText("Accounts");
  await page.keyboard.press("ArrowUp");
  await expect(active).toContainText("All results for “acc” in the documentation");
  // The search of the documentation answers later, and its results are before the chosen option.
  await expect(dialog.getByRole("status")).toContainText("results");
  await expect(active).toContainText("All results for “acc” in the documentation");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
});

test("the ID of a call leads to its log", async ({ dashboard }) => {
  const { page } = dashboard;
  await dashboard.open("/keys");
  await page.keyboard.press("Control+K");
  const dialog = page.getByRole("dialog", { name: "Search" });
  await dialog.getByRole("combobox").fill(RUN);
  await expect(dialog.getByRole("option").first()).toHaveText(new RegExp(`Log of the call\\s*${RUN}`));
  await dialog.getByRole("option").first().click();
  await expect(page).toHaveURL(new RegExp(`/logs\\?.*run=${RUN}`));
});

test("pages are found while the server fails", async ({ dashboard }) => {
  const { page } = dashboard;
  await dashboard.open("/keys");
  for (const call of [/\/v2\/accounts\?/, /\/actions\/search$/, /\/connectors\/meta$/]) {
    await page.route(call, (route) =>
      route.fulfill({
        status: 503,
        json: { statusCode: 503, errorCode: "BusyError", message: "the server is busy" },
      }),
    );
  }
  await page.keyboard.press("Control+K");
  const dialog = page.getByRole("dialog", { name: "Search" });
  await dialog.getByRole("combobox").fill("overv");
  await expect(dialog.getByRole("option").first()).toHaveText("Overview");
  await expectAccessible(page);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`a question mark lists the shortcuts in ${colorScheme} mode`, async ({ dashboard }) => {
    const { page } = dashboard;
    await page.emulateMedia({ colorScheme });
    await dashboard.open("/keys");
    await page.keyboard.press("?");
    const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await expect(dialog.getByRole("row", { name: /Go to Accounts/ })).toContainText("g then a");
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await expect(dialog).toBeHidden();
  });
}

test("g and a letter open a page; single keys can be switched off, and do nothing in a field", async ({
  dashboard,
}) => {
  const { page } = dashboard;
  await dashboard.open("/keys");
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await expect(page.getByRole("heading", { level: 1, name: "Accounts" })).toBeVisible();
  const search = page.getByRole("textbox", { name: "Search" });
  await search.focus();
  await page.keyboard.type("g?");
  await expect(search).toHaveValue("g?");
  await expect(page.getByRole("dialog")).toHaveCount(0);

  await page.getByRole("button", { name: "User menu" }).click();
  await page.getByRole("menuitem", { name: "Keyboard shortcuts" }).click();
  const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await dialog.getByRole("switch", { name: "Shortcuts of single keys" }).focus();
  await page.keyboard.press("Space");
  await expect(dialog.getByRole("row", { name: /Go to Accounts/ })).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await page.keyboard.press("?");
  await page.keyboard.press("/");
  // The search opens by its own keys, and nothing has opened before.
  await page.keyboard.press("Control+K");
  await expect(page.getByRole("dialog")).toHaveCount(1);
  await expect(page.getByRole("dialog", { name: "Search" })).toBeVisible();
});
