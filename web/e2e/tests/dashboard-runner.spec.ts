/** The action runner. */
import type { Locator } from "@playwright/test";
import { expectAccessible } from "../support/axe.ts";
import { choose, PASSWORD } from "../support/dashboard.ts";
import { expect, test } from "../support/fixtures.ts";
import { takeScreenshot } from "../support/screenshots.ts";

test("an action runs from a form and shows the requests without secrets", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Runner Ltd");
  await dashboard.open(`/run?account=${id}`);
  await choose(page, "Action", "spotdraft_list_contracts");
  await page.getByLabel("limit", { exact: true }).fill("2");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  const result = page.getByRole("region", { name: "Result" });
  await expect(result).toContainText("200");
  await expect(result.getByRole("tree", { name: "Body" })).toContainText("data");
  await expectAccessible(page);
  await result.getByRole("tab", { name: "Provider requests (1)" }).click();
  await result.getByRole("button", { name: /GET https/ }).click();
  await expect(result).toContainText('"client-secret": "[redacted]"');
  expect(await page.content()).not.toContain("sandbox-client-secret");
  await expectAccessible(page);
  await page.evaluate(() => window.scrollTo(0, 0));
  await takeScreenshot(page, "dashboard-run", { height: 860 });
  await result.getByRole("button", { name: "Load next page" }).click();
  await result.getByRole("tab", { name: "curl" }).click();
  await expect(result.locator("pre")).toContainText('"page":2');
});

test("an account beyond the first page is found by its owner's name", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const wanted = await api.link("Aardvark Holdings");
  // Newer accounts fill the first page.
  for (let index = 0; index < 26; index += 1) await api.link(`Crowd ${index}`);
  await dashboard.open("/run");
  await choose(page, "Account", "Aardvark Holdings");
  await expect(page).toHaveURL(new RegExp(`account=${wanted}`));
});

test("missing and invalid values are reported at their fields", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Mistaken Ltd");
  await dashboard.open(`/run?account=${id}&action=spotdraft_create_contract`);
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page.getByText("This is required.").first()).toBeVisible();
  await page.getByLabel("contract_template_id").fill("many");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page.getByText("Enter a number.")).toBeVisible();
  await expectAccessible(page);
});

test("an action that cannot be undone needs confirmation, and the provider's error is shown", async ({
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
  await expect(page.getByRole("alert")).toContainText("Invalid JSON");
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
  await page.getByRole("button", { name: "Run action" }).click();
  await expect(page.getByRole("region", { name: "Result" })).toContainText("Run failed");
});

test("a response is shown as a tree or as text", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Reader Ltd");
  await dashboard.open(`/run?account=${id}&action=spotdraft_list_contract_types`);
  await page.getByRole("button", { name: "Run", exact: true }).click();
  const result = page.getByRole("region", { name: "Result" });
  const tree = result.getByRole("tree", { name: "Body" });
  await expect(tree).toContainText("data");
  const list = tree.getByRole("button", { name: "Collapse" }).nth(1);
  await list.focus();
  await page.keyboard.press("ArrowLeft");
  await expect(tree.getByRole("button", { name: "Expand" }).first()).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await expect(tree.getByRole("button", { name: "Expand" })).toHaveCount(0);
  await expectAccessible(page);
  await result.getByText("Text", { exact: true }).click();
  await expect(result.locator("pre")).toContainText('"data": [');
  await expectAccessible(page);
});

test("a list of objects is filled in item by item, and the inputs of a run are reused", async ({
  dashboard,
  api,
}) => {
  const { page } = dashboard;
  const id = await api.link("Rows Ltd");
  await dashboard.open(`/run?account=${id}&action=spotdraft_create_tags`);
  const tags = page.getByRole("group", { name: "tags", exact: true });
  await page.getByRole("button", { name: "Add item to tags" }).click();
  await page.getByRole("button", { name: "Add item to tags" }).click();
  const first = tags.getByRole("group", { name: "tags 1" });
  await first.getByLabel("name").fill("urgent");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(tags.getByRole("group", { name: "tags 2" })).toContainText("This is required.");
  await expectAccessible(page);
  await tags.getByRole("button", { name: "Remove tags 2" }).click();
  await expect(page.getByRole("button", { name: "Add item to tags" })).toBeFocused();
  await expect(tags.getByRole("group")).toHaveCount(1);
  await choose(page, "tag_entity_type", "Contract");
  await page.getByRole("tab", { name: "JSON" }).click();
  await expect(page.getByRole("textbox", { name: "Inputs" })).toHaveValue(/"name": "urgent"/);
  await page.getByRole("tab", { name: "Form" }).click();
  await expect(first.getByLabel("name")).toHaveValue("urgent");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  const recent = page.getByRole("region", { name: "Recent runs" });
  await expect(recent.getByRole("row")).toHaveCount(2);
  await expectAccessible(page);
  await choose(page, "Action", "spotdraft_list_roles");
  await recent.getByRole("button", { name: /^Reuse inputs/ }).click();
  await expect(first.getByLabel("name")).toHaveValue("urgent");
});

test("contracts are filtered by fields, operators and values", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Filters Ltd");
  await dashboard.open(`/run?account=${id}&action=spotdraft_list_contracts`);
  const filters = page.getByRole("group", { name: "filters", exact: true });
  const first = filters.getByRole("group", { name: "filters 1" });
  const second = filters.getByRole("group", { name: "filters 2" });
  const run = page.getByRole("button", { name: "Run", exact: true });
  const result = page.getByRole("region", { name: "Result" });
  const inputs = page.getByRole("textbox", { name: "Inputs" });
  const add = page.getByRole("button", { name: "Add filter to filters" });
  const pick = async (filter: Locator, name: string, option: string) => {
    await filter.getByRole("combobox", { name, exact: true }).click();
    await page.getByRole("option", { name: option, exact: true }).click();
  };
  await expect(add).toHaveText("Add filter");
  await add.click();
  await run.click();
  await expect(first).toContainText("This is required.");
  await expectAccessible(page);

  // The operators and values are those of the field.
  await pick(first, "field", "created_at");
  await pick(first, "operator", "gte");
  await pick(first, "field", "display_status");
  await expect(first.getByRole("combobox", { name: "operator" })).toHaveValue("");
  await first.getByRole("combobox", { name: "operator" }).click();
  await expect(page.getByRole("option")).toHaveText(["eq", "ne", "in"]);
  await page.getByRole("option", { name: "ne", exact: true }).click();
  await pick(first, "value", "EXECUTED");
  await add.click();
  await pick(second, "field", "contract_kind");
  await pick(second, "operator", "eq");
  await second.getByRole("textbox", { name: "value" }).fill("nothing has this kind");
  await run.click();
  await result.getByRole("tab", { name: "Provider requests (1)" }).click();
  await expect(result).toContainText(/display_status[^ ]*ne[^ ]*=EXECUTED/);
  await result.getByRole("tab", { name: "curl" }).click();
  await expect(result.locator("pre")).toContainText('"operator":"ne"');

  await second.getByRole("button", { name: "Remove filters 2" }).click();
  await expect(filters.getByRole("group")).toHaveCount(1);
  await page.getByRole("tab", { name: "JSON" }).click();
  const written = JSON.parse(await inputs.inputValue());
  expect(written.query.filters).toEqual([{ field: "display_status", operator: "ne", value: "EXECUTED" }]);
  await page.getByRole("tab", { name: "Form" }).click();
  await run.click();
  await result.getByRole("tab", { name: "Body" }).click();
  await result.getByText("Text", { exact: true }).click();
  await expect(result.locator("pre")).toContainText('"contract_status"');
  await expect(result.locator("pre")).not.toContainText("EXECUTED");

  await first.getByRole("button", { name: "Remove filters 1" }).click();
  await expect(add).toBeFocused();
  await run.click();
  await expect(result.locator("pre")).toContainText("EXECUTED");
  await page.getByRole("tab", { name: "JSON" }).click();
  expect(JSON.parse(await inputs.inputValue()).query?.filters).toBeUndefined();
});

test("logging out removes the recent runs", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Forgotten Ltd");
  const logIn = async () => {
    await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
    await page.getByRole("button", { name: "Log in" }).click();
    await expect(page.getByRole("region", { name: "Inputs" })).toBeVisible();
  };
  // A separate session: the session that the other tests share must stay logged in.
  await page.context().clearCookies();
  await dashboard.open(`/run?account=${id}&action=spotdraft_list_roles`);
  await logIn();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page.getByRole("region", { name: "Recent runs" })).toBeVisible();
  await page.getByRole("button", { name: "User menu" }).click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await logIn();
  await expect(page.getByRole("region", { name: "Recent runs" })).toHaveCount(0);
});

test("inputs are grouped by location", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Groups Ltd");
  await dashboard.open(`/run?account=${id}&action=spotdraft_void_contract`);
  const pathGroup = page.getByRole("group", { name: "Required, Path parameters" });
  await expect(pathGroup.getByLabel("composite_id")).toBeVisible();
  await expect(page.getByRole("group", { name: /, Body$/ }).first()).toBeVisible();
  await expectAccessible(page);
});

test("Ctrl+Enter starts a run, and it can be canceled", async ({ dashboard, api }) => {
  const { page } = dashboard;
  const id = await api.link("Patient Ltd");
  const pending: (() => void)[] = [];
  await page.route("**/actions/rpc**", (route) => {
    pending.push(() => void route.abort());
  });
  await dashboard.open(`/run?account=${id}&action=spotdraft_list_roles`);
  await expect(page.getByRole("button", { name: "Run", exact: true })).toBeVisible();
  await page.keyboard.press("Control+Enter");
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("button", { name: "Cancel" })).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Result" })).toHaveCount(0);
  expect(pending).toHaveLength(1);
  for (const release of pending) release();
});
